"""What an operator sees of the journal, the credits and the clock."""

import asyncio

import pytest

from coinlake.lifecycle import Pulse
from coinlake.testing import FakeProducer
from ingestor.core.feeds import ASSETS
from ingestor.core.gates import PageGate
from ingestor.core.ports import ApiAnswer
from ingestor.loop.watching import watch
from ingestor.observe import ObservedIngestor, update_gauges
from tests.unit.ingestor.bench import PAGE, TICK, Bench, FakeApi

from .journals import mark, record


def seen(bench: Bench, name: str, **labels: str) -> float | None:
    observed = ObservedIngestor(
        bench.journal,
        bench.budget,
        bench.gating,
        bench.stamps,
        bench.sender(FakeProducer()),
        pollers=[],
    )
    update_gauges(observed, bench.metrics)
    return bench.registry.get_sample_value(f"ingestor_{name}", labels)


async def test_what_waits_for_kafka_and_the_room_that_is_left_are_told(bench: Bench) -> None:
    room = seen(bench, "journal_room_bytes")

    await bench.journal.add(record(b"x" * 500), mark())

    assert seen(bench, "journal_pending_records") == 1
    waiting = seen(bench, "journal_pending_bytes")
    assert waiting is not None
    assert room is not None
    assert waiting > 500
    assert seen(bench, "journal_room_bytes") == room - waiting


async def test_credits_of_the_month_in_all_and_left_add_up(bench: Bench) -> None:
    await bench.attempt(FakeApi(bench.good())).ask(PAGE, TICK)
    spent = bench.budget.balance.spent

    assert spent > 0
    assert seen(bench, "credits_spent_credits") == spent
    assert seen(bench, "credits_total_credits") == spent
    assert seen(bench, "credits_left_credits") == 4_000_000 - spent


async def test_a_wall_clock_that_is_off_is_told_in_seconds(bench: Bench) -> None:
    bench.clock.answered(bench.wall_ms(), bench.clock.steady_ms())
    bench.times.step(7_200_000)

    assert seen(bench, "clock_off_seconds") == pytest.approx(7_200, abs=1)


async def test_that_the_api_said_to_wait_is_told_until_the_wait_is_over(bench: Bench) -> None:
    before = seen(bench, "rate_limited")
    reply = await bench.attempt(FakeApi(ApiAnswer(429, b"slow", "600"))).ask(PAGE, TICK)
    for _ in range(2):
        # One far limit holds all for a minute only; the second one is believed.
        bench.gating.after(PAGE, PageGate(), reply)
    during = seen(bench, "rate_limited")
    bench.times.advance(600)

    assert (before, during, seen(bench, "rate_limited")) == (0, 1, 0)


async def test_how_far_the_watermark_of_a_topic_reaches_is_told_in_seconds(
    bench: Bench,
) -> None:
    promised_ms = bench.wall_ms()

    await bench.sent_by(bench.sender(FakeProducer()))

    told = seen(bench, "watermark_timestamp_seconds", topic=ASSETS.topic)
    assert told == promised_ms / 1_000


async def test_the_process_is_alive_while_each_of_its_loops_turns() -> None:
    stop, now_s = asyncio.Event(), 0.0
    stop.set()
    turning, standing = (Pulse(10, lambda: now_s) for _ in range(2))
    alive, stuck = (Pulse(10, lambda: now_s) for _ in range(2))

    now_s = 11.0
    turning.beat()
    await watch(stop, alive, [turning], lambda: None)
    await watch(stop, stuck, [turning, standing], lambda: None)

    assert (alive.alive, stuck.alive) == (True, False)


async def test_the_newest_answer_that_kafka_has_is_told_in_seconds(bench: Bench) -> None:
    assert seen(bench, "last_published_timestamp_seconds", feed="assets") is None
    await bench.journal.add(record(timestamp_ms=42_000), mark())
    pending = bench.journal.progress.head(ASSETS.topic)
    assert pending is not None
    await bench.journal.sent(pending)

    assert seen(bench, "last_published_timestamp_seconds", feed="assets") == 42
