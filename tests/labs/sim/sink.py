"""A simulated sink process: the real loop, writer, finder and checks behind simulated ports."""

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from coinlake.backoff import Backoff
from coinlake.contracts.announcements import Landed
from coinlake.contracts.raw_codec import (
    Decoded,
    Encoded,
    Ending,
    content_sha256,
    decode,
    encode,
    ending,
)
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import parse_raw_key
from coinlake.errors import TransientError
from s3_sink.core.found import Found
from s3_sink.core.memory_budget import MemoryBudget
from s3_sink.core.part import Part, PartLimits
from s3_sink.core.partition_state import Phase
from s3_sink.core.ports import Partition
from s3_sink.core.start import Start
from s3_sink.loop.create_only import require_create_only
from s3_sink.loop.guard import Guard
from s3_sink.loop.partition_worker import Outside
from s3_sink.loop.sink import Policy, Sink
from s3_sink.loop.starting import unless_stopped
from s3_sink.loop.writer import Writer
from tests.labs.sim.broker import Broker
from tests.labs.sim.bucket import PutWatch, WatchedBucket, open_bucket
from tests.labs.sim.client import MemberSource, ReaderLog
from tests.labs.sim.clock import Process, SimLoop
from tests.labs.sim.wire import Weather, Wire

FLUSH_DEADLINE_S = 2.0
# What no time was meant to pass for.
_AT_ONCE_S = 0.001
# How often the bucket is looked at beside the writing.
GUARD_S = 3.0
# The wall clock runs a hundred times faster, so that hours pass within one run.
WALL_MS_PER_S = 100_000
BEGIN_MS = 1_790_000_000_000


class Listener(Protocol):
    """Hears what a sink tells on Kafka, and what it owes to tell."""

    def told(self, name: str, landed: Landed) -> None: ...
    def started(self, name: str, partition: int, link: int) -> None: ...
    def let_go(self, name: str, partition: int) -> None: ...


class Judge(Protocol):
    """What a sink has for its judge."""

    @property
    def announcements(self) -> Listener: ...

    def started(self, partition: Partition, start: Start) -> None: ...
    def blame(self, kind: str, text: str) -> None: ...


