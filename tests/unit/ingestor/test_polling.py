"""The loop of a page in virtual time: no drift, nothing queued, every missed tick has a name."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry

from coinlake.backoff import Backoff
from coinlake.contracts.topics import GAPS
from coinlake.lifecycle import Pulse
from ingestor.adapters.journal import Journal, open_journal
from ingestor.core.credits import Limits
from ingestor.core.feed_ticks import FeedTicks
from ingestor.core.feeds import ASSETS
from ingestor.core.gates import KeyGate
from ingestor.core.page import Page
from ingestor.core.ports import Answer, Call, NoAnswerError
from ingestor.core.validation import Rules
from ingestor.core.watermark import FloorClock
from ingestor.loop import polling
from ingestor.loop.budget import Allowance, Budget, PagePlan
from ingestor.loop.concurrency import ConcurrencyLimit
from ingestor.loop.gating import Gating, RetryDelay
from ingestor.loop.poll import PollAttempt, Terms
from ingestor.loop.polling import MissedTickLog, Poller, poll_until
from ingestor.loop.stamps import Stamps
from ingestor.metrics import IngestorMetrics
from tests.unit.ingestor.times import HOUR, START_MS, Times

PLAN = PagePlan(Page(ASSETS, 10), 10_000)

Step = Callable[["World"], Answer]


@dataclass
class World:
    """An API that does what the script says, in time that passes only while somebody waits."""

    script: list[Step]
    clock: Times = field(default_factory=Times)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    asked_ms: list[int] = field(default_factory=list)

    def wall_ms(self) -> int:
        return self.clock.wall

    async def get(self, url: str, call: Call) -> Answer:
        call.was_sent = True
        self.asked_ms.append(self.wall_ms() - START_MS)
        step = self.script.pop(0)
        if not self.script:
            self.stop.set()
        return step(self)

    async def sleep(self, stop: asyncio.Event, seconds: float) -> bool:
        self.clock.advance(max(seconds, 0.001))
        await asyncio.sleep(0)
        return stop.is_set()


def good(after_s: float = 0.0) -> Step:
    def step(world: World) -> Answer:
        world.clock.advance(after_s)
        body = {"timestamp": world.wall_ms(), "data": [{"id": "bitcoin"}]}
        return Answer(200, orjson.dumps(body), None)

    return step


def status(code: int, retry_after: str | None = None) -> Step:
    return lambda _: Answer(code, b"no", retry_after)


def no_answer(_: World) -> Answer:
    raise NoAnswerError("timeout", "the answer timed out")


def killed(_: World) -> Answer:
    raise asyncio.CancelledError


async def played(
    folder: Path, monkeypatch: pytest.MonkeyPatch, world: World, probe_s: float = 3_600
) -> tuple[Any, list[dict[str, Any]]]:
    """Run one page's loop through the script: its counts, and its gaps as records."""
    monkeypatch.setattr(polling, "sleep_or_stop", world.sleep)
    async with open_journal(folder, max_bytes=10**7) as journal:
        with suppress(asyncio.CancelledError):
            await _poller(folder, journal, world, probe_s).run(world.stop)
        gaps = [
            orjson.loads((await journal.read(pending)).value)
            for pending in journal.progress.pending
            if pending.topic == GAPS
        ]
        return journal.progress.facts("assets"), gaps


def _poller(
    folder: Path, journal: Journal, world: World, probe_s: float, patience_ms: int = 1
) -> Poller:
    metrics = IngestorMetrics(CollectorRegistry())
    clock = world.clock.clock(patience_ms=patience_ms)
    stamps = Stamps(FloorClock(clock, journal.progress.floor_ms))
    allowance = Allowance(Limits(10**9, None), 600)
    budget = Budget(folder / "credits.json", [PLAN], allowance, clock)
    patience = RetryDelay(Backoff(base_s=0.001, cap_s=0.001))
    key = KeyGate(probe_ms=round(probe_s * 1_000))
    doors = Gating(key, budget, journal, 10_000, patience, clock)
    terms = Terms("http://api", "simulator", Rules(60_000, 16), lambda size: "a" * size * 2)
    asker = PollAttempt(world, journal, budget, terms, stamps, clock, metrics)
    gaps = MissedTickLog(PLAN, journal, stamps, "me", metrics)
    return Poller(
        PLAN, asker, doors, budget, gaps, FeedTicks("assets"), ConcurrencyLimit(8), Pulse(60)
    )


async def test_slow_answers_do_not_shift_the_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([good(after_s=7) for _ in range(5)])

    counts, gaps = await played(tmp_path, monkeypatch, world)

    assert world.asked_ms == [0, 10_000, 20_000, 30_000, 40_000]
    assert (counts.polls, counts.missed, gaps) == (5, 0, [])


