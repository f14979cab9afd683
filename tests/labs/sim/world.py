"""The world of a run: broker, bucket, sinks, a producer, and what is done to them."""

import asyncio
import random
from collections.abc import Callable, Collection
from dataclasses import replace

from s3_sink.core.partition_state import Phase
from s3_sink.core.ports import Commit, Partition
from tests.labs.events import Event, picked
from tests.labs.sim.broker import Broker, PartitionLog
from tests.labs.sim.bucket import WatchedBucket
from tests.labs.sim.clock import SimLoop
from tests.labs.sim.controls import Control
from tests.labs.sim.oracle import Oracle
from tests.labs.sim.scenario import Scenario, drawn_by, limits, record
from tests.labs.sim.sink import Place, SinkProcess, Wall
from tests.labs.sim.sometimes import SITUATIONS
from tests.labs.sim.told import Told
from tests.labs.situations import Situations

TOPIC = "coincap.assets.v1"
DENIED_S = 12.0
# A sink that is told to stop may wait for a failing poll (2 s), flush and commit (2 s) and say goodbye.
_STOPS_S = 8.0
_DAY_MS = 86_400_000
# What is waited for is looked for so often, and for so long.
_MOMENT_S = 0.01
_MOMENTS = 500
_SEGMENT_RECORDS = 7


