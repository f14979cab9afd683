"""The sink's loop: poll, hand each partition its records, commit behind, let go in time."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from coinlake import logs
from coinlake.errors import TransientError
from s3_sink.core.memory_budget import MemoryBudget
from s3_sink.core.part import PartLimits, SealReason
from s3_sink.core.partition_state import PartitionState, Phase
from s3_sink.core.ports import Observer, Partition, Polled
from s3_sink.core.watermark import Watermark
from s3_sink.loop.memory_regulator import MemoryRegulator
from s3_sink.loop.offset_committer import OffsetCommitter
from s3_sink.loop.partition_worker import Outside, PartitionWorker, Together
from s3_sink.loop.writer import Writer

log = logs.get(__name__)
T = TypeVar("T")

# Of the flush deadline; the rest is for the last commit.
_FLUSH_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Policy:
    """How the loop behaves; times in seconds."""

    limits: PartLimits
    budget: MemoryBudget
    producers: frozenset[str]
    flush_deadline_s: float
    poll_s: float = 0.5
    tick_s: float = 0.5


class Sink:
    """All partitions of this member of the group."""

    def __init__(
        self, outside: Outside, policy: Policy, writer: Writer, observer: Observer
    ) -> None:
        self._outside = outside
        self._source = outside.source
        self._policy = policy
        self._observer = observer
        self._memory = MemoryRegulator(policy.budget, outside.now_s)
        self._committer = OffsetCommitter(outside.source, observer, outside.wait, outside.now_s)
        self._together = Together(
            outside, writer, observer, self._committer, self._regulate, lambda: self.is_paused
        )
        self._workers: dict[Partition, PartitionWorker] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._is_leaving = False

    async def run(
        self, join: Callable[["Sink"], None], stop: asyncio.Event, beat: Callable[[], None]
    ) -> None:
        """Serve partitions until `stop` is set, then store what is held and return."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            side = [
                tasks.create_task(self._tick()),
                tasks.create_task(self._committer.follow(self._workers)),
            ]
            join(self)
            await self._poll_until(stop, beat)
            self._is_leaving = True
            await self._release(tuple(self._workers), SealReason.SHUTDOWN)
            for task in side:
                task.cancel()

    @property
    def states(self) -> Mapping[Partition, PartitionState]:
        """The partitions that are assigned now."""
        return {one: worker.state for one, worker in sorted(self._workers.items())}

    @property
    def is_paused(self) -> bool:
        """Whether all partitions together hold too much to read on."""
        return self._memory.is_paused

    def committed(self, partition: Partition) -> int | None:
        """The offset that Kafka has for a partition of ours; None where it has none."""
        return self._committer.committed(partition)

    # What the group tells.

    def assigned(self, partitions: Collection[Partition]) -> None:
        """Partitions have come, paused. Finding their links must not hold up the rebalance."""
        assert self._tasks is not None  # nobody joins before run
        if self._is_leaving:
            return  # They come too late; the group gives them to another member.
        self._observer.assigned(len(partitions))
        for partition in partitions:
            watermark = Watermark(self._policy.producers)
            state = PartitionState(partition, self._policy.limits, watermark)
            worker = self._workers[partition] = PartitionWorker(state, self._together)
            worker.task = self._tasks.create_task(worker.serve(), name=str(partition))

    async def revoked(self, partitions: Collection[Partition]) -> None:
        """Partitions go: store what is held within the deadline, then forget them."""
        await self._release(partitions, SealReason.REVOKE)

    # The loop.

    async def _poll_until(self, stop: asyncio.Event, beat: Callable[[], None]) -> None:
        failures = 0
        while not stop.is_set():
            beat()
            try:
                polled = await self._source.poll(self._policy.poll_s)
            except TransientError as error:
                self._observer.polled(str(error))
                self._refetch()
                await self._outside.wait(failures)
                failures += 1
            else:
                failures = 0
                self._observer.polled(None)
                self._take(polled)

    def _take(self, polled: Polled) -> None:
        now_s = self._outside.now_s()
        for worker, records in self._reading(polled.records):
            worker.state.add(records, now_s)
            worker.nudge()
        for worker, position in self._reading(polled.positions):
            worker.state.read_to = position
        for worker, _ in self._reading(dict.fromkeys((*polled.out_of_range, *polled.gone))):
            worker.restart()
        for partition, trouble in polled.heard.items():
            if partition in self._workers:
                self._observer.read(partition, trouble)
        self._regulate()

    def _reading(self, of: Mapping[Partition, T]) -> Iterator[tuple[PartitionWorker, T]]:
        """Those among these that want to hear of what was fetched."""
        for partition, one in of.items():
            worker = self._workers.get(partition)
            if worker is not None and worker.is_reading:
                yield worker, one

    def _refetch(self) -> None:
        """Make sure that a failed poll has skipped nothing."""
        for worker in self._workers.values():
            if worker.is_reading:
                worker.refetch()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._policy.tick_s)
            for worker in self._workers.values():
                if worker.state.phase is Phase.RUNNING:
                    worker.state.seal_if_due(self._outside.now_s())
                    worker.nudge()
            self._regulate()

    def _regulate(self) -> None:
        self._memory.regulate(self._workers.values())

    # Letting go.

    async def _release(self, partitions: Collection[Partition], reason: SealReason) -> None:
        workers = [self._workers[one] for one in partitions if one in self._workers]
        deadline_s = self._policy.flush_deadline_s
        await _within(deadline_s * _FLUSH_SHARE, _flush(workers, reason))
        await _within(deadline_s * (1 - _FLUSH_SHARE), self._committer.end(partitions))
        await self._drop(workers)

    async def _drop(self, workers: Collection[PartitionWorker]) -> None:
        tasks = []
        for worker in workers:
            partition = worker.partition
            if worker.state.first_sealed is not None:
                # The next owner reads these again; a PUT that still lands is met with a 412.
                log.warning("flush_given_up", partition=str(partition), link=worker.state.link)
            if worker.task is not None:
                worker.task.cancel()
                tasks.append(worker.task)
            if self._workers.get(partition) is worker:
                del self._workers[partition]
            self._committer.forget(partition)
            self._observer.left(partition)
        if tasks:
            await asyncio.wait(tasks)


async def _flush(workers: Collection[PartitionWorker], reason: SealReason) -> None:
    running = [worker for worker in workers if worker.state.phase is Phase.RUNNING]
    for worker in running:
        worker.is_closing = True
        worker.let_read(may_read=False)
        worker.seal(reason)
    for worker in running:
        await worker.until_written()


async def _within(seconds: float, work: Awaitable[None]) -> None:
    """Do the work, or give it up when its time is over: what is left is safe to leave."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        log.warning("deadline_passed", seconds=seconds)
