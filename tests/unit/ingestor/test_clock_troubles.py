"""Stamps, watermarks and months under a clock that was wrong: what nobody has seen is taken back."""

import time
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from coinlake.contracts.headers import Header
from coinlake.contracts.headers import complete_to_ms as promised
from coinlake.contracts.missed_ticks import Cause
from coinlake.errors import TransientError
from coinlake.testing import FakeProducer
from ingestor.adapters.journal import Journal, open_journal
from ingestor.core.entries import Outgoing, TickMark, TickOutcome
from ingestor.core.feeds import ASSETS
from ingestor.core.gates import KeyGate
from ingestor.core.ports import ApiAnswer
from ingestor.core.schedule import Missed
from ingestor.core.validation import RejectReason
from ingestor.core.watermark import FloorClock
from ingestor.loop.budget import PagePlan
from ingestor.loop.gating import Gating
from ingestor.loop.polling import MissedTickLog
from tests.unit.ingestor.bench import PAGE, TICK, Bench, FakeApi
from tests.unit.ingestor.times import HOUR, MINUTE, START_MS, Times

DAY = 24 * HOUR


class InvalidTimestampError(Exception):
    """As aiokafka calls it."""


class BrokerInTime(FakeProducer):
    """Refuses what is more than an hour ahead of the true time, as Kafka does from 3.6 on."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self.ahead_ms = 0
        self.loses_acks = False

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[Header] = (),
        timestamp_ms: int | None = None,
        partition: int | None = None,
    ) -> int:
        true_ms = START_MS + self._bench.times.steady - 5_000
        if timestamp_ms is not None and timestamp_ms > true_ms + HOUR:
            raise TransientError("refused") from InvalidTimestampError("too early")
        offset = await super().send(
            topic,
            key=key,
            value=value,
            headers=headers,
            timestamp_ms=timestamp_ms,
            partition=partition,
        )
        if self.loses_acks:
            raise TransientError("no ack")
        return offset


def dated(bench: Bench, off_ms: int = 0) -> ApiAnswer:
    """A good answer of an API whose clock is right, or off."""
    true_ms = START_MS + bench.times.steady - 5_000 + off_ms
    body = {"timestamp": true_ms, "data": [{"id": "bitcoin"}]}
    return ApiAnswer(200, orjson.dumps(body), None, true_ms // 1_000 * 1_000)


async def stamped(bench: Bench, ahead_ms: int) -> None:
    """An answer and a promise of a process whose clock was ahead and nobody contradicted it."""
    bench.times.step(ahead_ms)
    bench.clock = bench.times.clock()
    bench.times.advance(1)
    bench.stamps.clock = FloorClock(bench.clock)
    api = FakeApi(
        ApiAnswer(200, b'{"data":[{"id":"x"}],"timestamp":%d}' % bench.wall_ms(), None)
    )
    await bench.attempt(api).ask(PAGE, TICK)


async def put_right(bench: Bench, ahead_ms: int) -> None:
    bench.times.step(-ahead_ms)
    bench.clock()  # it jumped
    bench.times.advance(1)
    bench.clock()  # and nobody contradicts


async def test_what_kafka_refuses_as_too_early_is_sent_under_the_time_of_now(
    bench: Bench,
) -> None:
    producer = BrokerInTime(bench)
    await stamped(bench, 2 * HOUR)
    await bench.sent_by(bench.sender(producer))
    sent_before = list(producer.sent)
    await put_right(bench, 2 * HOUR)

    await bench.sent_by(bench.sender(producer))

    assert sent_before == []
    now_ms = bench.wall_ms()
    answers = [one for one in producer.sent if one.value is not None]
    beats = [promised(one.headers) or 0 for one in producer.sent if one.value is None]
    assert [one.timestamp_ms for one in answers] == [now_ms]
    headers = dict(answers[0].headers)
    assert int(headers["received_at"] or 0) == now_ms
    assert int(headers["requested_at"] or 0) <= now_ms
    assert beats
    assert max(beats) <= now_ms
    # On disk too: a restart would begin with it.
    assert bench.journal.progress.floor_ms <= now_ms
    assert bench.journal.progress.facts("assets").published == 1


async def test_a_promise_that_kafka_has_is_kept_also_where_it_was_made_ahead(
    bench: Bench,
) -> None:
    producer = BrokerInTime(bench)
    await stamped(bench, HOUR // 2)
    await bench.sent_by(bench.sender(producer))
    said = max(promised(one.headers) or 0 for one in producer.sent if one.value is None)
    await put_right(bench, HOUR // 2)

    reply = await bench.attempt(FakeApi(dated(bench))).ask(PAGE, TICK)
    await bench.sent_by(bench.sender(producer))

    assert said > bench.wall_ms() + 29 * MINUTE
    # Judged by the time as it is, stamped as it was promised.
    assert (reply.outcome, reply.reason) == (TickOutcome.USABLE, None)
    assert [one.timestamp_ms for one in producer.sent if one.value is not None][-1] == said


async def test_a_promise_whose_ack_was_lost_is_not_taken_back(bench: Bench) -> None:
    producer = BrokerInTime(bench)
    producer.loses_acks = True
    bench.times.step(HOUR // 2)
    bench.clock = bench.times.clock()
    bench.times.advance(1)
    bench.stamps.clock = FloorClock(bench.clock)
    await bench.sent_by(bench.sender(producer))
    said = max(promised(one.headers) or 0 for one in producer.sent)
    bench.times.step(2 * HOUR)
    producer.loses_acks = False
    bench.clock()
    bench.times.advance(1)
    await bench.sent_by(bench.sender(producer))
    await put_right(bench, HOUR // 2 + 2 * HOUR)

    await bench.attempt(FakeApi(dated(bench))).ask(PAGE, TICK)
    await bench.sent_by(bench.sender(producer))

    stamps = [one.timestamp_ms or 0 for one in producer.sent if one.value is not None]
    assert stamps
    assert min(stamps) >= said


async def test_where_kafka_contradicts_the_time_itself_it_waits_and_says_so(
    bench: Bench,
) -> None:
    producer = BrokerInTime(bench)
    await stamped(bench, 2 * HOUR)
    sender = bench.sender(producer)

    await bench.sent_by(sender)

    assert producer.sent == []
    assert "refused" in (sender.reason(time.monotonic()) or "")
    assert bench.clock.is_refused
    assert not bench.clock.may_turn_month
    assert bench.journal.progress.pending_records == 1


async def test_what_kafka_refused_of_a_wrong_time_says_nothing_of_the_right_one(
    bench: Bench,
) -> None:
    await stamped(bench, 2 * HOUR)
    await bench.sent_by(bench.sender(BrokerInTime(bench)))
    before = bench.clock.is_refused

    await put_right(bench, 2 * HOUR)

    assert (before, bench.clock.is_refused) == (True, False)


@pytest.mark.parametrize(("said_before_ms", "lower"), [(5_000, True), (500, False)])
async def test_a_lower_stamp_is_one_that_the_same_broker_may_judge_otherwise(
    bench: Bench, said_before_ms: int, lower: bool
) -> None:
    refused_ms = bench.wall_ms() + HOUR
    bench.stamps.clock.raise_floor(refused_ms)
    await bench.journal.raise_floor(refused_ms)
    bench.journal.progress.said_ms = refused_ms - said_before_ms

    found = await bench.watermarks().refused(refused_ms)

    assert found == (refused_ms - said_before_ms if lower else None)


def test_a_stamp_that_kafka_takes_in_the_end_was_not_too_early() -> None:
    times = Times()
    clock = times.clock()
    clock.refused(times.wall)

    clock.taken(times.wall - 1)
    earlier = clock.is_refused
    clock.taken(times.wall)

    assert (earlier, clock.is_refused) == (True, False)


def test_a_time_that_was_set_is_counted_and_a_clock_that_jumped_alone_is_not() -> None:
    times = Times()
    clock = times.clock(max_doubt_ms=MINUTE)

    times.step(HOUR)
    clock()
    jumped = clock.moves
    times.advance(60)
    clock()

    assert (jumped, clock.moves) == (0, 1)


async def test_a_heartbeat_whose_ack_was_lost_may_have_been_heard(bench: Bench) -> None:
    producer = BrokerInTime(bench)
    producer.loses_acks = True
    beat = bench.heartbeat()

    with pytest.raises(TransientError):
        await beat.send(producer, bench.metrics)

    assert bench.journal.progress.said_ms == promised(producer.sent[0].headers)
    assert beat.due


async def test_a_promise_that_kafka_contradicts_is_not_repeated_at_once(bench: Bench) -> None:
    await stamped(bench, 2 * HOUR)
    beat = bench.heartbeat()

    await beat.send(BrokerInTime(bench), bench.metrics)

    assert beat.wait_s() == 60.0


async def test_a_promise_that_kafka_has_is_known_as_said(bench: Bench) -> None:
    producer = FakeProducer()

    await bench.sent_by(bench.sender(producer))

    said = max(promised(one.headers) or 0 for one in producer.sent)
    assert bench.journal.progress.said_ms == said > 0


async def test_missed_ticks_that_the_disk_has_not_taken_yet_are_told(bench: Bench) -> None:
    gaps = MissedTickLog(
        PagePlan(PAGE, 60_000), bench.journal, bench.stamps, "me", bench.metrics
    )
    missed = Missed(START_MS, START_MS + 2 * MINUTE, 3)

    before = gaps.unnamed
    gaps.miss(missed, 60_000, Cause.BACKOFF)

    assert before == ()
    assert [(gap.missed, gap.cause) for gap in gaps.unnamed] == [(missed, Cause.BACKOFF)]


async def test_a_heartbeat_is_told_from_answers_by_its_key_and_its_want_of_a_value(
    bench: Bench,
) -> None:
    producer = FakeProducer()

    await bench.sent_by(bench.sender(producer))

    assert producer.sent
    assert {(one.key, one.value) for one in producer.sent} == {(b"heartbeat", None)}


async def test_the_limit_that_the_process_before_was_told_of_still_holds(bench: Bench) -> None:
    bench.journal.progress.limited_until_ms = bench.wall_ms() + HOUR
    key = KeyGate(probe_ms=HOUR)

    Gating(key, bench.budget, bench.journal, 10_000, bench.retry_delay, bench.clock)

    assert key.limited_ms(bench.clock.steady_ms()) == HOUR


async def test_a_promise_taken_back_and_a_record_brought_back_survive_a_restart(
    tmp_path: Path,
) -> None:
    mark = TickMark("assets", PAGE.key, TICK, TickOutcome.USABLE)
    headers: tuple[Header, ...] = (("requested_at", b"900"), ("received_at", b"1000"))
    async with open_journal(tmp_path, max_bytes=50_000) as journal:
        await journal.raise_floor(1_000)
        await journal.add(Outgoing(ASSETS.topic, b"k", b"v", headers, 1_000), mark)
        journal.progress.said_ms = 300
        await journal.lower_floor(400)
        await journal.restamp(_head(journal), 500)

    async with open_journal(tmp_path, max_bytes=50_000) as journal:
        record = await journal.read(_head(journal))
        progress = journal.progress

    assert (progress.floor_ms, progress.said_ms) == (400, 300)
    assert progress.oldest_ms(ASSETS.topic) == record.timestamp_ms == 500
    assert dict(record.headers) == {"requested_at": b"400", "received_at": b"500"}


def _head(journal: Journal):  # type: ignore[no-untyped-def]
    pending = journal.progress.head(ASSETS.topic)
    assert pending is not None
    return pending


async def test_a_disk_that_refuses_the_new_time_of_a_record_leaves_it_whole(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stamped(bench, 0)
    pending = bench.journal.progress.head(ASSETS.topic)
    assert pending is not None

    def full(*_: object) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr("ingestor.adapters.spool.os.fsync", full)
    with pytest.raises(TransientError):
        await bench.journal.restamp(pending, START_MS - HOUR)
    monkeypatch.undo()

    head = bench.journal.progress.head(ASSETS.topic)
    assert head is not None
    assert (await bench.journal.read(head)).timestamp_ms == pending.timestamp_ms
    # No promise goes beyond either of the two times that it may have.
    assert head.timestamp_ms == START_MS - HOUR


async def test_answers_under_a_clock_in_doubt_are_judged_by_either_time(bench: Bench) -> None:
    bench.times.step(HOUR // 2)
    bench.clock = bench.times.clock()
    bench.stamps.clock = FloorClock(bench.clock)

    replies = [await bench.attempt(FakeApi(dated(bench))).ask(PAGE, TICK) for _ in range(3)]
    off = await bench.attempt(FakeApi(dated(bench, off_ms=DAY))).ask(PAGE, TICK)

    assert [reply.reason for reply in replies] == [None, None, None]
    assert bench.clock.wall_is_off_ms == pytest.approx(HOUR // 2, abs=1_000)
    # Its own `Date` says the same, but it is alone with that against all before.
    assert off.reason is RejectReason.TIMESTAMP_OFF
    assert abs(bench.clock() - (START_MS + bench.times.steady - 5_000)) <= 1_000


async def test_no_heartbeat_promises_anything_while_nobody_knows_what_time_it_is(
    bench: Bench,
) -> None:
    bench.clock = bench.times.clock(max_doubt_ms=MINUTE)
    producer = FakeProducer()

    await bench.sent_by(bench.sender(producer))
    early = list(producer.sent)
    bench.clock.answered(bench.wall_ms(), bench.times.steady)
    await bench.sent_by(bench.sender(producer))

    assert early == []
    assert [one for one in producer.sent if one.value is None]