class World:
    """Everything of one run."""

    def __init__(
        self, seed: int, control: Control, loop: SimLoop, events: Collection[int] | None
    ) -> None:
        self.loop = loop
        self.rng = random.Random(f"world-{seed}")
        drawn = drawn_by(seed)
        self.drawn = tuple(map(str, drawn.events))
        self.plan: Scenario = replace(drawn, events=picked(drawn.events, events))
        self.timeline: list[str] = []
        self.situations = Situations(SITUATIONS)
        self.reached = self.situations.reached
        self.sinks: list[SinkProcess] = []
        self.dead: list[SinkProcess] = []
        self.oracle = Oracle(self.note, control.counts, self.reached, self._holds)
        self.broker = Broker(
            {TOPIC: self.plan.partitions},
            loop.time,
            self.oracle.committed,
            self.note,
            self.reached,
        )
        self.oracle.broker = self.broker
        self.bucket = WatchedBucket(
            self.oracle.landed, self.reached, overwrites=control.overwrites
        )
        self.kafka_weather = self.plan.kafka_weather
        self.store_weather = self.plan.store_weather
        self.place = Place(
            loop,
            self.broker,
            self.bucket,
            self.kafka_weather,
            self.store_weather,
            Wall(loop),
            self.oracle,
            self.note,
            self.reached,
            control.writer,
        )
        self._told = Told(self.oracle, self.broker)
        self.is_healed = False
        self._started = 0
        self._seed = seed

    def note(self, text: str) -> None:
        self.timeline.append(f"{self.loop.time():9.3f} {text}")

    # The world goes on by itself.

    async def produce_until(self, end_s: float) -> None:
        while self.loop.time() < end_s:
            for partition in self.broker.partitions:
                if self.broker.is_there and not self.broker.logs[partition].is_truncated:
                    for _ in range(self.rng.randint(0, 5)):
                        self.append(self.broker.logs[partition])
            await asyncio.sleep(self.rng.uniform(0.2, 3.0))

    def append(self, log: PartitionLog) -> None:
        log.append(record(self.rng, log.life, log.end, self.loop.time()))
        if self.plan.has_holes and self.rng.random() < 0.1:
            log.end += 1  # The marker of a transaction takes an offset and is no record.

    async def tick(self) -> None:
        while True:
            for _ in range(2):
                await asyncio.sleep(0.5)
                self.broker.group.tick()
            self.look()

    def look(self) -> None:
        """What the sinks say of themselves, against the truth."""
        for sink in self.sinks:
            states = sink.sink.states
            committed = {one: sink.sink.committed(one) for one in states}
            self._told.look(sink.name, states, committed, self.place.wall.now_ms())
            if not sink.process.is_frozen:
                self._told.look_at_ages(sink.name, states, sink.awake_since_s, self.loop.time())
            if sink.sink.is_paused:
                self.reached("paused")
            self._look_at_its_end(sink)
            for partition, state in states.items():
                if state.phase is Phase.RUNNING:
                    self.oracle.announcements.went_on(
                        sink.name, partition.number, state.epoch, state.link
                    )
        for partition in self.broker.partitions:
            if sum(sink.holds(partition.number) for sink in self.sinks) > 1:
                self.reached("two-owners")

    def _look_at_its_end(self, sink: SinkProcess) -> None:
        """It ends in time, and lets go of all that it held."""
        if sink.is_over:
            if sink.sink.states and sink.crash is None:
                self.oracle.blame("account", f"{sink.name} is over and holds partitions")
        elif sink.stopped_at_s is not None and not sink.process.is_frozen:
            since_s = max(sink.stopped_at_s, sink.awake_since_s)
            if self.loop.time() > since_s + _STOPS_S:
                self.oracle.blame("stop", f"{sink.name} does not end, told to at {since_s:.1f}")

    def _holds(self, name: str, number: int) -> bool:
        return any(sink.name == name and sink.holds(number) for sink in self.sinks)

    # What is done to it.

    def start_sink(self) -> None:
        self._started += 1
        name = f"sink{self._started}"
        self.note(f"start {name}")
        rng = random.Random(f"{name}-{self._seed}")
        self.sinks.append(SinkProcess(name, self.place, rng, limits(rng)))

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
            self.loop.call_later(0.5 + amount * 25, self.thaw, sink)

    def thaw(self, sink: SinkProcess) -> None:
        if sink.process.is_frozen:
            self.note(f"thaw {sink.name}")
            sink.awake_since_s = self.loop.time()
            self.loop.thaw(sink.process)

    def _kill(self, amount: float) -> None:
        sink = self._one(amount)
        if sink is not None:
            self._end(sink)
            self.loop.call_later(amount * 5, self.start_sink)

    def _end(self, sink: SinkProcess) -> None:
        self.note(f"kill {sink.name}")
        sink.process.is_dead, sink.process.is_frozen = True, False
        self.sinks.remove(sink)
        self.dead.append(sink)

    def _power_cut(self, amount: float) -> None:
        """All sinks die at once, with what they had just sent, and two come back."""
        for sink in list(self.sinks):
            self._end(sink)
        self.broker.group.leave_all()
        for late_s in (0.0, amount * 3):
            self.loop.call_later(0.1 + late_s, self.start_sink)

    def _stop(self, amount: float) -> None:
        sink = self._one(amount)
        if sink is not None:
            self._tell_to_stop(sink, amount)

    def _tell_to_stop(self, sink: SinkProcess, amount: float) -> None:
        self.note(f"stop {sink.name}")
        phases = set(sink.states().values())
        if sink.is_probing:
            self.reached("stop-while-probing")
        elif not phases:
            self.reached("stop-unassigned")
        if Phase.STARTING in phases:
            self.reached("stop-while-looking")
        if Phase.STOPPED in phases:
            self.reached("stop-while-refused")
        if sink.is_putting:
            self.reached("stop-while-putting")
        sink.tell_to_stop()
        self.loop.call_later(amount * 5, self.start_sink)

    def _stop_when(self, amount: float) -> None:
        """One is told to stop in the very moment in which it is in some state."""
        states: tuple[Callable[[SinkProcess], bool], ...] = (
            lambda one: one.is_probing,
            lambda one: not one.is_probing and not one.states(),
            lambda one: Phase.STARTING in one.states().values(),
            lambda one: one.is_putting,
            lambda one: Phase.STOPPED in one.states().values(),
        )
        is_so = states[int(amount * 1000) % len(states)]
        self._when(is_so, lambda sink: self._tell_to_stop(sink, amount), _MOMENTS)

    def _when(
        self,
        is_so: Callable[[SinkProcess], bool],
        act: Callable[[SinkProcess], None],
        tries: int,
    ) -> None:
        """Act as soon as something is so of a sink that is awake; give it up after a while, or
        where the faults are over.
        """
        if self.is_healed:
            return
        awake = [one for one in self.sinks if not one.process.is_frozen and not one.is_over]
        found = next((one for one in awake if one.stopped_at_s is None and is_so(one)), None)
        if found is not None:
            act(found)
        elif tries:
            self.loop.call_later(_MOMENT_S, self._when, is_so, act, tries - 1)

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

    def _deny(self, amount: float) -> None:
        """Somebody takes away the right to one partition; the others have nothing to do with it."""
        partition = self.broker.partitions[int(amount * 1000) % len(self.broker.partitions)]
        reason = f"TopicAuthorizationFailedError at {self.loop.time():.3f}"
        self.broker.denied[partition] = reason
        self.loop.call_later(DENIED_S, self._allow, partition, reason)

    def _allow(self, partition: Partition, reason: str) -> None:
        # What was denied meanwhile for another reason stays denied.
        if self.broker.denied.get(partition) == reason:
            del self.broker.denied[partition]

    def _empty(self, amount: float) -> None:
        """Somebody empties the bucket; nobody could tell it from a new one without commits."""
        named = [commit.metadata for commit in self.broker.group.commits.values()]
        if len(named) == len(self.broker.partitions) and all(named):
            self.bucket.empty()
            self.oracle.emptied()

    def _recreate(self, amount: float) -> None:
        for sink in self.sinks:
            if sink.is_putting:
                self.reached("recreated-while-putting")
            if Phase.STARTING in sink.states().values():
                self.reached("recreated-while-looking")
        self.broker.delete_topic(keeps_commits=amount < 0.5)
        # Mostly at once, as `kafka-topics --delete` and `--create` in one line.
        self.loop.call_later(amount * 8 if amount < 0.6 else 0.0, self._create)

    def _recreate_when(self, amount: float) -> None:
        """The topic is made anew in the very moment in which a sink puts, or looks for a chain's end."""
        looks = int(amount * 1000) % 2
        self._when(
            lambda one: Phase.STARTING in one.states().values() if looks else one.is_putting,
            lambda _: self._recreate(amount),
            _MOMENTS,
        )

    def _create(self) -> None:
        if self.broker.is_there:
            return  # Two deletes, one topic.
        self.broker.create_topic()
        for log in self.broker.logs.values():
            # Often it is as long as the old one was before anybody looks.
            for _ in range(self.rng.choice((0, 5, 40, 80))):
                self.append(log)

    def _truncate(self, amount: float) -> None:
        """An unclean leader has less than what is stored: mostly by one."""
        for partition in self.broker.partitions:
            log, chain = self.broker.logs[partition], self.oracle.chain(partition.number)
            short = 1 if amount < 0.7 else 1 + int(amount * 5)
            is_same = self.broker.is_there and chain.life in (None, log.life)
            if is_same and log.start < chain.end <= log.end:
                log.truncate(max(0, chain.end - short))
                self.note(f"{partition} ends at {log.end}, its chain at {chain.end}")

    def _restore(self, amount: float) -> None:
        """The power is cut, and the bucket comes back without the newest objects."""
        self._power_cut(amount)
        lost = [self.oracle.restored(one.number) for one in self.broker.partitions]
        self.bucket.lose(key for key in lost if key is not None)
        self.note(f"lost: {lost}")

    def _expire_raw(self, amount: float) -> None:
        """All sinks are away for two days, and a rule of the bucket takes the raw objects."""
        self._power_cut(amount)
        self.place.wall.ahead_ms += 2 * _DAY_MS
        for partition in self.broker.partitions:
            commit = self.broker.group.commits.get(partition)
            self.bucket.lose(self.oracle.expired(partition, commit))

    def _first_sight(self, amount: float) -> None:
        """Two look at a topic first, and between their looks its oldest segment expires."""
        for log in self.broker.logs.values():
            for _ in range(_SEGMENT_RECORDS + 10):
                self.append(log)
        self.broker.forgets_when_asked = _SEGMENT_RECORDS

    def _wrong_commit(self, amount: float) -> None:
        """A stranger commits beyond the end of the chain, with the name of an object or without."""
        for partition in self.broker.partitions:
            chain = self.oracle.chain(partition.number)
            named = chain.last_key if amount < 0.5 else ""
            self._commit(partition, Commit(chain.end + 1 + int(amount * 5), named))

    def _early_commit(self, amount: float) -> None:
        """A stranger resets the group to some offset that is no link."""
        for partition in self.broker.partitions:
            end = self.oracle.chain(partition.number).end
            self._commit(partition, Commit(int(end * amount), ""))

    def _commit(self, partition: Partition, commit: Commit) -> None:
        self.broker.group.commits[partition] = commit
        self.oracle.committed_once[partition].add(commit.offset)
