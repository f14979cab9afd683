"""Promises under a clock that was wrong: kept where Kafka has them, taken back where not."""

from pathlib import Path

import pytest

from coinlake.contracts.headers import Header
from coinlake.contracts.headers import complete_to_ms as promised
from coinlake.contracts.missed_ticks import Cause
from coinlake.errors import TransientError
from coinlake.testing import FakeProducer
from ingestor.adapters.journal import Journal, open_journal
from ingestor.core.entries import Outgoing, TickMark, TickOutcome
from ingestor.core.feeds import ASSETS
from ingestor.core.progress import Pending
from ingestor.core.schedule import Missed
from ingestor.core.watermark import FloorClock
from ingestor.loop.budget import PagePlan
from ingestor.loop.polling import MissedTickLog
from tests.unit.ingestor.bench import PAGE, TICK, Bench, FakeApi
from tests.unit.ingestor.times import HOUR, MINUTE, START_MS
from tests.unit.ingestor.wrong_clocks import BrokerInTime, dated, put_right, stamped


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


def _head(journal: Journal) -> Pending:
    pending = journal.progress.head(ASSETS.topic)
    assert pending is not None
    return pending


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
