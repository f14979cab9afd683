"""The runner's steps over a world in memory, a turn at a time."""

import asyncio
import random

from coinlake.backoff import Backoff
from coinlake.lifecycle import Pulse
from coinlake.testing import FakeClock
from etl_runner.core.hours import Hours
from etl_runner.core.plan import Policy
from etl_runner.loop.batch import Batches, Failing, closing_of
from etl_runner.loop.freeze import Freeze
from etl_runner.loop.publish import Publish
from etl_runner.loop.reconcile import Reconcile
from etl_runner.loop.run import RunBatch, Timing
from etl_runner.loop.runner import Loop
from etl_runner.loop.tables import Tables
from etl_runner.loop.totals import Totals
from tests.unit.etl_runner.world import World

POLICY = Policy(0, 1000, 0, 3_600_000, 9, 10_000)


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
        totals = Totals(world.metrics, 2, 0.44)
        self.run = RunBatch(
            world.store, "coinlake", world.glue, Timing(0.001, deadline_s), clock, lambda: None
        )
        self.run.ended = totals.ended
        steps = (
            Freeze(world.lake, self.hours, world.metrics, "dev", 1000),
            self.run,
            Publish(
                world.lake,
                Tables(world.catalog, world.metrics),
                self.hours,
                world.metrics,
                closing_of(self.hours, POLICY, self.now_ms),
            ),
        )
        failing = Failing(self.hours, Backoff(1, 60), 3, totals, self.now_ms, random.Random(1))
        self.batches = Batches(
            world.lake, self.hours, POLICY, steps, world.announcer, totals, failing, self.now_ms
        )
        self.reconcile = Reconcile(world.lake, self.hours, world.metrics)

        self.noticed = asyncio.Event()
        self.totals, self.tables = totals, Tables(world.catalog, world.metrics)

    def loop(self, stop: asyncio.Event, wake: asyncio.Event) -> Loop:
        rng = NoticedRandom(self.noticed)
        return Loop(
            self.reconcile,
            self.batches,
            self.tables,
            self.hours,
            self.totals,
            self.world.metrics,
            POLICY,
            Pulse(60),
            self.now_ms,
            rng,
        )

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    async def turn(self, stop: asyncio.Event | None = None) -> bool:
        await self.reconcile.run(self.now_ms())
        return await self.batches.turn(stop or asyncio.Event())
