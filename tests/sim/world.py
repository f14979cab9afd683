"""One run: builds the world of a seed, plays its scenario, heals it, and hears the judge."""

import asyncio
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass

from coinlake.contracts.epochs import Epoch
from coinlake.contracts.raw_layout import epoch_key
from s3_sink.core.lane import State
from s3_sink.core.ports import Commit, Partition
from tests.sim.broker import Broker, PartitionLog
from tests.sim.bucket import Bucket
from tests.sim.clock import SimLoop, in_virtual_time
from tests.sim.controls import NONE, Control
from tests.sim.oracle import Oracle
from tests.sim.scenario import CHAOS_S, Event, Scenario, record, scenario
from tests.sim.sink import BLIND_S, Place, SinkProcess
from tests.sim.wire import Weather

TOPIC = "coincap.assets.v1"
# Healed sinks need a session timeout, a rebalance and a few backoffs; more means they are stuck.
_HEAL_S = 120.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run went. Times in virtual seconds; the digest is that of the timeline."""

    seed: int
    violations: tuple[str, ...]
    timeline: tuple[str, ...]
    objects: int
    refusals: int
    virtual_s: float

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.timeline).encode()).hexdigest()[:16]


class World:
    """Everything of one run."""

    def __init__(self, seed: int, control: Control, loop: SimLoop) -> None:
        self.loop = loop
        self.rng = random.Random(f"world-{seed}")
        self.plan: Scenario = scenario(random.Random(f"plan-{seed}"))
        self.timeline: list[str] = []
        self.oracle = Oracle(self.note, control.ignores)
        self.broker = Broker(
            TOPIC, self.plan.partitions, loop.time, self.oracle.committed, self.note
        )
        self.oracle.broker = self.broker
        self.bucket = Bucket(self.oracle.landed, overwrites=control.overwrites)
        self.kafka_weather = Weather(**self.plan.kafka_shares)
        self.store_weather = Weather(**self.plan.store_shares)
        self.place = Place(
            loop, self.broker, self.bucket, self.kafka_weather, self.store_weather,
            self.note, control.writer,
        )  # fmt: skip
        self.sinks: list[SinkProcess] = []
        self.dead: list[SinkProcess] = []
        self.refusals = 0
        self._started = 0
        self._seed = seed

    def note(self, text: str) -> None:
        self.timeline.append(f"{self.loop.time():9.3f} {text}")

    # The world goes on by itself.

    async def produce_until(self, end_s: float) -> None:
        while self.loop.time() < end_s:
            for partition in self.broker.partitions:
                if self.broker.is_there:
                    for _ in range(self.rng.randint(0, 5)):
                        self.append(self.broker.logs[partition])
            await asyncio.sleep(self.rng.uniform(0.2, 3.0))

    def append(self, log: PartitionLog) -> None:
        hole = self.plan.has_holes and self.rng.random() < 0.1
        offset = log.end + (1 if hole else 0)
        log.append(record(self.rng, log.life, offset, self.loop.time()))

    async def tick(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.broker.group.tick()

    # What is done to it.

    def start_sink(self) -> None:
        self._started += 1
        name = f"sink{self._started}"
        self.note(f"start {name}")
        rng = random.Random(f"{name}-{self._seed}")
        self.sinks.append(SinkProcess(name, self.place, rng, self.plan.limits))

    def happen(self, event: Event) -> None:
        self.note(f"event: {event.what} {event.amount:.2f}")
        act: Callable[[float], None] = getattr(self, f"_{event.what}")
        act(event.amount)

    def _one(self, amount: float) -> SinkProcess | None:
        awake = [one for one in self.sinks if not one.process.is_frozen and not one.is_over]
        return awake[int(amount * 1000) % len(awake)] if awake else None

    def _freeze(self, amount: float) -> None:
        sink = self._one(amount)
        if sink is not None:
            sink.process.is_frozen = True
            self.note(f"freeze {sink.name}")
            self.loop.call_later(0.5 + amount * 25, self._thaw, sink)

    def _thaw(self, sink: SinkProcess) -> None:
        if sink.process.is_frozen:
            self.note(f"thaw {sink.name}")
            self.loop.thaw(sink.process)

    def _kill(self, amount: float) -> None:
        sink = self._one(amount)
        if sink is not None:
            self.note(f"kill {sink.name}")
            sink.process.is_dead = True
            self.sinks.remove(sink)
            self.dead.append(sink)
            self.loop.call_later(amount * 5, self.start_sink)

    def _stop(self, amount: float) -> None:
        sink = self._one(amount)
        if sink is not None:
            self.note(f"stop {sink.name}")
            sink.stop.set()
            self.loop.call_later(amount * 5, self.start_sink)

    def _add(self, amount: float) -> None:
        if len(self.sinks) < 4:
            self.start_sink()

    def _store_down(self, amount: float) -> None:
        self.store_weather.is_down = True
        self.loop.call_later(amount * 10, self._store_up)

    def _store_up(self) -> None:
        self.store_weather.is_down = False

    def _store_slow(self, amount: float) -> None:
        self.store_weather.slow_s = amount * 20

    def _kafka_down(self, amount: float) -> None:
        self.kafka_weather.is_down = True
        self.loop.call_later(amount * 10, self._kafka_up)

    def _kafka_up(self) -> None:
        self.kafka_weather.is_down = False

    def _trim(self, amount: float) -> None:
        """What is stored expires."""
        for partition in self.broker.partitions:
            log, chain = self.broker.logs[partition], self.oracle.chain(partition.number)
            if chain.life == log.life:
                log.start = max(log.start, int(chain.end * amount))

    def _expire(self, amount: float) -> None:
        """What is not stored yet expires too."""
        for partition in self.broker.partitions:
            log = self.broker.logs[partition]
            log.start = max(log.start, log.end - int(amount * 3))

    def _recreate(self, amount: float) -> None:
        self.broker.delete_topic(keeps_commits=amount < 0.5)
        self.loop.call_later(BLIND_S + 0.1 + amount * 8, self._create)

    def _create(self) -> None:
        if self.broker.is_there:
            return  # The healing was faster.
        self.broker.create_topic()
        for log in self.broker.logs.values():
            # Often it is as long as the old one was before anybody looks.
            for _ in range(self.rng.choice((0, 5, 40, 80))):
                self.append(log)

    def _wrong_commit(self, amount: float) -> None:
        """A stranger commits beyond the end of the chain."""
        for partition in self.broker.partitions:
            end = self.oracle.chain(partition.number).end + 1 + int(amount * 5)
            self.broker.group.commits[partition] = Commit(end, "")

    def _early_commit(self, amount: float) -> None:
        """A stranger resets the group to some offset that is no link."""
        for partition in self.broker.partitions:
            end = self.oracle.chain(partition.number).end
            self.broker.group.commits[partition] = Commit(int(end * amount), "")

    # The end.

    async def heal(self) -> None:
        """All faults end; what was refused is put right by an operator, and then all is stored."""
        for weather in (self.store_weather, self.kafka_weather):
            weather.is_down, weather.slow_s = False, 0.0
            weather.refused = weather.lost = weather.late = weather.conflicts = 0.0
        if not self.broker.is_there:
            self._create()
        for sink in list(self.sinks):
            self._thaw(sink)
        if not any(not sink.is_over and not sink.stop.is_set() for sink in self.sinks):
            self.start_sink()
        self.note("healed")
        if await self._settles() or self._is_wrong():
            return
        await self._operate()

    async def _settles(self) -> bool:
        """Whether everything comes to be stored, without anybody's help."""
        deadline_s = self.loop.time() + _HEAL_S
        while self.loop.time() < deadline_s and not self._is_wrong():
            if all(self._is_stored(one) for one in self.broker.partitions):
                return True
            if self._all_stopped():
                return False
            await asyncio.sleep(1.0)
        if not self._is_wrong():
            self.oracle.blame("stuck", f"no progress: {self._standing()}")
        return False

    def _is_stored(self, partition: Partition) -> bool:
        log, chain = self.broker.logs[partition], self.oracle.chain(partition.number)
        # Heartbeats alone wait for a value, an hour, a revoke or a shutdown.
        values = [one.offset for one in log.records[-20:] if one.value is not None]
        wanted = max((values[-1] + 1 if values else 0), log.start)
        same = chain.life in (None, log.life)
        return same and chain.end >= wanted and not self._owed(partition)

    def _owed(self, partition: Partition) -> str | None:
        """Why this partition must be refused, from the truth; None where it must go on."""
        log, chain = self.broker.logs[partition], self.oracle.chain(partition.number)
        commit = self.broker.group.commits.get(partition)
        if chain.life not in (None, log.life):
            return "recreated"
        if chain.end < log.start:
            return "expired"
        if commit is not None and commit.offset > chain.end and not commit.metadata:
            return "commit"
        return None

    def _all_stopped(self) -> bool:
        """Whether each partition is either stored or rightly held still by its owner."""
        return all(
            self._is_stored(one) or State.STOPPED in self._states(one)
            for one in self.broker.partitions
        ) and any(State.STOPPED in self._states(one) for one in self.broker.partitions)

    def _states(self, partition: Partition) -> list[State]:
        return [sink.states()[partition] for sink in self.sinks if partition in sink.states()]

    async def _operate(self) -> None:
        """Each refusal must have its reason; the operator restarts, and removes the reason."""
        for partition in self.broker.partitions:
            if self._is_stored(partition):
                continue
            self.refusals += 1
            owed = self._owed(partition)
            if owed is None and not self.plan_has_disaster:
                self.oracle.blame("refusal", f"{partition} was refused without a reason")
        await self._restart(operate=False)
        for partition in self.broker.partitions:
            if self._owed(partition) is not None:
                await self._refused(partition)
        await self._restart(operate=True)
        await self._settles()
        if not all(self._is_stored(one) for one in self.broker.partitions):
            self.oracle.blame("stuck", f"after the operator: {self._standing()}")

    @property
    def plan_has_disaster(self) -> bool:
        names = {event.what for event in self.plan.events}
        return bool(names & {"expire", "recreate", "wrong_commit", "early_commit"})

    async def _restart(self, *, operate: bool) -> None:
        # Some may only be starting now.
        while not all(sink.is_over for sink in self.sinks):
            for sink in self.sinks:
                sink.stop.set()
            await asyncio.sleep(1.0)
        if operate:
            self._put_right()
        self.start_sink()

    async def _refused(self, partition: Partition) -> None:
        """A fresh sink must refuse what is owed a refusal."""
        deadline_s = self.loop.time() + _HEAL_S
        while self.loop.time() < deadline_s and not self._is_wrong():
            states = self._states(partition)
            if State.STOPPED in states:
                return
            if State.RUNNING in states and self._owed(partition) is not None:
                self.oracle.blame("no refusal", f"{partition} runs: {self._owed(partition)}")
            await asyncio.sleep(0.2)
        if not self._is_wrong():
            self.oracle.blame("no refusal", f"{partition}: {self._owed(partition)}")

    def _put_right(self) -> None:
        """The operator's deeds: a new epoch, and commits that are forgotten."""
        owed = {one: self._owed(one) for one in self.broker.partitions}
        if {"recreated", "expired"} & set(owed.values()):
            origins = {
                one.number: self.broker.logs[one].start for one in self.broker.partitions
            }
            epoch = Epoch(TOPIC, self.oracle.epoch + 1, origins, "operator", 0)
            key = epoch_key(TOPIC, epoch.number)
            self.bucket.put(key, epoch.encode(), {}, if_none_match=True)
        else:
            self.broker.group.commits.clear()

    def _is_wrong(self) -> bool:
        for sink in self.sinks:
            if sink.crash is not None:
                self.oracle.blame("crash", f"{sink.name}: {sink.crash!r}")
        for error in self.loop.troubles:
            self.oracle.blame("crash", f"an error that nobody heard: {error!r}")
        self.loop.troubles.clear()
        return bool(self.oracle.violations)

    def _standing(self) -> str:
        said = []
        for one in self.broker.partitions:
            log, chain = self.broker.logs[one], self.oracle.chain(one.number)
            said.append(
                f"{one}: log [{log.start}, {log.end}), chain {chain.end}, "
                f"{[str(state) for state in self._states(one)]}, {self._owed(one)}"
            )
        return "; ".join(said)


