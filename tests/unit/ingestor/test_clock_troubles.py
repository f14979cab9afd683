"""Stamps, promises and months under a clock that was wrong: what nobody heard is taken back."""

import time

import pytest

from coinlake.contracts.answers import RejectReason
from coinlake.contracts.headers import complete_to_ms as promised
from coinlake.errors import TransientError
from ingestor.core.feeds import ASSETS
from ingestor.core.gates import KeyGate
from ingestor.core.watermark import FloorClock
from ingestor.loop.gating import Gating
from tests.unit.ingestor.bench import PAGE, TICK, Bench, FakeApi
from tests.unit.ingestor.times import HOUR, MINUTE, START_MS, Times
from tests.unit.ingestor.wrong_clocks import DAY, BrokerInTime, dated, put_right, stamped


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


async def test_the_limit_that_the_process_before_was_told_of_still_holds(bench: Bench) -> None:
    bench.journal.progress.limited_until_ms = bench.wall_ms() + HOUR
    key = KeyGate(probe_ms=HOUR)

    Gating(key, bench.budget, bench.journal, 10_000, bench.retry_delay, bench.clock)

    assert key.limited_ms(bench.clock.steady_ms()) == HOUR


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
