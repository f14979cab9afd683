"""The end of a run: faults stop, the ingestor drains, and all that came in must be in the tables."""

import asyncio
import random
from collections import Counter
from dataclasses import replace

from ingestor.core.credits import month_of
from tests.labs.sim.wire import Weather
from tests.labs.sim_chain.judging import Damage, Judges
from tests.labs.sim_chain.upstream import Mood
from tests.labs.sim_chain.world import World

# What is late lands within six seconds; a session, a rebalance and a few backoffs take longer.
_LATE_S = 7.0
HEAL_S = 180.0
_DAMAGED = 0.2
"""So many runs end with a damaged raw object, and so many with a damaged table."""
# The ingestor's own deadline twice, and what its last requests may take.
_DRAINS_S = 30.0


class Healing:
    """Heals a world, and judges what came of it."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._judges = Judges(world)
        self._rng = random.Random(f"chain-damage-{seed}")

    async def run(self) -> None:
        """All faults end. Whatever was answered must be published, once, and so it must be told."""
        world = self._world
        self._calm_down()
        if world.ingestor is None:
            world.start_ingestor()
        if not world.awake_sinks():
            world.start_sink()
        if not world.awake_runners():
            world.start_runner()
        world.note("healed")
        await asyncio.sleep(_LATE_S)
        stopped_ms = await self._drain()
        if not self.is_wrong():
            await self._settle()
        if not self.is_wrong():
            await self._judge(stopped_ms)

    def _calm_down(self) -> None:
        world = self._world
        world.is_healed = True
        world.host_ahead_ms = 0
        world.disk.is_full, world.disk.breaks_after = False, None
        world.loop.thread_s = lambda: 0.0005
        world.upstream.mood.__dict__.update(
            replace(Mood(), has_dates=world.plan.mood.has_dates).__dict__
        )
        for weather in (world.kafka_weather, world.store_weather, world.glue_weather):
            weather.__dict__.update(Weather().__dict__)
        trouble = world.glue.trouble
        trouble.is_broken, trouble.stuck, trouble.odd = False, 0.0, 0.0
        for one in (world.ingestor, *world.sinks, *world.runners):
            if one is not None:
                world.hands.thaw(one)

    async def _drain(self) -> int:
        """The ingestor is told to stop, and leaves nothing in its journal; when it was told."""
        world = self._world
        deadline_s = world.loop.time() + _DRAINS_S
        while (one := world.ingestor) is None or not one.has_sent_all:
            if world.loop.time() > deadline_s:
                world.oracle.blame("stuck", f"{one and one.name} does not send all that waits")
                return 0
            await asyncio.sleep(0.5)
        stopped_ms, world.is_over = world.now_ms(), True
        one.stop.set()
        while not one.is_over and world.loop.time() < deadline_s:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        if not one.is_over or one.journal is None or one.journal.progress.pending_records:
            world.oracle.blame("stuck", f"{one.name} leaves records behind")
        return stopped_ms

    async def _settle(self) -> None:
        """Nobody helps any more."""
        world, judges = self._world, self._judges
        deadline_s = world.loop.time() + HEAL_S
        lacking: list[str] = []
        while world.loop.time() < deadline_s and not self.is_wrong():
            lacking = judges.open_hours() or judges.raw_lacks() or judges.tables_lack()
            if not lacking:
                return
            await asyncio.sleep(2.0)
        if not self.is_wrong():
            world.oracle.blame("stuck", "; ".join(lacking[:3]))

    async def _judge(self, stopped_ms: int) -> None:
        world, judges, blame = self._world, self._judges, self._world.oracle.blame
        self._answers_are_kept()
        await self._lake_is_whole()
        if not (world.hands.has_set_clock or world.plan.terms.limits.per_month < 10**9):
            world.ticks.judge(world.gaps(), stopped_ms, blame)
        self._credits_last()
        self._count()
        if not world.oracle.violations:
            world.reached("whole")
            # Each look costs as much as five seconds of the world.
            damage, luck = Damage(world, judges, self._rng), self._rng.random()
            if luck < _DAMAGED:
                await damage.to_raw()
            elif luck < 2 * _DAMAGED:
                await damage.to_tables()

    async def _lake_is_whole(self) -> None:
        judges, blame = self._judges, self._world.oracle.blame
        for lacking in judges.raw_lacks():
            blame("raw", lacking)
        for lacking in judges.tables_lack():
            blame("tables", lacking)
        for finding in await judges.audit():
            blame("audit", f"{finding.kind} {finding.key}: {finding.text}")
        for one in await judges.doctor():
            blame("doctor", f"{one.kind} {one.key}: {one.said}")

    def _answers_are_kept(self) -> None:
        """What was taken for answered is in Kafka; what was only heard may be lost by a death alone."""
        world, oracle = self._world, self._world.oracle
        there = Counter((one.named[0], one.record.value or b"") for one in oracle.sent.values())
        for at, count in oracle.answered.items():
            if there[at] < count:
                oracle.blame("lost", f"an answer of {at[0]} was journaled and is not in Kafka")
        for heard in oracle.unjournaled():
            world.reached("answer unjournaled")
            if heard.who not in world.untrusted:
                oracle.blame("lost", f"{heard.who} lost an answer of {heard.key}")

    def _credits_last(self) -> None:
        world, limits = self._world, self._world.plan.terms.limits
        upstream = world.upstream
        if limits.max_total is not None and upstream.spent() > limits.max_total:
            world.oracle.blame("credits", f"{upstream.spent()} of {limits.max_total} are spent")
        if not world.hands.has_set_clock:
            for month in {month_of(at_ms) for at_ms, _ in upstream.billed}:
                if upstream.spent(month) > limits.per_month:
                    world.oracle.blame("credits", f"{upstream.spent(month)} in {month}")

    def _count(self) -> None:
        """What the ingestors have told."""
        world = self._world
        for gap in world.gaps():
            world.reached("ticks missed")
            if gap.cause == "credits":
                world.reached("out of credits")
            if gap.cause == "spool_full":
                world.reached("spool full")
        for one in world.ingestors():
            if one.metrics.restamped._value.get():
                world.reached("record restamped")
        if world.catalog.crawls:
            world.reached("crawl")

    def is_wrong(self) -> bool:
        """Whether there is a violation, with those that nobody else would tell of."""
        world = self._world
        for one in (world.ingestor, *world.sinks, *world.runners, *world.dead):
            if one is not None and one.crash is not None:
                world.oracle.blame("crash", f"{one.name}: {one.crash!r}")
        for error in world.loop.troubles:
            world.oracle.blame("crash", f"an error that nobody heard: {error!r}")
        world.loop.troubles.clear()
        return bool(world.oracle.violations)
