"""The end of a run: faults stop, an operator mends what was refused, and all must be stored."""

import asyncio
from collections.abc import Collection

from coinlake.contracts.raw_layout import parse_raw_key
from coinlake.errors import ConfigError
from coinlake_tools.chain_marks import Marks
from s3_sink.core.partition_state import Phase
from s3_sink.core.ports import Partition
from tests.labs.sim.operator import ReadOnlyLog, calm_store
from tests.labs.sim.scenario import DISASTERS
from tests.labs.sim.sink import GUARD_S
from tests.labs.sim.world import TOPIC, World

# Healed sinks need a session timeout, a rebalance and a few backoffs; more means they are stuck.
_HEAL_S = 120.0
# A request of a dead sink may still be on its way: longer than the network can hold one.
_SILENCE_S = 25.0
# Why a partition is refused for its commit, and what an operator answers with a new epoch.
_COMMITS = frozenset({"commit", "named-commit"})
_NEW_EPOCH = frozenset({"recreated", "emptied", "truncated"})


class Healing:
    """Heals a world. `refusals` counts partitions that were rightly held still."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.refusals = 0

    async def run(self) -> None:
        """All faults end; what was refused is put right by an operator, and then all is stored."""
        self._world.is_healed = True
        for weather in (self._world.store_weather, self._world.kafka_weather):
            weather.is_down, weather.slow_s = False, 0.0
            weather.refused = weather.lost = weather.late = weather.conflicts = 0.0
        while not self._world.broker.is_there:  # noqa: ASYNC110 - virtual time
            await asyncio.sleep(0.5)  # somebody is about to make it anew
        for sink in list(self._world.sinks):
            self._world.thaw(sink)
        if not any(not sink.is_over and not sink.stop.is_set() for sink in self._world.sinks):
            self._world.start_sink()
        self._world.note("healed")
        self._world.broker.denied.clear()
        if self._world.oracle.is_empty:
            await self._show_that_it_is_empty()
        settled = await self._settles()
        if settled and not self._is_wrong():
            await self._show_that_one_denied_stops_no_other()
        if settled or self._is_wrong():
            return
        await self._operate()

    async def _show_that_it_is_empty(self) -> None:
        """A sink that has something to write must notice, however it has come this far."""
        await asyncio.sleep(_SILENCE_S + GUARD_S)
        self._world.oracle.must_have_noticed = True
        for log in self._world.broker.logs.values():
            for _ in range(20):
                self._world.append(log)

    async def _show_that_one_denied_stops_no_other(self) -> None:
        """What has nothing to do with it is stored, and the sink says what it cannot read."""
        world = self._world
        denied, *others = world.broker.partitions
        if not others:
            return
        world.note(f"{denied} may not be read")
        world.broker.denied[denied] = "TopicAuthorizationFailedError"
        for one in others:
            for _ in range(20):
                world.append(world.broker.logs[one])
        deadline_s = world.loop.time() + _HEAL_S
        while world.loop.time() < deadline_s and not self._is_wrong():
            told = any(denied in sink.ears.unread for sink in world.sinks)
            if told and all(self._is_stored(one) for one in others):
                break
            await asyncio.sleep(1.0)
        else:
            world.oracle.blame("isolation", f"while {denied} is denied: {self._standing()}")
        world.broker.denied.clear()

    async def _settles(self) -> bool:
        """Whether everything comes to be stored, without anybody's help."""
        deadline_s = self._world.loop.time() + _HEAL_S
        while self._world.loop.time() < deadline_s and not self._is_wrong():
            if all(self._is_stored(one) for one in self._world.broker.partitions):
                return True
            if self._all_stopped():
                return False
            await asyncio.sleep(1.0)
        if any(self._owed(one) in _COMMITS for one in self._world.broker.partitions):
            return False  # Nobody looks at a commit before the next assignment.
        if not self._is_wrong():
            self._world.oracle.blame("stuck", f"no progress: {self._standing()}")
        return False

    def _is_stored(self, partition: Partition) -> bool:
        log, chain = (
            self._world.broker.logs[partition],
            self._world.oracle.chain(partition.number),
        )
        # Heartbeats alone wait for a value, an hour, a revoke or a shutdown.
        values = [one.offset for one in log.records[-20:] if one.value is not None]
        wanted = max((values[-1] + 1 if values else 0), log.start)
        same = chain.life in (None, log.life)
        return same and chain.end >= wanted and not self._owed(partition)

    def _owed(self, partition: Partition) -> str | None:
        """Why this partition must be refused, from the truth; None where it must go on."""
        log, chain = (
            self._world.broker.logs[partition],
            self._world.oracle.chain(partition.number),
        )
        commit = self._world.broker.group.commits.get(partition)
        if self._world.oracle.is_empty:
            return "emptied"
        epoch = self._world.oracle.epochs.get(self._world.oracle.epoch)
        if epoch is not None and epoch.topic_id != self._world.broker.topic_id:
            return "recreated"
        if chain.end > log.end:
            return "truncated"
        if chain.end < log.start:
            return "expired"
        if commit is not None and commit.offset > chain.end:
            named = parse_raw_key(commit.metadata)
            if named is None:
                return "commit"
            if named.epoch == self._world.oracle.epoch:
                return "named-commit"
        return None

    def _all_stopped(self) -> bool:
        """Whether each partition is either stored or rightly held still by its owner."""
        return all(
            self._is_stored(one) or Phase.STOPPED in self._states(one)
            for one in self._world.broker.partitions
        ) and any(Phase.STOPPED in self._states(one) for one in self._world.broker.partitions)

    def _states(self, partition: Partition) -> list[Phase]:
        return [
            sink.states()[partition] for sink in self._world.sinks if partition in sink.states()
        ]

    async def _operate(self) -> None:
        """Each refusal must have its reason; the operator restarts, and removes the reason."""
        for partition in self._world.broker.partitions:
            if self._is_stored(partition):
                continue
            self.refusals += 1
            owed = self._owed(partition)
            if owed is None and not self._has_disaster:
                self._world.oracle.blame("refusal", f"{partition} was refused without a reason")
        await self._restart(operate=False)
        for partition in self._world.broker.partitions:
            if self._owed(partition) is not None:
                await self._refused(partition)
        await self._restart(operate=True)
        await self._settles()
        if not all(self._is_stored(one) for one in self._world.broker.partitions):
            self._world.oracle.blame("stuck", f"after the operator: {self._standing()}")

    @property
    def _has_disaster(self) -> bool:
        names = {event.what for event in self._world.plan.events}
        return bool(names & set(DISASTERS))

    async def _restart(self, *, operate: bool) -> None:
        # Some may only be starting now.
        while not all(sink.is_over for sink in self._world.sinks):
            for sink in self._world.sinks:
                sink.tell_to_stop()
            await asyncio.sleep(1.0)
        if operate:
            await self._put_right()
        self._world.start_sink()

    async def _refused(self, partition: Partition) -> None:
        """A fresh sink must refuse what is owed a refusal."""
        deadline_s = self._world.loop.time() + _HEAL_S
        while self._world.loop.time() < deadline_s and not self._is_wrong():
            states = self._states(partition)
            owed = self._owed(partition)
            if owed is None:
                return  # A late request of a dead sink has removed the reason.
            if Phase.STOPPED in states:
                self._world.reached(f"refused-{owed}")
                return
            if Phase.RUNNING in states:
                self._world.oracle.blame(
                    "no refusal", f"{partition} runs: {self._owed(partition)}"
                )
            await asyncio.sleep(0.2)
        if not self._is_wrong():
            self._world.oracle.blame("no refusal", f"{partition}: {self._owed(partition)}")

    async def _put_right(self) -> None:
        """The operator's deeds, with the operator's tools: abandoned ranges, a new epoch."""
        world = self._world
        await asyncio.sleep(_SILENCE_S)
        while world.broker.group.members:
            for sink in world.sinks:  # some were only about to start
                sink.tell_to_stop()
            await asyncio.sleep(1.0)
        owed = {one: self._owed(one) for one in world.broker.partitions}
        store = calm_store(world.loop, world.bucket)
        marks = Marks(store, ReadOnlyLog(world.broker), "the sinks")
        try:
            if _NEW_EPOCH & set(owed.values()):
                self._mend([one for one, reason in owed.items() if reason == "truncated"])
                await marks.raise_epoch(TOPIC, "made anew", 0)
            else:
                await self._abandon(marks, [one for one in owed if owed[one] == "expired"])
        except ConfigError as error:
            world.oracle.blame("operator", f"the tools refuse: {error}")
        if any(self._is_ahead(one) for one in world.broker.partitions):
            world.broker.group.commits.clear()

    async def _abandon(self, marks: Marks, partitions: Collection[Partition]) -> None:
        for one in partitions:
            start = self._world.broker.logs[one].start
            await marks.abandon(TOPIC, one.number, start, "expired unread: 100 %")

    def _mend(self, partitions: Collection[Partition]) -> None:
        """Logs go on from where the new leader ends, with other records than were lost."""
        for partition in partitions:
            log = self._world.broker.mend(partition)
            for _ in range(10):
                self._world.append(log)

    def _is_ahead(self, partition: Partition) -> bool:
        """Whether a commit speaks of more than the chain has, and of no ended epoch."""
        commit = self._world.broker.group.commits.get(partition)
        if commit is None or commit.offset <= self._world.oracle.chain(partition.number).end:
            return False
        named = parse_raw_key(commit.metadata)
        return named is None or named.epoch == self._world.oracle.epoch

    def _is_wrong(self) -> bool:
        for sink in self._world.sinks:
            if sink.crash is not None:
                self._world.oracle.blame("crash", f"{sink.name}: {sink.crash!r}")
        for error in self._world.loop.troubles:
            self._world.oracle.blame("crash", f"an error that nobody heard: {error!r}")
        self._world.loop.troubles.clear()
        return bool(self._world.oracle.violations)

    def _standing(self) -> str:
        said = []
        for one in self._world.broker.partitions:
            log, chain = self._world.broker.logs[one], self._world.oracle.chain(one.number)
            said.append(
                f"{one}: log [{log.start}, {log.end}), chain {chain.end}, "
                f"{[str(state) for state in self._states(one)]}, {self._owed(one)}"
            )
        return "; ".join(said)
