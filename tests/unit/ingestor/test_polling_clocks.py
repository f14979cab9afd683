"""Polling under a clock that is set or jumps: no tick shifts, those passed over have names."""

from dataclasses import replace
from pathlib import Path

import pytest

from ingestor.core.ports import ApiAnswer
from tests.unit.ingestor.polls import Step, World, good, played, status
from tests.unit.ingestor.times import HOUR, START_MS, Times


def stepping(by_ms: int, then: Step) -> Step:
    """Somebody sets the clock while the answer is on its way."""

    def step(world: World) -> ApiAnswer:
        world.clock.step(by_ms)
        return then(world)

    return step


def dated(world: World) -> ApiAnswer:
    answer = good()(world)
    return replace(answer, date_ms=world.wall_ms() // 1_000 * 1_000)


async def test_ticks_that_the_clock_was_set_forward_past_are_named_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([good(), stepping(HOUR, dated), good()])

    counts, gaps = await played(tmp_path, monkeypatch, world)

    assert [(gap["cause"], gap["count"]) for gap in gaps] == [("clock", 359)]
    assert counts.missed == 359


@pytest.mark.parametrize("waits", [status(503, "3"), status(403)], ids=["failed", "refused"])
async def test_a_pause_under_a_clock_that_is_set_back_is_no_longer_than_it_was_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: Step
) -> None:
    ahead = World([waits, stepping(-HOUR, dated), dated, dated], Times(START_MS + HOUR))
    steady_ms = ahead.clock.steady

    _, gaps = await played(tmp_path, monkeypatch, ahead)

    assert gaps == []
    assert ahead.clock.steady - steady_ms <= 40_000


async def test_a_clock_that_jumps_alone_misses_no_tick_and_shifts_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def contradicted(world: World) -> ApiAnswer:
        world.clock.step(-HOUR)
        answer = dated(world)
        world.clock.step(HOUR)
        return answer

    world = World([dated, stepping(HOUR, contradicted), contradicted, contradicted])
    steady_ms = world.clock.steady

    counts, gaps = await played(tmp_path, monkeypatch, world)

    assert world.clock.steady - steady_ms == pytest.approx(30_000, abs=100)
    assert (counts.polls, counts.missed, gaps) == (4, 0, [])


async def test_a_retry_after_as_a_date_is_read_by_the_clock_of_who_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    date = "Sun, 22 Nov 2026 07:00:25 GMT"
    behind = ApiAnswer(503, b"no", date, START_MS + 7 * HOUR)
    world = World([lambda _: behind, good()])

    await played(tmp_path, monkeypatch, world)

    assert world.asked_ms == [0, 30_000]
