"""What people are told of the sink: gauges, counters, log lines, and why it is not ready."""

from dataclasses import replace
from uuid import UUID

import pytest
import structlog
from prometheus_client import CollectorRegistry

from coinlake.contracts.headers import heartbeat_headers
from coinlake.contracts.hours import UNKNOWN_HOUR, hour_of
from coinlake.contracts.raw_columns import columns_of
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta
from s3_sink.adapters.telemetry import Telemetry
from s3_sink.core.found import Found
from s3_sink.core.part import Part, Reason, part_of
from s3_sink.core.ports import Partition
from s3_sink.core.start import Start, Tip
from s3_sink.metrics import SinkMetrics

NOON_MS = 1_790_000_000_000 // 3_600_000 * 3_600_000
HOUR = hour_of(NOON_MS)
QUOTES, RATES = Partition("quotes", 3), Partition("rates", 0)
OF_QUOTES = {"topic": "quotes", "partition": "3"}


class Told:
    """A telemetry with what it told."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.telemetry = Telemetry(SinkMetrics(self.registry))

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"s3_sink_{name}", labels)


@pytest.fixture
def told() -> Told:
    return Told()


def part(values: int, heartbeats: int = 0, first: int = 0) -> Part:
    headers = tuple(heartbeat_headers(NOON_MS, "ingestor"))
    records = [Record(first + n, NOON_MS + n, b"k", b"four", ()) for n in range(values)]
    records += [
        Record(first + values + n, NOON_MS, b"k", None, headers) for n in range(heartbeats)
    ]
    return part_of(columns_of(records), HOUR, Reason.AGE)


def found(sealed: Part, complete_to_ms: int | None = NOON_MS, size: int = 5_000) -> Found:
    first, behind = sealed.records.offsets[0], sealed.next_offset
    key = RawKey("quotes", sealed.hour, 1, 3, first)
    meta = RawMeta(
        link=first,
        first_offset=first,
        next_offset=behind,
        records=len(sealed.records),
        values=sealed.values,
        sha256="0" * 64,
        min_timestamp_ms=NOON_MS,
        max_timestamp_ms=NOON_MS + 7_000,
        complete_to_ms=complete_to_ms,
        writer="w",
    )
    return Found(key, meta, "etag", size)


def test_an_object_is_counted_with_its_values_and_bytes(told: Told) -> None:
    for first in (0, 3):
        sealed = part(2, heartbeats=1, first=first)
        told.telemetry.written(QUOTES, sealed, found(sealed))

    assert told.value("objects_written_total", **OF_QUOTES) == 2
    assert told.value("values_written_total", **OF_QUOTES) == 4
    assert told.value("raw_bytes_total", **OF_QUOTES) == 16
    assert told.value("flushes_total", reason="age") == 2
    assert told.value("object_bytes_count") == 2
    assert told.value("object_bytes_sum") == 10_000
    assert told.value("chain_end_offset", **OF_QUOTES) == 6
    assert told.value("stored_timestamp_seconds", **OF_QUOTES) == NOON_MS / 1_000 + 7
    assert told.value("watermark_timestamp_seconds", **OF_QUOTES) == NOON_MS / 1_000
    assert told.value("unknown_hour_records_total") == 0
    assert told.telemetry.totals == {"objects": 2, "values": 4, "raw_bytes": 16}
    assert told.telemetry.by_partition == {QUOTES: {"objects": 2, "values": 4}}


def test_an_object_of_heartbeats_alone_is_no_answer_of_the_api(told: Told) -> None:
    sealed = part(0, heartbeats=2)

    told.telemetry.written(QUOTES, sealed, found(sealed))

    assert told.telemetry.totals == {"objects": 0, "values": 0, "raw_bytes": 0}
    assert told.telemetry.by_partition == {QUOTES: {"objects": 1, "values": 0}}
    assert told.value("watermark_timestamp_seconds", **OF_QUOTES) == NOON_MS / 1_000


def test_records_whose_time_is_impossible_are_counted_and_move_no_time(told: Told) -> None:
    sealed = replace(part(3), hour=UNKNOWN_HOUR)

    with structlog.testing.capture_logs() as lines:
        told.telemetry.written(QUOTES, sealed, found(sealed, complete_to_ms=None))

    assert told.value("unknown_hour_records_total") == 3
    assert told.value("stored_timestamp_seconds", **OF_QUOTES) is None
    assert told.value("watermark_timestamp_seconds", **OF_QUOTES) is None
    assert [line["event"] for line in lines] == ["timestamps_impossible", "object_stored"]


def test_an_object_of_another_sink_moves_the_chain_and_is_not_counted_as_ours(
    told: Told,
) -> None:
    told.telemetry.troubles[QUOTES] = "412"

    told.telemetry.adopted(QUOTES, found(part(2)))

    assert told.value("adoptions_total") == 1
    assert told.value("chain_end_offset", **OF_QUOTES) == 2
    assert told.value("objects_written_total", **OF_QUOTES) is None
    assert told.telemetry.troubles == {}


def test_a_partition_that_begins_is_at_nought_and_not_absent(told: Told) -> None:
    told.telemetry.retried(QUOTES, "transient", "no listing")

    told.telemetry.started(QUOTES, Start(1, UUID(int=7), Tip(40), None, compared=True))

    assert told.value("chain_end_offset", **OF_QUOTES) == 40
    for name in ("objects_written_total", "values_written_total", "raw_bytes_total"):
        assert told.value(name, **OF_QUOTES) == 0
    assert told.telemetry.troubles == {}


def test_a_chain_of_which_nothing_is_left_is_told(told: Told) -> None:
    start = Start(1, UUID(int=7), Tip(40), None, compared=False, expired=True)

    with structlog.testing.capture_logs() as lines:
        told.telemetry.started(QUOTES, start)

    assert lines[-1] == {
        "event": "chain_expired",
        "log_level": "warning",
        "partition": "quotes-3",
        "goes_on_at": 40,
        "module": "s3_sink.adapters.telemetry",
    }


def test_a_partition_in_trouble_has_its_reason_until_it_moves_or_leaves(told: Told) -> None:
    telemetry = told.telemetry
    telemetry.retried(QUOTES, "transient", "503")
    telemetry.stopped(RATES, "another epoch")
    telemetry.read(RATES, "no right")

    assert told.value("retries_total", kind="transient") == 1
    assert telemetry.troubles == {QUOTES: "503", RATES: "another epoch"}
    assert telemetry.unread == {RATES: "no right"}

    sealed = part(1)
    telemetry.written(QUOTES, sealed, found(sealed))
    telemetry.read(RATES, None)
    assert telemetry.troubles == {RATES: "another epoch"}
    assert telemetry.unread == {}

    telemetry.read(RATES, "no right")
    telemetry.left(RATES)
    assert (telemetry.troubles, telemetry.unread) == ({}, {})


def test_kafkas_trouble_is_over_with_a_poll_once_there_was_an_assignment(told: Told) -> None:
    telemetry = told.telemetry
    telemetry.polled(None)
    assert telemetry.kafka_trouble == "no partitions assigned yet"

    telemetry.assigned(0)
    assert telemetry.kafka_trouble is None
    assert told.value("rebalances_total") == 1

    telemetry.polled("no leader")
    assert telemetry.kafka_trouble == "no leader"

    telemetry.polled(None)
    assert telemetry.kafka_trouble is None


def test_refused_creates_and_commits_are_counted(told: Told) -> None:
    told.telemetry.met(QUOTES)
    told.telemetry.committed(0.25)
    told.telemetry.commit_failed("no coordinator")

    assert told.value("refused_creates_total") == 1
    assert told.value("commit_seconds_sum") == 0.25
    assert told.value("commit_failures_total") == 1