class SlowCodec:
    """The contract's codec; what threads do takes a while."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    async def encode(self, records: Sequence[Record]) -> Encoded:
        await asyncio.sleep(self._rng.uniform(0.0, 0.02))
        return encode(records)

    async def sha256(self, records: Sequence[Record]) -> str:
        await asyncio.sleep(self._rng.uniform(0.0, 0.02))
        return content_sha256(records)

    async def decode(self, body: bytes) -> Decoded:
        await asyncio.sleep(self._rng.uniform(0.0, 0.02))
        return decode(body)

    async def ending(self, body: bytes) -> Ending:
        await asyncio.sleep(self._rng.uniform(0.0, 0.02))
        return ending(body)


class Ears:
    """Hears one sink: writes the timeline, and counts what it lives through."""

    def __init__(self, sink: "SinkProcess", place: "Place") -> None:
        self.stopped_for: dict[Partition, str] = {}
        self.unread: dict[Partition, str] = {}
        self._of = sink
        self._place = place
        self._has_met: set[Partition] = set()

    def started(self, partition: Partition, start: Start) -> None:
        self._note(f"{partition} starts at {start.tip.link} ({start.compared=})")
        self.stopped_for.pop(partition, None)
        self._told.started(self._of.name, partition.number, start.tip.link)
        self._place.oracle.started(partition, start)
        self._count(start)

    def _count(self, start: Start) -> None:
        tip, commit = start.tip, start.committed
        if start.expired:
            self._place.reached("start-expired-chain")
        elif tip.found is not None and not start.compared:
            self._place.reached("start-uncompared")
        named = parse_raw_key(commit.metadata) if commit is not None else None
        if commit is None:
            if tip.found is not None:
                self._place.reached("start-without-commit")
        elif named is None:
            self._place.reached("start-nameless-commit")
        elif named.epoch < start.epoch:
            self._place.reached("start-older-epoch")
        elif commit.offset == tip.link:
            self._place.reached("start-at-commit")
        else:
            self._place.reached("start-behind-commit")

    def stopped(self, partition: Partition, reason: str) -> None:
        self._note(f"{partition} stops: {reason}")
        self.stopped_for[partition] = reason
        self._told.let_go(self._of.name, partition.number)

    def left(self, partition: Partition) -> None:
        self.stopped_for.pop(partition, None)
        self._told.let_go(self._of.name, partition.number)

    def adopted(self, partition: Partition, found: Found) -> None:
        state, end = self._of.sink.states.get(partition), found.meta.next_offset
        self._note(f"{partition} adopts up to {end}")
        self._has_met.discard(partition)
        self._place.reached("412-another")
        if state is not None and state.first_sealed is not None:
            if end > state.fetched_to:
                self._place.reached("adopted-jump")
            elif end < state.first_sealed.next_offset:
                self._place.reached("adopted-short")

    def written(self, partition: Partition, part: Part, found: Found) -> None:
        self._place.reached(f"cut-{part.reason.value}")
        if partition in self._has_met:
            self._has_met.discard(partition)
            self._place.reached("412-ours")

    def met(self, partition: Partition) -> None:
        self._has_met.add(partition)

    def retried(self, partition: Partition, kind: str, reason: str) -> None: ...
    def committed(self, seconds: float) -> None: ...
    def commit_failed(self, reason: str) -> None: ...
    def polled(self, trouble: str | None) -> None: ...

    def read(self, partition: Partition, trouble: str | None) -> None:
        self.unread.pop(partition, None)
        if trouble is not None:
            self.unread[partition] = trouble

    def assigned(self, partitions: int) -> None: ...

    @property
    def _told(self) -> Listener:
        return self._place.oracle.announcements

    def _note(self, text: str) -> None:
        self._place.note(f"{self._of.name}: {text}")


class Wall:
    """The clock on the wall, which is not the one that sinks measure with."""

    def __init__(
        self, loop: SimLoop, begin_ms: int = BEGIN_MS, ms_per_s: int = WALL_MS_PER_S
    ) -> None:
        self._loop = loop
        self._begin_ms = begin_ms
        self._ms_per_s = ms_per_s
        self.ahead_ms = 0

    def now_ms(self) -> int:
        return self._begin_ms + self.ahead_ms + int(self._loop.time() * self._ms_per_s)


@dataclass(frozen=True)
class Place:
    """What all sinks of a run share."""

    loop: SimLoop
    broker: Broker
    bucket: WatchedBucket
    kafka_weather: Weather
    store_weather: Weather
    wall: Wall
    oracle: Judge
    note: Callable[[str], None]
    reached: Callable[[str], None]
    writer: type[Writer] = Writer
    tick_s: float = 0.5


class SinkProcess:
    """One sink from start to end. `crash` is what it died of, if it was not killed."""

    def __init__(self, name: str, place: Place, rng: random.Random, limits: PartLimits) -> None:
        self.process = Process(name)
        self.name = name
        self.crash: BaseException | None = None
        self.is_over = False
        self.is_probing = True
        self.stop = asyncio.Event()
        self.stopped_at_s: float | None = None
        self.awake_since_s = place.loop.time()
        self.ears = Ears(self, place)
        self._place = place
        self._rng = rng
        kafka = Wire(place.loop, rng, place.kafka_weather)
        self._source = MemberSource(name, place.broker, kafka, rng, place.reached)
        self.puts = PutWatch(name, self.process, self.holds, place.reached)
        wire = Wire(place.loop, rng, place.store_weather)
        self._store = open_bucket(place.bucket, wire, rng, self.puts)
        codec = SlowCodec(rng)
        outside = Outside(
            self._source,
            ReaderLog(place.broker, kafka),
            self._store,
            codec,
            self._announce,
            self._wait,
            place.loop.time,
            place.wall.now_ms,
            self._fits,
        )
        budget = MemoryBudget(rng.choice((10**9, 4_000)), 1)
        policy = Policy(
            limits, budget, frozenset(), FLUSH_DEADLINE_S, poll_s=1.0, tick_s=place.tick_s
        )
        guard = Guard(self._store, place.loop.time, GUARD_S)
        writer = place.writer(self._store, codec, self._wait, self.ears, guard, name)
        self.sink = Sink(outside, policy, writer, self.ears)
        self.task = place.loop.spawn(self.process, self._main())

    def tell_to_stop(self) -> None:
        """SIGTERM, once or again."""
        if self.stopped_at_s is None:
            self.stopped_at_s = self._place.loop.time()
        self.stop.set()

    def states(self) -> dict[Partition, Phase]:
        """What it says of the partitions that it holds."""
        return {one: state.phase for one, state in self.sink.states.items()}

    def holds(self, number: int) -> bool:
        """Whether it is at work on a partition."""
        states = self.states()
        running = [one.number for one, phase in states.items() if phase is Phase.RUNNING]
        return number in running and not (self.process.is_dead or self.is_over)

    @property
    def is_putting(self) -> bool:
        return any(self.puts.under_way.values())

    # What the group tells passes through here.

    async def revoked(self, partitions: Collection[Partition]) -> None:
        states = [self.sink.states[one] for one in partitions if one in self.sink.states]
        for state in states:
            if self.puts.under_way[state.partition.number]:
                self._place.reached("revoked-while-putting")
            if state.phase is Phase.STARTING:
                self._place.reached("revoked-while-looking")
        began_s = self._place.loop.time()
        workers = [one for one in self.sink._workers.values() if one.partition in partitions]
        await self.sink.revoked(partitions)
        self._let_go_since(began_s)
        if any(worker.task is not None and not worker.task.done() for worker in workers):
            self._place.oracle.blame("stop", f"{self.name} still works on what it has let go")
        if any(state.first_sealed is not None for state in states):
            self._place.reached("flush-given-up")

    def _let_go_since(self, began_s: float) -> None:
        """The group waits only so long, whatever the store does."""
        took_s = self._place.loop.time() - max(began_s, self.awake_since_s)
        if took_s > FLUSH_DEADLINE_S + _AT_ONCE_S:
            self._place.oracle.blame("stop", f"{self.name} let go after {took_s:.2f} s")

    def assigned(self, partitions: Collection[Partition]) -> None:
        self.sink.assigned(partitions)

    async def _main(self) -> None:
        try:
            if await unless_stopped(self.stop, self._probe()):
                self.is_probing = False
                await self._serve()
        except Exception as error:  # whatever it is, the judge must hear of it
            self.crash = error
        finally:
            self.is_over = True

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            members: list[asyncio.Task[None]] = []

            def join(_: Sink) -> None:
                members.append(tasks.create_task(self._source.belong(self)))

            await self.sink.run(join, self.stop, lambda: None)
            members[0].cancel()
        await self._source.leave()

    async def _probe(self) -> bool:
        attempt = 0
        while True:
            try:
                await require_create_only(self._store)
            except TransientError:
                await self._wait(attempt)
                attempt += 1
            else:
                return True

    async def _wait(self, attempt: int) -> None:
        await asyncio.sleep(Backoff(0.1, 2.0).delay_s(attempt, self._rng))

    @staticmethod
    async def _fits(topic: str) -> None:
        """Every topic is one that only expires."""

    def _announce(self, landed: Landed) -> None:
        self._place.oracle.announcements.told(self.name, landed)
