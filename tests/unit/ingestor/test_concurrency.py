"""Turns: some at once, and who waits is alive; and what an answer's headers say of its time."""

import asyncio

import pytest

from ingestor.adapters.coincap import sent_ms
from ingestor.loop import concurrency
from ingestor.loop.concurrency import ConcurrencyLimit

NOW_MS = 1_795_305_600_000
NOW = "Sun, 22 Nov 2026 00:00:00 GMT"


async def test_no_more_call_at_once_than_may_and_who_waits_beats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(concurrency, "_LOOK_S", 0.001)
    two = ConcurrencyLimit(2)
    inside, most, beats = 0, 0, 0

    def beat() -> None:
        nonlocal beats
        beats += 1

    async def call() -> None:
        nonlocal inside, most
        async with two.slot(beat):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.02)
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(call())

    assert (inside, most) == (0, 2)
    assert beats > 12


@pytest.mark.parametrize(
    ("date", "age", "found"),
    [
        (NOW, None, NOW_MS),
        (NOW, "90", NOW_MS + 90_000),
        (NOW, "0", NOW_MS),
        (NOW, "86400", NOW_MS + 86_400_000),
        (NOW, "864000", None),
        (None, "90", None),
        ("soon", None, None),
        ("", None, None),
        (NOW, "-5", None),
        (NOW, "9" * 5_000, None),
        (NOW, "٣", None),
    ],
)
def test_an_answer_from_a_cache_was_sent_later_than_it_was_made(
    date: str | None, age: str | None, found: int | None
) -> None:
    assert sent_ms(date, age) == found
