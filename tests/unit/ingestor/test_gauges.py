"""What an operator sees of the journal, the credits and the clock."""

import pytest

from coinlake.contracts.feeds import ASSETS
from coinlake.testing import FakeProducer
from ingestor.loop.watching import Gauges
from tests.unit.ingestor.bench import PAGE, TICK, Bench, FakeApi

from .journals import mark, record


def seen(bench: Bench, name: str, **labels: str) -> float | None:
    gauges = Gauges(
        bench.journal,
        bench.budget,
        bench.doors,
        bench.stamps,
        bench.sender(FakeProducer()),
        bench.metrics,
    )
    gauges.update([])
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
    await bench.asker(FakeApi(bench.good())).ask(PAGE, TICK)
    spent = bench.budget.balance.spent

    assert spent > 0
    assert seen(bench, "credits_spent_credits") == spent
    assert seen(bench, "credits_total_credits") == spent
    assert seen(bench, "credits_left_credits") == 4_000_000 - spent


async def test_a_wall_clock_that_is_off_is_told_in_seconds(bench: Bench) -> None:
    bench.clock.answered(bench.wall_ms(), bench.clock.steady_ms())
    bench.times.step(7_200_000)

    assert seen(bench, "clock_off_seconds") == pytest.approx(7_200, abs=1)


async def test_the_newest_answer_that_kafka_has_is_told_in_seconds(bench: Bench) -> None:
    assert seen(bench, "last_published_timestamp_seconds", feed="assets") is None
    await bench.journal.add(record(timestamp_ms=42_000), mark())
    pending = bench.journal.progress.head(ASSETS.topic)
    assert pending is not None
    await bench.journal.sent(pending)

    assert seen(bench, "last_published_timestamp_seconds", feed="assets") == 42
