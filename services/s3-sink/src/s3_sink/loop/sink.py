"""The sink's loop: poll, cut, write each partition's chain, commit behind, let go in time."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from coinlake import logs
from coinlake.contracts.announcements import Landed
from coinlake.errors import InvariantError, TransientError
from s3_sink.core.epochs import current_epoch
from s3_sink.core.flow import Budget
from s3_sink.core.lane import Lane, State
from s3_sink.core.part import Limits, Part, Reason
from s3_sink.core.ports import Codec, Commit, Log, Partition, Polled, Source, Store, Wait
from s3_sink.core.promises import Promises
from s3_sink.core.start import Finder, Start
from s3_sink.core.writer import Report, Writer, announcement
from s3_sink.loop.trail import CommitReport, Trail

log = logs.get(__name__)
T = TypeVar("T")

# Of the flush deadline; the rest is for the last commit.
_FLUSH_SHARE = 0.8


class Teller(Report, CommitReport, Protocol):
    """Hears what the writer and the loop meet."""

    def started(self, partition: Partition, start: Start) -> None: ...
    def stopped(self, partition: Partition, reason: str) -> None: ...
    def left(self, partition: Partition) -> None: ...
    def polled(self, trouble: str | None) -> None: ...
    def read(self, partition: Partition, trouble: str | None) -> None: ...
    def assigned(self, partitions: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Outside:
    """The outside world of the loop. `now_s` is monotonic, `now_ms` is UTC."""

    source: Source
    log: Log
    store: Store
    codec: Codec
    announce: Callable[[Landed], None]
    wait: Wait
    now_s: Callable[[], float]
    now_ms: Callable[[], int]
    require_fit: Callable[[str], Awaitable[None]]
    """Raises InvariantError where a topic is no source of a chain, TransientError."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How the loop behaves; times in seconds."""

    limits: Limits
    budget: Budget
    producers: frozenset[str]
    flush_deadline_s: float
    poll_s: float = 0.5
    tick_s: float = 0.5


