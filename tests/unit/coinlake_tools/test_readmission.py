"""Rejected answers, judged again: what is usable now goes where it belongs, once, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from coinlake.contracts.datasets import ASSETS, REJECTED
from coinlake.contracts.headers import AnswerHeaders, text_headers
from coinlake.contracts.hours import Hour, hour_of
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey, hour_prefix
from coinlake.errors import BadRecordError, ConfigError, TransientError
from coinlake.testing import FakeProducer
from coinlake_kernel.hour import HourKernel, TypedHour
from coinlake_kernel.records import RawSource
from coinlake_tools import readmission, readmit_command
from coinlake_tools.arguments import parser
from coinlake_tools.readmission import Outcome, Readmission, Selection, State, summary
from coinlake_tools.settings import Settings
from ingestor.config import PollSettings
from tests.labs.bucket import BucketStore, store_in_memory

HOUR = Hour("2026-03-04", "09")
AT_MS = HOUR.start_ms + 60_000
PAGE = b"assets?limit=100&offset=0"
GOOD = b'{"timestamp":%d,"data":[{"id":"bitcoin","priceUsd":"7"}]}' % AT_MS
BOM = b"\xef\xbb\xbf" + GOOD
ALL = Selection([HOUR], frozenset(), frozenset(), 300_000)


def rejected(offset: int, value: bytes | None, reason: str = "not_json", **more: Any) -> Record:
    key: bytes = more.pop("key", PAGE)
    told = AnswerHeaders(
        f"p{offset}", AT_MS - 90, AT_MS, 200, "http://api", "s", "coincap", "t", reason, "t1"
    )
    return Record(offset, AT_MS, key, value, tuple(replace(told, **more).encode()))


class PickyProducer(FakeProducer):
    """One with a value that Kafka never takes, and a broker that goes away."""

    refuses: bytes | None = None
    away_after = 10**9

    async def send(self, topic: str, **record: Any) -> int:
        if self.refuses is not None and self.refuses == record["value"]:
            raise BadRecordError("MessageSizeTooLargeError")
        self.down = len(self.sent) >= self.away_after
        return await super().send(topic, **record)


@dataclass(frozen=True)
class Told:
    lines: list[str]
    outcome: Outcome

    @property
    def states(self) -> dict[State, int]:
        return dict(self.outcome.states)


@dataclass
class Lake:
    """A bucket with rejected answers, and a sink that stores what was sent."""

    store: BucketStore = field(default_factory=store_in_memory)
    producer: PickyProducer = field(default_factory=PickyProducer)

    async def land(self, topic: str, *records: Record) -> str:
        key = str(RawKey(topic, hour_of(records[0].timestamp_ms), 1, 0, records[0].offset))
        await self.store.put(key, encode(list(records)).body)
        return key

    async def sink(self) -> None:
        """Store what was sent since, each under its own hour."""
        for number, one in enumerate(self.producer.sent):
            assert one.timestamp_ms is not None
            record = Record(500 + number, one.timestamp_ms, one.key, one.value, one.headers)
            await self.land(one.topic, record)

    async def readmit(self, selection: Selection = ALL, *, apply: bool = False) -> Told:
        one = Readmission(self.store, self.producer if apply else None)
        lines = [line async for line in one.run(selection)]
        return Told(lines, one.outcome)

    async def made(self, hour: Hour = HOUR) -> TypedHour:
        """The hour of assets by the job's own kernel, of every raw object that it has."""
        kernel = HourKernel(ASSETS.name, 3_600_000)
        async for listed in self.store.list(hour_prefix(ASSETS.topic, hour)):
            body = await self.store.get(listed.key)
            source = RawSource(
                ASSETS.name, hour.dt, hour.hour, listed.key, listed.etag, None, 3_600_000
            )
            kernel.add(source, body or b"")
        return kernel.finish()


@pytest.fixture
def lake() -> Lake:
    return Lake()


async def test_it_only_looks_unless_it_is_told_to_send(lake: Lake) -> None:
    await lake.land(REJECTED.topic, rejected(0, BOM), rejected(1, b"<html>"))

    told = await lake.readmit()

    assert lake.producer.sent == []
    assert told.lines == [
        "usable     coincap.rejected.v1/1/0/0 assets?limit=100&offset=0 "
        "not_json; today degraded (byte_order_mark)",
        "rejected   coincap.rejected.v1/1/0/1 assets?limit=100&offset=0 "
        "not_json; today not_json: not JSON: Expecting value at character 0",
    ]
    assert list(summary(told.outcome)) == [
        "2 rejected answers: 1 usable, 1 rejected",
        "still rejected: 1 not_json",
        "nothing was sent: --apply re-admits the 1 that are usable",
    ]


