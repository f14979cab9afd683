"""A sink on a consumer group in memory, played until a condition holds."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from coinlake.contracts.announcements import Landed
from coinlake.contracts.raw_index import Record
from coinlake.errors import TransientError
from s3_sink.core.found import Found
from s3_sink.core.memory_budget import MemoryBudget
from s3_sink.core.part import Part, PartLimits
from s3_sink.core.ports import Commit, Observer, Partition, Polled
from s3_sink.core.start import Start
from s3_sink.loop.partition_worker import Outside
from s3_sink.loop.sink import Policy, Sink
from s3_sink.loop.writer import Writer
from tests.unit.s3_sink.world import World

HOUR_MS = 3_600_000
NOON_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS
ONE, TWO = Partition("coincap.assets.v1", 0), Partition("coincap.assets.v1", 1)
BIG = 10**9


@dataclass
class FakeGroup:
    """A consumer group of one, over the world's log: paused partitions give nothing."""

    world: World
    positions: dict[Partition, int] = field(default_factory=dict)
    paused: set[Partition] = field(default_factory=set)
    commits: dict[Partition, Commit] = field(default_factory=dict)
    failures: list[TransientError] = field(default_factory=list)
    at_once: int = 5
    markers: int = 0
    """So many offsets behind what was read are no records."""
    topics: dict[Partition, UUID] = field(default_factory=dict)

    async def poll(self, timeout_s: float) -> Polled:
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop()
        log, given, beyond, gone = self.world.log, {}, [], []
        for partition, position in self.positions.items():
            if partition in self.paused:
                continue
            if self.topics.get(partition) != log.id:
                gone.append(partition)
                continue
            if not log.start <= position <= log.end:
                beyond.append(partition)
                continue
            fresh = [one for one in log.records if one.offset >= position][: self.at_once]
            if fresh:
                given[partition] = fresh
        for partition, records in given.items():
            self.positions[partition] = records[-1].offset + 1
        read_to = {one: at + self.markers for one, at in self.positions.items()}
        return Polled(given, tuple(beyond), tuple(gone), positions=read_to)

    def seek(self, partition: Partition, offset: int, topic_id: UUID) -> None:
        self.positions[partition] = offset
        self.topics[partition] = topic_id

    def pause(self, partition: Partition) -> None:
        self.paused.add(partition)

    def resume(self, partition: Partition) -> None:
        self.paused.discard(partition)

    async def commit(self, commits: Mapping[Partition, Commit]) -> None:
        self.commits.update(commits)


@dataclass
class Told(Observer):
    """What the loop told, with memory."""

    heard: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    def written(self, partition: Partition, part: Part, found: Found) -> None:
        self.heard.append(("written", (partition, part, found)))

    def adopted(self, partition: Partition, found: Found) -> None:
        self.heard.append(("adopted", (partition, found)))

    def retried(self, partition: Partition, kind: str, reason: str) -> None:
        self.heard.append(("retried", (partition, kind, reason)))

    def met(self, partition: Partition) -> None:
        self.heard.append(("met", (partition,)))

    def committed(self, seconds: float) -> None:
        self.heard.append(("committed", (seconds,)))

    def commit_failed(self, reason: str) -> None:
        self.heard.append(("commit_failed", (reason,)))

    def started(self, partition: Partition, start: Start) -> None:
        self.heard.append(("started", (partition, start)))

    def stopped(self, partition: Partition, reason: str) -> None:
        self.heard.append(("stopped", (partition, reason)))

    def left(self, partition: Partition) -> None:
        self.heard.append(("left", (partition,)))

    def polled(self, trouble: str | None) -> None:
        self.heard.append(("polled", (trouble,)))

    def read(self, partition: Partition, trouble: str | None) -> None:
        self.heard.append(("read", (partition, trouble)))

    def assigned(self, partitions: int) -> None:
        self.heard.append(("assigned", (partitions,)))

    def names(self) -> list[str]:
        return [name for name, _ in self.heard]


class Stage:
    """A sink on a fake group; `play` runs it until a condition holds."""

    def __init__(self, world: World, **policy: Any) -> None:
        self.world = world
        self.group = FakeGroup(world)
        self.told = Told()
        self.announced: list[Landed] = []
        self.now_s = 0.0
        self.waits: list[int] = []
        self.partitions = [ONE]
        chosen: dict[str, Any] = {
            "limits": PartLimits(BIG, BIG, 10, 60.0),
            "budget": MemoryBudget(BIG, 1),
            "producers": frozenset(),
            "flush_deadline_s": 5.0,
            "tick_s": 0.001,
        }
        outside = Outside(
            self.group,
            world.log,
            world.store,
            world.codec,
            self.announced.append,
            self._wait,
            lambda: self.now_s,
            lambda: 0,
            self._fits,
        )
        writer = Writer(world.store, world.codec, self._wait, self.told, world.guard(), "me")
        self.sink = Sink(outside, Policy(**{**chosen, **policy}), writer, self.told)

    @staticmethod
    async def _fits(topic: str) -> None:
        """Every topic is one that only expires."""

    async def play(
        self, until: Callable[[], bool], then: Awaitable[None] | None = None
    ) -> None:
        stop = asyncio.Event()

        def join(sink: Sink) -> None:
            for partition in self.partitions:
                self.group.pause(partition)
                self.group.seek(partition, 0, UUID(int=0))
            sink.assigned(self.partitions)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.sink.run(join, stop, lambda: None))
            async with asyncio.timeout(5):
                while not until():  # noqa: ASYNC110 - conditions of many kinds
                    await asyncio.sleep(0)
                if then is not None:
                    await then
            stop.set()

    async def _wait(self, attempt: int) -> None:
        self.waits.append(attempt)
        await asyncio.sleep(0)

    @property
    def state(self) -> Any:
        return self.sink.states[ONE]


def records(start: int, stop: int) -> list[Record]:
    return [Record(n, NOON_MS + n, b"k", b'{"n":%d}' % n) for n in range(start, stop)]