class Slot:
    """A lane with the task that serves it."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.wake = asyncio.Event()
        self.idle = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.is_closing = False
        self.is_paused = True  # partitions come paused
        self.must_restart = False
        self.topic_id: UUID | None = None

    def nudge(self) -> None:
        """Tell the task that something was sealed or asked for."""
        if self.lane.first_sealed is not None:
            self.idle.clear()
        self.wake.set()


class Sink:
    """All partitions of this member of the group."""

    def __init__(self, outside: Outside, policy: Policy, writer: Writer, tell: Teller) -> None:
        self._outside = outside
        self._source = outside.source
        self._policy = policy
        self._writer = writer
        self._tell = tell
        self._trail = Trail(outside.source, tell, outside.wait, outside.now_s)
        self._slots: dict[Partition, Slot] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._is_leaving = False
        self.is_paused = False

    async def run(
        self, join: Callable[["Sink"], None], stop: asyncio.Event, beat: Callable[[], None]
    ) -> None:
        """Serve partitions until `stop` is set, then store what is held and return."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            side = [
                tasks.create_task(self._tick()),
                tasks.create_task(self._trail.follow(self._slots)),
            ]
            join(self)
            await self._poll_until(stop, beat)
            self._is_leaving = True
            await self._release(tuple(self._slots), Reason.SHUTDOWN)
            for task in side:
                task.cancel()

    # What the group tells.

    def assigned(self, partitions: Collection[Partition]) -> None:
        """Partitions have come, paused. Finding their links must not hold up the rebalance."""
        assert self._tasks is not None  # nobody joins before run
        if self._is_leaving:
            return  # They come too late; the group gives them to another member.
        self._tell.assigned(len(partitions))
        for partition in partitions:
            promises = Promises(self._policy.producers)
            slot = Slot(Lane(partition, self._policy.limits, promises))
            self._slots[partition] = slot
            slot.task = self._tasks.create_task(self._serve(slot), name=str(partition))

    async def revoked(self, partitions: Collection[Partition]) -> None:
        """Partitions go: store what is held within the deadline, then forget them."""
        await self._release(partitions, Reason.REVOKE)

    # The loop.

    async def _poll_until(self, stop: asyncio.Event, beat: Callable[[], None]) -> None:
        failures = 0
        while not stop.is_set():
            beat()
            try:
                polled = await self._source.poll(self._policy.poll_s)
            except TransientError as error:
                self._tell.polled(str(error))
                self._refetch()
                await self._outside.wait(failures)
                failures += 1
            else:
                failures = 0
                self._tell.polled(None)
                self._take(polled)

    def _take(self, polled: Polled) -> None:
        now_s = self._outside.now_s()
        for slot, records in self._reading(polled.records):
            slot.lane.add(records, now_s)
            slot.nudge()
        for slot, position in self._reading(polled.positions):
            slot.lane.read_to = position
        for slot, _ in self._reading(dict.fromkeys((*polled.out_of_range, *polled.gone))):
            self._restart(slot)
        for partition, trouble in polled.heard.items():
            if partition in self._slots:
                self._tell.read(partition, trouble)
        self._regulate()

    def _reading(self, of: Mapping[Partition, T]) -> Iterator[tuple[Slot, T]]:
        """The slots among these that want to hear of what was fetched."""
        for partition, one in of.items():
            slot = self._slots.get(partition)
            if slot is not None and _is_reading(slot):
                yield slot, one

    def _refetch(self) -> None:
        """Make sure that a failed poll has skipped nothing."""
        for slot in self._slots.values():
            if _is_reading(slot):
                self._seek(slot)

    def _seek(self, slot: Slot) -> None:
        assert slot.topic_id is not None  # it has begun
        self._source.seek(slot.lane.partition, slot.lane.fetched_to, slot.topic_id)

    def _restart(self, slot: Slot) -> None:
        """Something is odd: store what is held, then ask again where the chain ends."""
        if slot.lane.state is State.STOPPED or slot.is_closing:
            return
        self._let_read(slot, may_read=False)
        slot.lane.seal(Reason.RESTART)
        slot.must_restart = True
        slot.nudge()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._policy.tick_s)
            for slot in self._slots.values():
                if slot.lane.state is State.RUNNING:
                    slot.lane.seal_if_due(self._outside.now_s())
                    slot.nudge()
            self._regulate()

    def _regulate(self) -> None:
        """Keep what is held under the byte budget."""
        lanes = [slot.lane for slot in self._slots.values()]
        held = sum(lane.weight for lane in lanes)
        paused = self._policy.budget.is_paused(held, len(lanes), self.is_paused)
        self.is_paused = paused
        for slot in self._slots.values():
            if _is_reading(slot):
                held_alone = self._policy.budget.is_held(
                    slot.lane.weight, len(lanes), slot.is_paused
                )
                self._let_read(slot, not (paused or held_alone))
                if held_alone and slot.lane.first_sealed is None:
                    slot.lane.seal(Reason.PRESSURE)
                    slot.nudge()
        if paused and not any(lane.first_sealed for lane in lanes):
            self._relieve()

    def _let_read(self, slot: Slot, may_read: bool) -> None:
        if slot.is_paused == may_read:
            slot.is_paused = not may_read
            act = self._source.resume if may_read else self._source.pause
            act(slot.lane.partition)

    def _relieve(self) -> None:
        """Nothing is on its way out: the oldest open part must go."""
        slots = [slot for slot in self._slots.values() if slot.lane.open_records]
        if slots:
            latest = self._outside.now_s()
            oldest = min(slots, key=lambda slot: slot.lane.oldest_value_at_s or latest)
            oldest.lane.seal(Reason.PRESSURE)
            oldest.nudge()

    # One partition.

    async def _serve(self, slot: Slot) -> None:
        lane = slot.lane
        try:
            while True:
                await self._begin(slot)
                await self._write(slot)
        except InvariantError as error:
            self._let_read(slot, may_read=False)
            lane.stop(str(error))
            self._tell.stopped(lane.partition, str(error))
            slot.idle.set()

    async def _begin(self, slot: Slot) -> None:
        """Find the link to start from, for as long as it takes."""
        lane, partition = slot.lane, slot.lane.partition
        lane.state = State.STARTING
        attempt = 0
        while True:
            try:
                start = await self._find(partition)
                break
            except TransientError as error:
                self._tell.retried(partition, error.trouble, str(error))
            await self._outside.wait(attempt)
            attempt += 1
        lane.begin(start.epoch, start.tip.link, start.tip.complete_to_ms)
        lane.stored_to_ms = start.tip.stored_to_ms
        self._writer.begin(partition)
        self._trail.begin(partition, start.committed, start.tip.reached)
        self._tell.started(partition, start)
        slot.topic_id = start.topic_id
        self._seek(slot)
        if not slot.is_closing:
            self._let_read(slot, not self.is_paused)

    async def _find(self, partition: Partition) -> Start:
        store, log_, codec = self._outside.store, self._outside.log, self._outside.codec
        now_ms = self._outside.now_ms()
        await self._outside.require_fit(partition.topic)
        topic_id = await log_.topic_id(partition.topic)
        epoch = await current_epoch(store, log_, partition.topic, topic_id, now_ms)
        return await Finder(store, codec, log_, partition, epoch, topic_id).start(now_ms)

    async def _write(self, slot: Slot) -> None:
        """Write sealed parts, one at a time, until a restart is asked for."""
        lane = slot.lane
        while True:
            part = lane.first_sealed
            if part is not None:
                await self._write_one(slot, part)
                continue
            slot.idle.set()
            if slot.must_restart:
                slot.must_restart = False
                return
            slot.wake.clear()
            await slot.wake.wait()

    async def _write_one(self, slot: Slot, part: Part) -> None:
        lane = slot.lane
        outcome = await self._writer.write(lane, part)
        lane.stored_to_ms = outcome.found.stored_to_ms or lane.stored_to_ms
        if outcome.jump:
            # Not all of it was here to be compared: the chain's end must tell whose records it has.
            self._restart(slot)
        # Commit last: a crash before it costs a look at the bucket, never a record.
        self._trail.confirm(lane.partition, Commit(lane.link, str(outcome.found.key)))
        self._outside.announce(announcement(outcome.found))
        self._regulate()

    # Letting go.

    async def _release(self, partitions: Collection[Partition], reason: Reason) -> None:
        slots = [self._slots[one] for one in partitions if one in self._slots]
        deadline_s = self._policy.flush_deadline_s
        await _within(deadline_s * _FLUSH_SHARE, self._flush(slots, reason))
        await _within(deadline_s * (1 - _FLUSH_SHARE), self._trail.end(partitions))
        await self._drop(slots)

    async def _flush(self, slots: Collection[Slot], reason: Reason) -> None:
        running = [slot for slot in slots if slot.lane.state is State.RUNNING]
        for slot in running:
            slot.is_closing = True
            self._let_read(slot, may_read=False)
            slot.lane.seal(reason)
            slot.nudge()
        for slot in running:
            if slot.lane.first_sealed is not None:
                await slot.idle.wait()

    async def _drop(self, slots: Collection[Slot]) -> None:
        tasks = []
        for slot in slots:
            partition = slot.lane.partition
            if slot.lane.first_sealed is not None:
                # The next owner reads these again; a PUT that still lands is met with a 412.
                log.warning("flush_given_up", partition=str(partition), link=slot.lane.link)
            if slot.task is not None:
                slot.task.cancel()
                tasks.append(slot.task)
            if self._slots.get(partition) is slot:
                del self._slots[partition]
            self._trail.forget(partition)
            self._tell.left(partition)
        if tasks:
            await asyncio.wait(tasks)

    @property
    def lanes(self) -> Mapping[Partition, Lane]:
        """The lanes of the partitions that are assigned now."""
        return {partition: slot.lane for partition, slot in sorted(self._slots.items())}

    def committed(self, partition: Partition) -> int | None:
        """The offset that Kafka has for a partition of ours; None where it has none."""
        return self._trail.committed(partition)


def _is_reading(slot: Slot) -> bool:
    running = slot.lane.state is State.RUNNING
    return running and not slot.is_closing and not slot.must_restart


async def _within(seconds: float, work: Awaitable[None]) -> None:
    """Do the work, or give it up when its time is over: what is left is safe to leave."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        log.warning("deadline_passed", seconds=seconds)
