"""The runner's steps over a world in memory, a turn at a time."""

import asyncio
import random

from coinlake.backoff import Backoff
from coinlake.lifecycle import Pulse
from coinlake.testing import FakeClock
from etl_runner.core.hours import Hours
from etl_runner.core.plan import PlanningPolicy
from etl_runner.loop.batch import BatchPipeline, BatchTerms
from etl_runner.loop.batch_loop import BatchLoop
from etl_runner.loop.commands import OperatorCommands
from etl_runner.loop.failing import Failing, Patience
from etl_runner.loop.live import LiveViews
from etl_runner.loop.publish import HiveTablePublisher
from etl_runner.loop.reconcile import Reconcile
from etl_runner.loop.records import RunnerRecords
from etl_runner.loop.run import Timing
from etl_runner.loop.totals import Totals
from tests.unit.etl_runner.world import World

POLICY = PlanningPolicy(0, 1000, 0, 3_600_000, 9, 10_000)


class NoticedRandom(random.Random):
    """Draws no delay, and tells that one was asked for: something has failed."""

    def __init__(self, noticed: asyncio.Event) -> None:
        super().__init__(1)
        self._noticed = noticed

    def uniform(self, a: float, b: float) -> float:
        self._noticed.set()
        return 0.001


class Runner:
    """One runner over a world; several may share one."""

    def __init__(self, world: World, clock: FakeClock, deadline_s: float = 60) -> None:
        self.world, self.clock = world, clock
        self.hours = Hours()
        self.parts = world.parts
        totals = Totals(world.metrics, 2, 0.44)
        patience = Patience(Backoff(1, 60), Backoff(1, 60), Backoff(3600, 86_400), 3)
        failing = Failing(self.hours, patience, totals, self.now_ms, random.Random(1))
        self.records = RunnerRecords(world.store, self.hours, world.metrics)
        terms = BatchTerms(POLICY, "dev", 1000, Timing(0.001, deadline_s, 0.0, clock))
        self.batches = BatchPipeline(
            self.parts,
            self.hours,
            terms,
            HiveTablePublisher(self.parts),
            world.announcer,
            totals,
            failing,
            self.now_ms,
            lambda: None,
            self.records.accepts_missing,
        )
        self.reconcile = Reconcile(self.parts, self.hours, self.records)
        self.live = LiveViews(
            world.catalog,
            self.parts.lake,
            self.hours,
            self.reconcile.unlisted,
            1000,
            world.metrics,
        )
        self.noticed = asyncio.Event()
        self.commands = OperatorCommands(
            self.parts.lake, self.hours, self.records, asyncio.Event(), self.now_ms
        )

    def loop(self, stop: asyncio.Event, wake: asyncio.Event) -> BatchLoop:
        rng = NoticedRandom(self.noticed)
        return BatchLoop(
            self.reconcile,
            self.live,
            self.batches,
            self.records,
            self.parts,
            Pulse(60),
            self.now_ms,
            rng,
        )

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    async def turn(self, stop: asyncio.Event | None = None) -> bool:
        await self.reconcile.run(self.now_ms())
        try:
            return await self.batches.turn(stop or asyncio.Event())
        finally:
            await self.records.save()
