"""Kill: each service dies by SIGKILL under load and is started again; nothing is lost."""

import json
import time
from collections import Counter

import pytest

from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_layout import parse_raw_key
from tests.e2e.conftest import Lake

LATE = b'{"late":"an answer that nobody waits for"}'
SERVICES = ("ingestor", "s3_sink", "etl_runner", "query_api")


@pytest.fixture(autouse=True, scope="module")
def _load(lake: Lake) -> None:
    """The ingestor polls, whatever the stories before have left."""
    if "ingestor" in lake.stack.dead(lake.stack.running()):
        lake.stack.start("ingestor")


# The tutorial kills the sink; ingestor and runner are killed in their own tests too.
@pytest.mark.full_size
@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_goes_on_when_it_is_started_again(lake: Lake, service: str) -> None:
    before = len(lake.served())
    lake.wait("some load", lambda: len(lake.served()) > before + 2)

    lake.stack.kill(service)
    lake.stack.start(service)

    lake.wait("new answers", lambda: len(lake.served()) > before + 6)


def test_a_poll_that_dies_on_its_way_is_a_named_missed_tick(lake: Lake) -> None:
    lake.simulator(
        "/script",
        {"path_prefix": "/v3/exchanges", "count": 1, "body": LATE.decode(), "delay_ms": 8000},
    )
    lake.wait("the poll on its way", lambda: lake.simulator("/script")["script"] == [])
    asked_ms = time.time_ns() // 1_000_000
    assert not _named(lake, "exchanges", asked_ms)

    lake.stack.kill("ingestor")
    lake.stack.start("ingestor")

    lake.wait("its name among the gaps", lambda: _named(lake, "exchanges", asked_ms), 60)
    assert LATE not in [record.value for record in lake.records()]


def test_afterwards_nothing_is_lost_and_nothing_is_doubled(lake: Lake) -> None:
    lake.stack.stop("ingestor")
    lake.settle()

    records = lake.records()
    in_kafka = {(record.topic, record.offset): record.value for record in records}
    in_raw: Counter[tuple[str, int]] = Counter()
    for name in lake.keys("raw/"):
        key = parse_raw_key(name)
        assert key is not None
        for stored in decode(lake.get(name)).records:
            in_raw[key.topic, stored.offset] += 1
            assert in_kafka[key.topic, stored.offset] == stored.value
    missing = [at for at, value in in_kafka.items() if value is not None and in_raw[at] != 1]
    assert missing == []
    assert [at for at, times in in_raw.items() if times > 1] == []


def test_every_journaled_answer_is_in_kafka_and_a_doubled_poll_is_once_in_sql(
    lake: Lake,
) -> None:
    polls = Counter(
        (record.topic, record.headers["poll_id"])
        for record in lake.records()
        if record.value is not None and record.headers.get("poll_id")
    )
    doubled = {poll for (_, poll), times in polls.items() if times > 1}
    rows = lake.sql(
        "select poll_id, asset_id, element_index, count(*) from quotes "
        "where poll_id is not null group by 1, 2, 3 having count(*) > 1"
    ).rows
    in_sql = {row[0] for row in lake.sql("select distinct poll_id from quotes").rows}
    of_assets = {poll for (topic, poll) in polls if topic == "coincap.assets.v1"}

    assert rows == ()
    assert of_assets <= in_sql
    counted = sum(
        int(hour.get("duplicates") or 0) for hour in lake.status("ETL_RUNNER")["hours"].values()
    )
    assert counted >= len(doubled)


def test_an_answer_that_died_before_its_journal_entry_is_a_named_missed_tick(
    lake: Lake,
) -> None:
    served = [entry for entry in lake.served() if entry["path"].startswith("/v3/")]
    lost = Counter(entry["sha256"] for entry in served) - lake.raw_lines()
    lake.stack.start("ingestor")

    # A kill can catch a body between the wire and the journal: its tick has a name.
    for sha256, times in lost.items():
        polls = [entry for entry in served if entry["sha256"] == sha256]
        named = [
            _named(lake, poll["path"].removeprefix("/v3/"), poll["wall_ms"]) for poll in polls
        ]
        assert sum(named) >= times, polls


def _named(lake: Lake, feed: str, asked_ms: int) -> bool:
    """Whether a gap of the feed that blames a death covers the moment of a poll."""
    gaps = [
        json.loads(record.value)
        for record in lake.records(("coinlake.gaps.v1",))
        if record.value is not None
    ]
    return any(
        gap["feed"] == feed
        and gap["cause"] == "down"
        and gap["from_ms"] <= asked_ms < gap["to_ms"] + gap["interval_ms"]
        for gap in gaps
    )
