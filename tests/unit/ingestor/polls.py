"""A page's poller in virtual time, and answers to give it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry

from coinlake.backoff import Backoff
from coinlake.contracts.topics import GAPS
from coinlake.lifecycle import Pulse
from ingestor.adapters.journal import Journal, open_journal
from ingestor.core.credits import CreditLimits
from ingestor.core.entries import Outgoing
from ingestor.core.feed_ticks import FeedTicks
from ingestor.core.feeds import ASSETS
from ingestor.core.gates import KeyGate
from ingestor.core.page import Page
from ingestor.core.ports import ApiAnswer, Call, NoAnswerError
from ingestor.core.watermark import FloorClock
from ingestor.loop import polling
from ingestor.loop.budget import Allowance, Budget, PagePlan
from ingestor.loop.concurrency import ConcurrencyLimit
from ingestor.loop.gating import Gating, RetryDelay
from ingestor.loop.poll import PollAttempt, Terms
from ingestor.loop.polling import MissedTickLog, Poller
from ingestor.loop.stamps import Stamps
from ingestor.metrics import IngestorMetrics
from tests.unit.ingestor.times import START_MS, Times

PLAN = PagePlan(Page(ASSETS, 10), 10_000)

Step = Callable[["World"], ApiAnswer]


@dataclass
class World:
    """An API that does what the script says, in time that passes only while somebody waits."""

    script: list[Step]
    clock: Times = field(default_factory=Times)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    asked_ms: list[int] = field(default_factory=list)

    def wall_ms(self) -> int:
        return self.clock.wall

    async def get(self, url: str, call: Call) -> ApiAnswer:
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
    def step(world: World) -> ApiAnswer:
        world.clock.advance(after_s)
        body = {"timestamp": world.wall_ms(), "data": [{"id": "bitcoin"}]}
        return ApiAnswer(200, orjson.dumps(body), None)

    return step


def status(code: int, retry_after: str | None = None) -> Step:
    return lambda _: ApiAnswer(code, b"no", retry_after)


def no_answer(_: World) -> ApiAnswer:
    raise NoAnswerError("timeout", "the answer timed out")


def killed(_: World) -> ApiAnswer:
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


async def journaled(
    folder: Path, monkeypatch: pytest.MonkeyPatch, world: World
) -> list[Outgoing]:
    """Run one page's loop through the script: the records of its answers, in their order."""
    monkeypatch.setattr(polling, "sleep_or_stop", world.sleep)
    async with open_journal(folder, max_bytes=10**9) as journal:
        await _poller(folder, journal, world, 3_600).run(world.stop)
        waiting = sorted(journal.progress.pending, key=lambda pending: pending.number)
        records = [await journal.read(pending) for pending in waiting]
    return [record for record in records if record.topic != GAPS]


def _poller(
    folder: Path, journal: Journal, world: World, probe_s: float, max_doubt_ms: int = 1
) -> Poller:
    metrics = IngestorMetrics(CollectorRegistry())
    clock = world.clock.clock(max_doubt_ms=max_doubt_ms)
    stamps = Stamps(FloorClock(clock, journal.progress.floor_ms))
    allowance = Allowance(CreditLimits(10**9, None), 600)
    budget = Budget(folder / "credits.json", [PLAN], allowance, clock)
    retry_delay = RetryDelay(Backoff(base_s=0.001, cap_s=0.001))
    key = KeyGate(probe_ms=round(probe_s * 1_000))
    gating = Gating(key, budget, journal, 10_000, retry_delay, clock)
    terms = Terms("http://api", "simulator", 60_000, lambda size: "a" * size * 2)
    attempt = PollAttempt(world, journal, budget, terms, stamps, clock, metrics)
    gaps = MissedTickLog(PLAN, journal, stamps, "me", metrics)
    return Poller(
        PLAN, attempt, gating, budget, gaps, FeedTicks("assets"), ConcurrencyLimit(8), Pulse(60)
    )