async def test_what_is_sent_is_the_answer_as_it_came_with_where_it_is_from(lake: Lake) -> None:
    before = rejected(3, BOM)
    await lake.land(REJECTED.topic, before)

    told = await lake.readmit(apply=True)

    (sent,) = lake.producer.sent
    assert sent.topic == ASSETS.topic
    assert (sent.key, sent.value, sent.timestamp_ms) == (PAGE, BOM, AT_MS)
    was, now = text_headers(before.headers), text_headers(sent.headers)
    assert now == {name: said for name, said in was.items() if name != "reason"} | {
        "readmitted_from": "coincap.rejected.v1/1/0/3"
    }
    assert told.states == {State.READMITTED: 1}
    assert list(summary(told.outcome)) == ["1 rejected answers: 1 readmitted"]


async def test_once_or_twice_the_job_makes_the_rows_once_and_in_their_own_hour(
    lake: Lake,
) -> None:
    await lake.land(REJECTED.topic, rejected(0, BOM))
    assert (await lake.made()).tallies == {}

    await lake.readmit(apply=True)
    # Again before the sink has stored anything, so nobody can know of the first time.
    again = await lake.readmit(apply=True)
    await lake.sink()

    made = await lake.made()
    assert again.states == {State.READMITTED: 1}
    assert len(lake.producer.sent) == 2
    assert (made.tallies["rows"], made.tallies["duplicates"]) == (1, 1)
    assert made.tables["quotes"].columns["poll_id"].to_pylist() == ["p0"]
    # And once it is there, it is not sent any more.
    later = await lake.readmit(apply=True)
    assert later.states == {State.PRESENT: 1}
    assert len(lake.producer.sent) == 2