def run(seed: int, control: Control = NONE) -> Verdict:
    """Play one seed to its end."""
    worlds: list[World] = []

    async def play(loop: SimLoop) -> None:
        world = World(seed, control, loop)
        worlds.append(world)
        await _play(world)

    with control.applied():
        in_virtual_time(play)
    (world,) = worlds
    return Verdict(
        seed,
        tuple(dict.fromkeys(world.oracle.violations)),
        tuple(world.timeline),
        world.oracle.objects,
        world.refusals,
        world.loop.time(),
    )


async def _play(world: World) -> None:
    background = [
        asyncio.ensure_future(world.tick()),
        asyncio.ensure_future(world.produce_until(CHAOS_S)),
    ]
    for _ in range(world.plan.sinks):
        world.start_sink()
    for event in world.plan.events:
        world.loop.call_at(event.at_s, world.happen, event)
    while world.loop.time() < CHAOS_S and not world.oracle.violations:
        await asyncio.sleep(1.0)
    if not world.oracle.violations:
        await world.heal()
    await _clear(world, background)


async def _clear(world: World, background: list[asyncio.Task[None]]) -> None:
    """Only now, with the verdict given, are the dead woken, to end their tasks."""
    for sink in [*world.sinks, *world.dead]:
        world.loop.thaw(sink.process)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, *background, return_exceptions=True)