async def test_a_poll_that_takes_too_long_drops_ticks_and_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([good(after_s=35), good(), good()])

    counts, gaps = await played(tmp_path, monkeypatch, world)

    assert world.asked_ms == [0, 35_000, 40_000]
    assert (counts.polls, counts.missed) == (3, 2)
    (gap,) = gaps
    assert gap["cause"] == "overrun"
    assert gap["page"] == "assets?limit=10&offset=0"
    assert (gap["from_ms"], gap["to_ms"]) == (START_MS + 10_000, START_MS + 20_000)


async def test_a_server_error_is_tried_again_within_its_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([status(503), no_answer, good(), good()])

    counts, gaps = await played(tmp_path, monkeypatch, world)

    assert max(world.asked_ms[:3]) < 1_000
    assert world.asked_ms[3] == 10_000
    assert (counts.polls, counts.failed, counts.missed) == (3, 1, 0)
    assert gaps == []


async def test_an_answer_that_waiting_cannot_mend_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([status(404), status(200), good()])

    counts, _ = await played(tmp_path, monkeypatch, world)

    assert world.asked_ms == [0, 10_000, 20_000]
    assert counts.polls == 3


async def test_a_long_retry_after_is_waited_for_and_its_ticks_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([status(429, "25"), good(), good()])

    counts, gaps = await played(tmp_path, monkeypatch, world)

    assert world.asked_ms == [0, 30_000, 40_000]
    assert counts.missed == 2
    assert [(gap["cause"], gap["count"]) for gap in gaps] == [("backoff", 2)]


async def test_a_refused_key_is_probed_rarely_and_its_ticks_are_one_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([status(401), status(403), good(), good()])

    counts, gaps = await played(tmp_path, monkeypatch, world, probe_s=100)

    # Twice, at once: one answer does not speak for an hour.
    assert world.asked_ms[0] == 0
    assert world.asked_ms[1] < 1_000
    assert world.asked_ms[2:] == [110_000, 120_000]
    assert counts.missed == 10
    assert [(gap["cause"], gap["count"]) for gap in gaps] == [("key_refused", 10)]


async def test_a_poll_that_died_before_its_journal_entry_is_a_named_missed_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await played(tmp_path, monkeypatch, World([good(), killed]))
    later = World([good()], Times(START_MS + 33_000))

    counts, gaps = await played(tmp_path, monkeypatch, later)

    assert later.asked_ms == [40_000]
    assert (counts.polls, counts.missed) == (2, 3)
    (gap,) = gaps
    assert gap["cause"] == "down"
    assert (gap["from_ms"], gap["to_ms"]) == (START_MS + 10_000, START_MS + 30_000)
    assert (gap["count"], gap["detected_ms"]) == (3, START_MS + 33_000)


async def test_the_very_first_poll_is_missed_by_name_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await played(tmp_path, monkeypatch, World([killed]))
    later = World([good()], Times(START_MS + 3_000))

    _, gaps = await played(tmp_path, monkeypatch, later)

    assert [(gap["from_ms"], gap["count"]) for gap in gaps] == [(START_MS, 1)]


async def test_a_disk_that_refuses_an_answer_makes_its_tick_a_named_miss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "no space left on device")

    def breaking(world: World) -> Answer:
        monkeypatch.setattr("ingestor.adapters.spool.os.fsync", full)
        return good()(world)

    def mending(world: World) -> Answer:
        return good()(world)

    world = World([good(), breaking, mending])
    real_sleep = world.sleep

    async def sleep(stop: asyncio.Event, seconds: float) -> bool:
        monkeypatch.undo()
        monkeypatch.setattr(polling, "sleep_or_stop", sleep)
        return await real_sleep(stop, seconds)

    world.sleep = sleep  # type: ignore[method-assign]

    counts, gaps = await played(tmp_path, monkeypatch, world)

    assert (counts.polls, counts.missed) == (2, 1)
    assert [(gap["cause"], gap["from_ms"]) for gap in gaps] == [("journal", START_MS + 10_000)]


def stepping(by_ms: int, then: Step) -> Step:
    """Somebody sets the clock while the answer is on its way."""

    def step(world: World) -> Answer:
        world.clock.step(by_ms)
        return then(world)

    return step


def dated(world: World) -> Answer:
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
    def contradicted(world: World) -> Answer:
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
    behind = Answer(503, b"no", date, START_MS + 7 * HOUR)
    world = World([lambda _: behind, good()])

    await played(tmp_path, monkeypatch, world)

    assert world.asked_ms == [0, 30_000]


async def test_a_poll_under_way_cannot_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([good()])

    async def stop_and_hang(url: str, _: Call) -> Answer:
        world.asked_ms.append(0)
        world.stop.set()
        await asyncio.Event().wait()
        raise AssertionError(url)

    monkeypatch.setattr(world, "get", stop_and_hang)
    async with open_journal(tmp_path, max_bytes=10**7) as journal:
        poller = _poller(tmp_path, journal, world, 3_600)

        async with asyncio.timeout(5):
            await poll_until(world.stop, [poller], grace_s=0.01)

        assert world.asked_ms == [0]
        assert journal.progress.facts("assets").polls == 0
