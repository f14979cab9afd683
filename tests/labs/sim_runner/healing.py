"""The end of a run: faults stop, and everything that can be published must be."""

import asyncio
import json
from collections import Counter

from coinlake.contracts.cloud import RUNNER_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import LedgerEntry, curated_key, ledger_prefix, parse_entry
from coinlake.contracts.raw_layout import parse_raw_key, topic_prefix
from coinlake.contracts.raw_meta import parse_raw_meta
from etl_runner.core.hours import FeedHour
from tests.labs.bucket import Stored
from tests.labs.sim_runner.world import World

# Waits of parked hours and of crawls are two and six hours: minutes of the world.
HEAL_S = 700.0
IDLE_S = 40.0
# A try of each of three runners, and one more that was under way.
RECORD_PUTS = 4
# Two passes, behind the longest wait after one that failed: what is odd has been seen by then.
TOLD_S = 50.0
# Of a pass over five days: two listings a feed and day, one a table and day, the records.
IDLE_CALLS = 1000


class Healing:
    """Heals a world, and judges what came of it."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def run(self) -> None:
        self._heal()
        await self._settles()
        await self._settles_without_graffiti()
        if not self.is_wrong():
            await self._is_idle()
        if not self.is_wrong():
            await asyncio.sleep(TOLD_S)
            self._is_told()

    def _heal(self) -> None:
        world = self._world
        for weather in (world.place.store_weather, world.place.glue_weather):
            weather.is_down, weather.slow_s = False, 0.0
            weather.refused = weather.lost = weather.late = weather.resent = 0.0
        trouble = world.glue.trouble
        trouble.is_broken, trouble.stuck, trouble.odd = False, 0.0, 0.0
        trouble.miscounts = frozenset()
        catalog = world.catalog
        catalog.hidden, catalog.is_away, catalog.crawls_fail = set(), False, 0.0
        world.heartbeats_ahead.clear()
        if world.hands.returns:
            # Nothing is done to the world from here on.
            world.hands.put_back()
        if not world.plan.keeps_graffiti:
            world.hands.mend_ledger()
        if not world.plan.keeps_poison:
            trouble.poison = frozenset()
        for one in list(world.runners):
            world.thaw(one)
        if not world.awake():
            world.start_runner()
        world.note("healed")

    async def _settles_without_graffiti(self) -> None:
        """What nobody could read stops nothing else, is told, and goes on once it can be read."""
        world = self._world
        if not world.hands.broken_ledger or self.is_wrong():
            return
        await asyncio.sleep(TOLD_S)
        world.reached("others published beside graffiti")
        for hour in world.hands.hours_with_graffiti():
            if not all(one.hours.get(hour).aside for one in world.awake()):
                world.oracle.blame("untold", f"{hour} has no readable ledger")
        world.hands.mend_ledger()
        world.note("ledger mended")
        await self._settles()

    async def _settles(self) -> None:
        world = self._world
        deadline_s = world.loop.time() + HEAL_S
        lacking: list[str] = []
        while world.loop.time() < deadline_s and not self.is_wrong():
            lacking = self._lacking()
            if not lacking:
                return
            await asyncio.sleep(2.0)
        if not self.is_wrong():
            world.oracle.blame("unpublished for ever", "; ".join(lacking[:3]))

    def _lacking(self) -> list[str]:
        """What is not as it should be, hour by hour."""
        raw = self._world.hours_of_raw()
        hours = sorted({*raw, *self._world.oracle.versions})
        found = []
        for hour in hours:
            why = self._why(hour, {key: one.etag for key, one in raw.get(hour, {}).items()})
            if why:
                found.append(f"{hour} {why}")
        return found

    def _why(self, hour: FeedHour, inputs: dict[str, str]) -> str | None:
        if hour in self._world.hands.hours_with_graffiti():
            return None
        head = self.head(hour)
        if self._is_held(hour, head, inputs):
            return None
        if head is None:
            return "has no head"
        # An object that was gone for a moment counts as an input, whatever it has.
        raw = self._world.oracle.raw
        made_of = {item.key: item.etag for item in head.inputs if raw[item.key, item.etag]}
        if made_of != inputs:
            return f"version {head.version} is not made from what is raw"
        hands = self._world.hands
        if hour not in hands.recounted and head.version <= hands.commanded.get(hour, 0):
            return f"version {head.version} is not what an accepted command wants"
        # Also of a command whose operator was told an error, since its answer came too late.
        if any(one.hours.get(hour).forced for one in self._world.awake()):
            return "is still to be rebuilt"
        if not head.complete and self._is_passed(hour):
            return f"version {head.version} is not complete, and its stream has passed it"
        return self._not_visible(hour, head)

    def _is_passed(self, hour: FeedHour) -> bool:
        """Whether the newest object of each partition promises that nothing more comes for the hour."""
        newest: dict[int, tuple[tuple[int, int], Stored]] = {}
        prefix = topic_prefix(TABULAR[hour.feed].topic)
        for key, stored in self._world.bucket.objects.items():
            named = parse_raw_key(key) if key.startswith(prefix) else None
            if named is None:
                continue
            at = (named.epoch, named.link)
            if named.partition not in newest or newest[named.partition][0] < at:
                newest[named.partition] = (at, stored)
        metas = [parse_raw_meta(stored.metadata) for _, stored in newest.values()]
        promised = [None if meta is None else meta.complete_to_ms for meta in metas]
        now_ms = self._world.now_ms()
        # What is promised of a time that has not come is not believed.
        return bool(promised) and all(
            told_ms is not None and hour.at.end_ms <= told_ms <= now_ms for told_ms in promised
        )

    def _is_held(
        self, hour: FeedHour, head: LedgerEntry | None, inputs: dict[str, str]
    ) -> bool:
        """Whether nothing can or may be done: it fails for ever, or raw has vanished."""
        if hour in self._world.glue.trouble.poison:
            return True
        if head is None:
            return not inputs
        return self._has_lost(head)

    def _has_lost(self, head: LedgerEntry) -> bool:
        return any(item.key not in self._world.bucket.objects for item in head.inputs)

    def _not_visible(self, hour: FeedHour, head: LedgerEntry) -> str | None:
        for output in head.outputs:
            there = self._world.bucket.objects.get(curated_key(output.table, hour.at))
            if there is None or there.etag != output.etag:
                return f"{output.table} is not what the ledger says"
            if (output.table, hour.at) not in self._world.catalog.partitions:
                return f"{output.table} has no partition"
        main = self._world.bucket.objects[curated_key(TABULAR[hour.feed].published[0], hour.at)]
        wanted = [
            one for item in head.inputs for one in self._world.oracle.raw[item.key, item.etag]
        ]
        return None if sorted(json.loads(main.body)) == sorted(wanted) else "has other rows"

    def head(self, hour: FeedHour) -> LedgerEntry | None:
        prefix = ledger_prefix(hour.feed, hour.at)
        keys = [key for key in self._world.bucket.objects if key.startswith(prefix)]
        return parse_entry(self._world.bucket.objects[max(keys)].body) if keys else None

    async def _is_idle(self) -> None:
        """Nothing is written any more, and what is asked is bounded."""
        if self._world.glue.trouble.poison & set(self._world.hours_of_raw()):
            # It is tried again, seldom; between its tries nothing is written of it.
            await self._records_are_still()
            return
        await asyncio.sleep(IDLE_S)
        before = [(one, one.network.asked, one.network.told) for one in self._world.awake()]
        await asyncio.sleep(IDLE_S)
        for one, asked, told in before:
            if one.network.told != told:
                said = f"{one.name} writes although all is done: {one.network.told_last}"
                self._world.oracle.blame("restless", said)
            if one.network.asked - asked > IDLE_CALLS * IDLE_S / 8:
                self._world.oracle.blame("restless", f"{one.network.asked - asked} calls")

    async def _records_are_still(self) -> None:
        puts = self._world.bucket.puts
        await asyncio.sleep(IDLE_S)
        before = len(puts)
        await asyncio.sleep(IDLE_S)
        written = Counter(key for key in puts[before:] if key.startswith(RUNNER_PREFIX))
        for key, times in written.items():
            if times > RECORD_PUTS:
                self._world.oracle.blame("restless", f"{key} was written {times} times")

    def _is_told(self) -> None:
        """What cannot be mended is alarmed, with its reason."""
        for hour in self._world.oracle.versions:
            head = self.head(hour)
            if head is not None and self._has_lost(head):
                told = any(one.hours.get(hour).aside for one in self._world.awake())
                if not told:
                    self._world.oracle.blame(
                        "untold", f"{hour} lost raw objects, nobody is told"
                    )

    def is_wrong(self) -> bool:
        world = self._world
        for one in [*world.runners, *world.dead]:
            if one.crash is not None:
                world.oracle.blame("crash", f"{one.name}: {one.crash!r}")
        for error in world.loop.troubles:
            world.oracle.blame("crash", f"an error that nobody heard: {error!r}")
        world.loop.troubles.clear()
        return bool(world.oracle.violations)