async def test_control_a_readmission_under_another_time_would_double_the_rows(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What keeps it one answer is its key and value in one hour: under the time of now it is another."""
    await lake.land(REJECTED.topic, rejected(0, BOM))
    await lake.readmit(apply=True)
    await lake.readmit(apply=True)
    lake.producer.sent[1] = replace(lake.producer.sent[1], timestamp_ms=AT_MS + 3_600_000)
    await lake.sink()

    later = Hour(HOUR.dt, "10")
    rows = [(await lake.made(hour)).tallies["rows"] for hour in (HOUR, later)]
    assert rows == [1, 1]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (rejected(0, b'{"data":[],"timestamp":1}', "data_empty"), "data_empty: data is empty"),
        (rejected(0, GOOD, "server_error", status=503), "server_error: status 503"),
        (rejected(0, GOOD, key=b"stars?limit=1"), "data_unknown: its key is no page of a feed"),
        (Record(0, AT_MS, PAGE, GOOD, ()), "unexpected_status: its headers have no status"),
    ],
)
async def test_what_is_no_answer_today_either_stays_with_its_reason(
    lake: Lake, record: Record, said: str
) -> None:
    await lake.land(REJECTED.topic, record)

    told = await lake.readmit(apply=True)

    assert lake.producer.sent == []
    assert told.lines[0].endswith(f"; today {said}")
    assert told.outcome.exit_code == 0


async def test_an_answer_of_another_time_wants_somebody_who_says_how_far_it_may_be(
    lake: Lake,
) -> None:
    """The ingestor's clock was an hour ahead: the answer was good."""
    early = b'{"timestamp":%d,"data":[{"id":"bitcoin","priceUsd":"7"}]}' % (AT_MS - 3_600_000)
    await lake.land(REJECTED.topic, rejected(0, early, "timestamp_off"))

    assert (await lake.readmit()).states == {State.REJECTED: 1}
    told = await lake.readmit(replace(ALL, max_skew_ms=3_600_000))
    assert told.states == {State.USABLE: 1}


async def test_feeds_reasons_and_hours_are_chosen(lake: Lake) -> None:
    rates = b'{"timestamp":%d,"data":[{"id":"euro","rateUsd":"1"}]}' % AT_MS
    await lake.land(
        REJECTED.topic,
        rejected(0, BOM),
        rejected(1, BOM + b" ", "timestamp_missing"),
        rejected(2, rates, key=b"rates"),
        rejected(3, None),
    )

    assert (await lake.readmit()).states == {State.USABLE: 3}
    only = replace(ALL, reasons=frozenset({"timestamp_missing"}))
    assert (await lake.readmit(only)).states == {State.USABLE: 1}
    only = replace(ALL, feeds=frozenset({"rates"}))
    assert "rates not_json" in (await lake.readmit(only)).lines[0]
    only = replace(ALL, hours=[Hour(HOUR.dt, "10")])
    assert list(summary((await lake.readmit(only)).outcome)) == ["0 rejected answers"]


async def test_the_same_answer_that_was_rejected_twice_is_sent_once(lake: Lake) -> None:
    await lake.land(REJECTED.topic, rejected(0, BOM), rejected(1, BOM))

    assert (await lake.readmit(apply=True)).states == {State.READMITTED: 1, State.PRESENT: 1}


async def test_one_object_that_cannot_be_read_and_one_record_stop_no_other(lake: Lake) -> None:
    broken = await lake.land(REJECTED.topic, rejected(0, BOM))
    await lake.store.put(broken, b"\x1f\x8b no gzip")
    await lake.store.put(f"raw/{REJECTED.topic}/{HOUR.path}/notes.txt", b"hello")
    await lake.land(REJECTED.topic, rejected(10, BOM + b" "), rejected(11, BOM))
    lake.producer.refuses = BOM + b" "

    told = await lake.readmit(apply=True)

    assert told.states == {State.REFUSED: 1, State.READMITTED: 1}
    assert told.outcome.exit_code == 1
    assert [line.split(":")[0] for line in summary(told.outcome)][:2] == [
        f"unreadable {broken}",
        f"unreadable raw/{REJECTED.topic}/{HOUR.path}/notes.txt",
    ]


async def test_a_broker_that_goes_away_ends_it_and_it_may_be_begun_again(lake: Lake) -> None:
    await lake.land(REJECTED.topic, rejected(0, BOM), rejected(1, BOM + b" "))
    lake.producer.away_after = 1

    with pytest.raises(TransientError, match="is down"):
        await lake.readmit(apply=True)

    lake.producer.away_after = 10**9
    await lake.sink()
    assert (await lake.readmit(apply=True)).states == {State.PRESENT: 1, State.READMITTED: 1}
    await lake.sink()
    assert (await lake.made()).tallies["rows"] == 2


async def test_the_command_opens_kafka_only_to_send(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await lake.land(REJECTED.topic, rejected(0, BOM))

    @asynccontextmanager
    async def store(bucket: str) -> AsyncIterator[BucketStore]:
        yield lake.store

    @asynccontextmanager
    async def producer(*_: object) -> AsyncIterator[FakeProducer]:
        yield lake.producer

    monkeypatch.setattr(readmit_command, "open_store", store)
    # Nothing listens: whoever only looks never asks.
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9")
    words = ["readmit", "--dt", HOUR.dt, "--reason", "not_json", "--feed", "assets"]
    assert await readmit_command.readmit(parser().parse_args(words), Settings()) == 0
    assert "1 rejected answers: 1 usable" in capsys.readouterr().out

    monkeypatch.setattr(readmit_command, "open_producer", producer)
    args = parser().parse_args([*words, "--apply"])
    assert await readmit_command.readmit(args, Settings()) == 0
    assert "1 rejected answers: 1 readmitted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dt", "2026-02-31"], "invalid hour: 2026-02-31"),
        (["--dt", "2026-03-04", "--hour", "9"], "invalid hour: 2026-03-04 9"),
        (["--dt", "2026-03-04", "--max-skew-s", "-1"], "--max-skew-s must be"),
        (["--dt", "2026-03-04", "--max-skew-s", "inf"], "--max-skew-s must be"),
    ],
)
async def test_an_impossible_wish_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        await readmit_command.readmit(parser().parse_args(["readmit", *words]), Settings())


def test_the_time_is_judged_as_the_ingestor_does() -> None:
    assert PollSettings().max_skew_s == readmit_command.MAX_SKEW_S


def test_a_heartbeat_is_no_answer() -> None:
    key = RawKey(REJECTED.topic, HOUR, 1, 0, 0)
    assert readmission.rejudged(key, Record(0, AT_MS, b"heartbeat", None), 1) is None
