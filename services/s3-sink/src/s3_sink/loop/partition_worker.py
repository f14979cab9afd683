"""One partition: find the end of its chain, write what is sealed, and again where it is odd."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from coinlake.contracts.announcements import Landed
from coinlake.errors import InvariantError, TransientError
from s3_sink.core.part import Part, SealReason
from s3_sink.core.partition_state import PartitionState, Phase
from s3_sink.core.ports import (
    Codec,
    Commit,
    Log,
    Observer,
    Partition,
    RecordSource,
    Store,
    Wait,
)
from s3_sink.core.start import Start
from s3_sink.loop.epochs import current_epoch
from s3_sink.loop.finder import Finder
from s3_sink.loop.offset_committer import OffsetCommitter
from s3_sink.loop.writer import Writer, announcement


@dataclass(frozen=True, slots=True)
class Outside:
    """The outside world of the loop. `now_s` is monotonic, `now_ms` is UTC."""

    source: RecordSource
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
class Together:
    """What all partitions of a sink share. `regulate` is called when memory came free."""

    outside: Outside
    writer: Writer
    observer: Observer
    committer: OffsetCommitter
    regulate: Callable[[], None]
    is_paused: Callable[[], bool]


class PartitionWorker:
    """A partition's state with the task that serves it."""

    def __init__(self, state: PartitionState, together: Together) -> None:
        self.state = state
        self.task: asyncio.Task[None] | None = None
        self.is_closing = False
        self.is_paused = True  # partitions come paused
        self._together = together
        self._source = together.outside.source
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._must_restart = False
        self._topic_id: UUID | None = None

    @property
    def partition(self) -> Partition:
        return self.state.partition

    @property
    def is_reading(self) -> bool:
        """Whether it wants to hear of what is fetched."""
        is_running = self.state.phase is Phase.RUNNING
        return is_running and not self.is_closing and not self._must_restart

    def nudge(self) -> None:
        """Tell the task that something was sealed or asked for."""
        if self.state.first_sealed is not None:
            self._idle.clear()
        self._wake.set()

    def seal(self, reason: SealReason) -> None:
        """Close what is open, to be written next."""
        self.state.seal(reason)
        self.nudge()

    def let_read(self, may_read: bool) -> None:
        """Have records of it fetched, or not."""
        if self.is_paused == may_read:
            self.is_paused = not may_read
            act = self._source.resume if may_read else self._source.pause
            act(self.partition)

    def refetch(self) -> None:
        """Have it fetched from where its records end here."""
        assert self._topic_id is not None  # it has begun
        self._source.seek(self.partition, self.state.fetched_to, self._topic_id)

    def restart(self) -> None:
        """Something is odd: store what is held, then ask again where the chain ends."""
        if self.state.phase is Phase.STOPPED or self.is_closing:
            return
        self.let_read(may_read=False)
        self.state.seal(SealReason.RESTART)
        self._must_restart = True
        self.nudge()

    async def until_written(self) -> None:
        """Wait until nothing sealed is left."""
        if self.state.first_sealed is not None:
            await self._idle.wait()

    async def serve(self) -> None:
        """The task: for ever, or until a promise is broken."""
        try:
            while True:
                await self._begin()
                await self._write()
        except InvariantError as error:
            self.let_read(may_read=False)
            self.state.stop(str(error))
            self._together.observer.stopped(self.partition, str(error))
            self._idle.set()

    async def _begin(self) -> None:
        """Find the link to start from, for as long as it takes."""
        together, state = self._together, self.state
        state.phase = Phase.STARTING
        start = await self._found()
        state.begin(start.epoch, start.tip.link, start.tip.complete_to_ms)
        state.stored_to_ms = start.tip.stored_to_ms
        together.writer.begin(self.partition)
        together.committer.begin(self.partition, start.committed, start.tip.reached)
        together.observer.started(self.partition, start)
        self._topic_id = start.topic_id
        self.refetch()
        if not self.is_closing:
            self.let_read(not together.is_paused())

    async def _found(self) -> Start:
        attempt = 0
        while True:
            try:
                return await self._find()
            except TransientError as error:
                self._together.observer.retried(self.partition, error.trouble, str(error))
            await self._together.outside.wait(attempt)
            attempt += 1

    async def _find(self) -> Start:
        outside, partition = self._together.outside, self.partition
        store, log = outside.store, outside.log
        now_ms = outside.now_ms()
        await outside.require_fit(partition.topic)
        topic_id = await log.topic_id(partition.topic)
        epoch = await current_epoch(store, log, partition.topic, topic_id, now_ms)
        finder = Finder(store, outside.codec, log, partition, epoch, topic_id)
        return await finder.start(now_ms)

    async def _write(self) -> None:
        """Write sealed parts, one at a time, until a restart is asked for."""
        while True:
            part = self.state.first_sealed
            if part is not None:
                await self._write_one(part)
                continue
            self._idle.set()
            if self._must_restart:
                self._must_restart = False
                return
            self._wake.clear()
            await self._wake.wait()

    async def _write_one(self, part: Part) -> None:
        together, state = self._together, self.state
        outcome = await together.writer.write(state, part)
        state.stored_to_ms = outcome.found.stored_to_ms or state.stored_to_ms
        if outcome.jump:
            # Not all of it was here to be compared: the chain's end must tell whose records it has.
            self.restart()
        # Commit last: a crash before it costs a look at the bucket, never a record.
        commit = Commit(state.link, str(outcome.found.key))
        together.committer.confirm(self.partition, commit)
        together.outside.announce(announcement(outcome.found))
        together.regulate()
