"""The world of a run: broker, bucket, sinks, a producer, and what is done to them."""

import asyncio
import random
from collections.abc import Callable

from s3_sink.core.ports import Commit, Partition
from tests.labs.sim.broker import Broker, PartitionLog
from tests.labs.sim.bucket import WatchedBucket
from tests.labs.sim.clock import SimLoop
from tests.labs.sim.controls import Control
from tests.labs.sim.oracle import Oracle
from tests.labs.sim.scenario import Event, Scenario, limits, record, scenario
from tests.labs.sim.sink import Place, SinkProcess

TOPIC = "coincap.assets.v1"
DENIED_S = 12.0


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
        self.bucket = WatchedBucket(self.oracle.landed, overwrites=control.overwrites)
        self.kafka_weather = self.plan.kafka_weather
        self.store_weather = self.plan.store_weather
        self.place = Place(
            loop,
            self.broker,
            self.bucket,
            self.kafka_weather,
            self.store_weather,
            self.note,
            control.writer,
        )
        self.sinks: list[SinkProcess] = []
        self.dead: list[SinkProcess] = []
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
        self.broker.delete_topic(keeps_commits=amount < 0.5)
        # Mostly at once, as `kafka-topics --delete` and `--create` in one line.
        self.loop.call_later(amount * 8 if amount < 0.6 else 0.0, self._create)

    def _create(self) -> None:
        if self.broker.is_there:
            return  # Two deletes, one topic.
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
