"""The journal: what is in it counts as answered, and goes to Kafka in its order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from coinlake import logs
from coinlake.errors import InvariantError, TransientError
from ingestor.adapters.segments import Place, Recovery, Segments
from ingestor.core.entries import (
    Entry,
    FloorEntry,
    MarkEntry,
    Outgoing,
    RecordEntry,
    SentEntry,
    TickMark,
)
from ingestor.core.progress import Pending, Progress

log = logs.get(__name__)
T = TypeVar("T")

_NOWHERE = Place(0, 0, 0)


class Journal:
    """Entries on disk and the state that follows from them; safe to use from many tasks."""

    def __init__(
        self,
        segments: Segments,
        progress: Progress[Place],
        max_bytes: int,
        thread: ThreadPoolExecutor,
    ) -> None:
        self._segments = segments
        self._thread = thread
        self._lock = asyncio.Lock()
        self._max_bytes = max_bytes
        self.progress = progress
        self.changed = asyncio.Event()
        """Set whenever something was added; who waits for it clears it first."""

    @property
    def recovery(self) -> Recovery:
        """What opening the journal found wrong."""
        return self._segments.recovery

    @property
    def room_bytes(self) -> int:
        """Bytes that may still wait for Kafka before polling has to stop."""
        return self._max_bytes - self.progress.pending_bytes

    async def add(self, record: Outgoing, mark: TickMark) -> int:
        """Put a record into the journal, synced; its place in the order of sending."""
        async with self._lock:
            seq = self.progress.next_seq
            await self._append(RecordEntry(seq, record, mark), sync=True)
        self.changed.set()
        return seq

    async def mark(self, mark: TickMark) -> None:
        """Record what became of a tick that left no record, synced."""
        async with self._lock:
            await self._append(MarkEntry(mark), sync=True)

    async def promise(self, floor_ms: int) -> None:
        """Record, synced, that nothing older than this will come: before a heartbeat says so."""
        async with self._lock:
            await self._append(FloorEntry(floor_ms), sync=True)

    def head(self) -> Pending[Place] | None:
        """The next record to send; None where Kafka has all of them."""
        return self.progress.pending[0] if self.progress.pending else None

    async def read(self, pending: Pending[Place]) -> Outgoing:
        """The record itself, from the disk: the spool takes no memory."""
        async with self._lock:
            entry = await self._run(lambda: self._segments.read(pending.place))
        if not isinstance(entry, RecordEntry) or entry.seq != pending.seq:
            raise InvariantError(f"journal holds another entry than record {pending.seq}")
        return entry.record

    async def sent(self, seq: int) -> None:
        """Kafka has this record and all before it; never fails, since that is so already."""
        entry = SentEntry(seq)
        async with self._lock:
            try:
                # Not synced: a lost mark sends a record again with the same poll_id, which the
                # lake allows and removes; a sync per record would cost more than that.
                await self._append(entry, sync=False)
                await self._run(lambda: self._segments.delete_sent(self.progress.sent_seq))
            except TransientError as error:
                # Failing here would send the record again and again while the disk is full.
                log.error("sent_mark_refused", seq=seq, reason=str(error))
                self.progress.apply(entry, _NOWHERE, 0)

    async def disk_bytes(self) -> int:
        """Bytes on disk, sent records that are not deleted yet included."""
        async with self._lock:
            return await self._run(lambda: self._segments.disk_bytes)

    async def _append(self, entry: Entry, *, sync: bool) -> None:
        if self._segments.is_full:
            snapshot = self.progress.snapshot()
            await self._run(lambda: self._segments.roll(snapshot))

        def applied(written: asyncio.Future[tuple[Place, int]]) -> None:
            # A callback, so that state and disk agree even if the waiting task is cancelled.
            if written.exception() is None:
                self.progress.apply(entry, *written.result())

        await self._run(lambda: self._segments.append(entry, sync=sync), applied)

    async def _run(
        self,
        work: Callable[[], T],
        then: Callable[[asyncio.Future[T]], None] | None = None,
    ) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        if then is not None:
            future.add_done_callback(then)
        try:
            return await asyncio.shield(future)
        except OSError as error:
            raise TransientError(f"journal: {error}") from error
        except asyncio.CancelledError:
            # The thread cannot be stopped: the lock is held until it is done.
            await asyncio.wait([future])
            raise


@asynccontextmanager
async def open_journal(
    folder: Path, *, max_bytes: int, segment_bytes: int
) -> AsyncIterator[Journal]:
    """Read what is there, cut off a torn tail, and go on in a new segment."""
    segments = Segments(folder, segment_bytes)
    progress: Progress[Place] = Progress()
    with ThreadPoolExecutor(1, thread_name_prefix="journal") as thread:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(thread, _recover, segments, progress)
        except OSError as error:
            raise TransientError(f"journal cannot be opened: {error}") from error
        _report(segments, progress)
        try:
            yield Journal(segments, progress, max_bytes, thread)
        finally:
            await loop.run_in_executor(thread, segments.close)


def _recover(segments: Segments, progress: Progress[Place]) -> None:
    for entry, place, size in segments.recover():
        progress.apply(entry, place, size)
    segments.roll(progress.snapshot())
    segments.delete_sent(progress.sent_seq)


def _report(segments: Segments, progress: Progress[Place]) -> None:
    facts: dict[str, Any] = {
        "pending": len(progress.pending),
        "pending_bytes": progress.pending_bytes,
        "next_seq": progress.next_seq,
        "torn_bytes": segments.recovery.torn_bytes,
    }
    log.info("journal_opened", **facts)
    for name in segments.recovery.damaged:
        log.error("journal_segment_damaged", kept_as=name)
