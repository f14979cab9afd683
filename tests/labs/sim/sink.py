"""A simulated sink process: the real loop, writer, finder and checks behind simulated ports."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from coinlake.backoff import Backoff
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
from coinlake.errors import TransientError
from s3_sink.core.memory_budget import MemoryBudget
from s3_sink.core.part import PartLimits
from s3_sink.core.partition_state import Phase
from s3_sink.core.ports import Partition
from s3_sink.core.start import Start
from s3_sink.loop.create_only import require_create_only
from s3_sink.loop.guard import Guard
from s3_sink.loop.partition_worker import Outside
from s3_sink.loop.sink import Policy, Sink
from s3_sink.loop.writer import Writer
from tests.labs.sim.broker import Broker
from tests.labs.sim.bucket import Bucket, BucketStore
from tests.labs.sim.client import MemberSource, ReaderLog
from tests.labs.sim.clock import Process, SimLoop
from tests.labs.sim.wire import Weather, Wire

FLUSH_DEADLINE_S = 2.0
# How often the bucket is looked at beside the writing.
GUARD_S = 3.0
# The wall clock runs a hundred times faster, so that hours pass within one run.
WALL_MS_PER_S = 100_000
BEGIN_MS = 1_790_000_000_000


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


@dataclass
class Ears:
    """Hears the sink and writes the timeline."""

    name: str
    note: Any
    stopped_for: dict[Partition, str] = field(default_factory=dict)
    unread: dict[Partition, str] = field(default_factory=dict)

    def started(self, partition: Partition, start: Start) -> None:
        self.note(f"{self.name}: {partition} starts at {start.tip.link} ({start.compared=})")
        self.stopped_for.pop(partition, None)

    def stopped(self, partition: Partition, reason: str) -> None:
        self.note(f"{self.name}: {partition} stops: {reason}")
        self.stopped_for[partition] = reason

    def left(self, partition: Partition) -> None:
        self.stopped_for.pop(partition, None)

    def adopted(self, partition: Partition, found: Any) -> None:
        self.note(f"{self.name}: {partition} adopts up to {found.meta.next_offset}")

    def written(self, partition: Partition, part: Any, found: Any) -> None: ...
    def retried(self, partition: Partition, kind: str, reason: str) -> None: ...
    def met(self, partition: Partition) -> None: ...
    def committed(self, seconds: float) -> None: ...
    def commit_failed(self, reason: str) -> None: ...
    def polled(self, trouble: str | None) -> None: ...

    def read(self, partition: Partition, trouble: str | None) -> None:
        self.unread.pop(partition, None)
        if trouble is not None:
            self.unread[partition] = trouble

    def assigned(self, partitions: int) -> None: ...


@dataclass(frozen=True)
class Place:
    """What all sinks of a run share."""

    loop: SimLoop
    broker: Broker
    bucket: Bucket
    kafka_weather: Weather
    store_weather: Weather
    note: Any
    writer: type[Writer] = Writer


class SinkProcess:
    """One sink from start to end. `crash` is what it died of, if it was not killed."""

    def __init__(self, name: str, place: Place, rng: random.Random, limits: PartLimits) -> None:
        self.process = Process(name)
        self.name = name
        self.crash: BaseException | None = None
        self.is_over = False
        self.stop = asyncio.Event()
        self.ears = Ears(name, place.note)
        self._place = place
        self._rng = rng
        kafka = Wire(place.loop, rng, place.kafka_weather)
        self._source = MemberSource(name, place.broker, kafka, rng)
        self._store = BucketStore(place.bucket, Wire(place.loop, rng, place.store_weather), rng)
        codec = SlowCodec(rng)
        outside = Outside(
            self._source, ReaderLog(place.broker, kafka), self._store, codec,
            lambda landed: None, self._wait, place.loop.time, self._now_ms, self._fits,
        )  # fmt: skip
        budget = MemoryBudget(rng.choice((10**9, 4_000)), 1)
        policy = Policy(limits, budget, frozenset(), FLUSH_DEADLINE_S, poll_s=1.0, tick_s=0.5)
        guard = Guard(self._store, place.loop.time, GUARD_S)
        writer = place.writer(self._store, codec, self._wait, self.ears, guard, name)
        self.sink = Sink(outside, policy, writer, self.ears)
        self.task = place.loop.spawn(self.process, self._main())

    def states(self) -> dict[Partition, Phase]:
        """What it says of the partitions that it holds."""
        return {one: state.phase for one, state in self.sink.states.items()}

    async def _main(self) -> None:
        try:
            await self._probe()
            async with asyncio.TaskGroup() as tasks:
                members: list[asyncio.Task[None]] = []

                def join(sink: Sink) -> None:
                    members.append(tasks.create_task(self._source.belong(sink)))

                await self.sink.run(join, self.stop, lambda: None)
                members[0].cancel()
            await self._source.leave()
        except Exception as error:  # whatever it is, the judge must hear of it
            self.crash = error
        finally:
            self.is_over = True

    async def _probe(self) -> None:
        attempt = 0
        while True:
            try:
                await require_create_only(self._store)
            except TransientError:
                await self._wait(attempt)
                attempt += 1
            else:
                return

    async def _wait(self, attempt: int) -> None:
        await asyncio.sleep(Backoff(0.1, 2.0).delay_s(attempt, self._rng))

    @staticmethod
    async def _fits(topic: str) -> None:
        """Every topic is one that only expires."""

    def _now_ms(self) -> int:
        return BEGIN_MS + int(self._place.loop.time() * WALL_MS_PER_S)
