"""The journal: what is in it counts as answered, and goes to Kafka, topic by topic, in its order."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from coinlake import logs
from coinlake.errors import BadRecordError, TransientError
from ingestor.adapters.files import is_short_of_means
from ingestor.adapters.segments_v1 import OldJournal
from ingestor.adapters.spool import Recovery, Spool
from ingestor.core.entries import (
    Entry,
    Filed,
    FloorEntry,
    MarkEntry,
    Outgoing,
    RecordEntry,
    TickMark,
)
from ingestor.core.progress import Pending, Progress
from ingestor.core.recovery import Hole, recovered

log = logs.get(__name__)
T = TypeVar("T")


class Journal:
    """Entries on disk and the state that follows from them; safe to use from many tasks."""

    def __init__(
        self,
        spool: Spool,
        progress: Progress,
        holes: list[Hole],
        max_bytes: int,
        thread: ThreadPoolExecutor,
    ) -> None:
        self._spool = spool
        self._thread = thread
        self._lock = asyncio.Lock()
        self._max_bytes = max_bytes
        self._changed: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.progress = progress
        self.holes = holes
        """Records that were journaled and were not there when the journal was opened."""
        self.refusal: str | None = None
        """Why the disk refused the last entry; None where it took it."""

    @property
    def recovery(self) -> Recovery:
        """What opening the journal found wrong, and what was put aside since."""
        return self._spool.recovery

    @property
    def aside_files(self) -> int:
        """How many files lie aside."""
        return self._spool.aside_files

    @property
    def room_bytes(self) -> int:
        """Bytes that may still wait for Kafka before polling has to stop."""
        return self._max_bytes - self.progress.pending_bytes

    def changed(self, topic: str) -> asyncio.Event:
        """Set whenever a record for the topic was added; who waits for it clears it first."""
        return self._changed[topic]

    def wake(self) -> None:
        """Wake all who wait for a record."""
        for event in self._changed.values():
            event.set()

    async def add(self, record: Outgoing, mark: TickMark) -> int:
        """Put a record into the journal, synced; its place in the order of sending."""
        number = await self._write(RecordEntry(record, mark))
        self._changed[record.topic].set()
        return number

    async def mark(self, mark: TickMark) -> None:
        """Record what became of a tick that left no record, synced."""
        await self._write(MarkEntry(mark))

    async def raise_floor(self, floor_ms: int) -> None:
        """Record, synced, that nothing older than this will come: before a heartbeat says so."""
        if floor_ms > self.progress.floor_ms:
            await self._write(FloorEntry(floor_ms))

    async def lower_floor(self, floor_ms: int) -> None:
        """Record, synced, that a higher watermark was never seen: only this one holds."""
        if floor_ms < self.progress.floor_ms:
            await self._write(FloorEntry(floor_ms, is_taken_back=True))

    async def restamp(self, pending: Pending, timestamp_ms: int) -> None:
        """Give this record, the oldest of its topic, another time before Kafka has it."""
        async with self._lock:
            # First, and also where the disk refuses: a watermark must not go beyond the earlier time.
            self.progress.restamped(pending, min(pending.timestamp_ms, timestamp_ms))
            await self._run(lambda: self._spool.restamp(pending.number, timestamp_ms))

    async def read(self, pending: Pending) -> Outgoing:
        """The record itself, from the disk: the spool takes no memory.

        Raises BadRecordError where its file is damaged, gone or cannot be read, TransientError
        where the process may open none: all that waits would be put aside else, file by file.
        """
        async with self._lock:
            try:
                entry = await self._run(lambda: self._spool.read(pending.number))
            except TransientError as error:
                if is_short_of_means(error.__cause__):
                    raise
                raise BadRecordError(str(error)) from error
        return entry.record

    async def sent(self, pending: Pending) -> None:
        """Kafka has this record, the oldest of its topic; never fails, since that is so already."""
        async with self._lock:
            self.progress.sent(pending)
            try:
                await self._run(lambda: self._spool.sent(pending.number))
            except TransientError as error:
                # A restart would send it again: that is allowed, and told here.
                log.error("sent_mark_refused", number=pending.number, reason=str(error))

    async def lost(self, pending: Pending, reason: str) -> None:
        """This record, the oldest of its topic, cannot be read: put its file aside, go on."""
        async with self._lock:
            self.progress.lost(pending)
            await self._run(lambda: self._spool.lost(pending.number, reason))

    async def refused(self, pending: Pending, reason: str) -> None:
        """Kafka refuses this record, the oldest of its topic, for good: keep it aside, go on."""
        async with self._lock:
            self.progress.lost(pending)
            await self._run(lambda: self._spool.refused(pending.number, reason))

    async def disk_bytes(self) -> int:
        """Bytes on disk, sent records that are not deleted yet included."""
        async with self._lock:
            return await self._run(lambda: self._spool.disk_bytes)

    async def aside(self) -> list[tuple[str, int]]:
        """Names and bytes of the files that were put aside."""
        async with self._lock:
            return await self._run(lambda: list(self._spool.aside()))

    async def _write(self, entry: Entry) -> int:
        async with self._lock:
            filed = Filed(self.progress.next_number, self.progress.state(), entry)

            def applied(written: asyncio.Future[int]) -> None:
                # A callback, so that state and disk agree even if the waiting task is cancelled.
                failure = written.exception()
                self.refusal = str(failure) if failure is not None else None
                if failure is None:
                    self.progress.apply(entry, written.result())

            await self._run(lambda: self._spool.write(filed), applied)
            return filed.number

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
async def open_journal(folder: Path, *, max_bytes: int) -> AsyncIterator[Journal]:
    """Read what is there and go on with it. Raises TransientError where the folder is not."""
    spool = Spool(folder)
    with ThreadPoolExecutor(1, thread_name_prefix="journal") as thread:
        loop = asyncio.get_running_loop()
        try:
            progress, holes = await loop.run_in_executor(thread, _opened, spool, folder)
        except OSError as error:
            raise TransientError(f"journal cannot be opened: {error}") from error
        _report(spool.recovery, progress, holes)
        yield Journal(spool, progress, holes, max_bytes, thread)


def _opened(spool: Spool, folder: Path) -> tuple[Progress, list[Hole]]:
    folder.mkdir(parents=True, exist_ok=True)
    old = OldJournal(folder)
    if old.segments:
        _carry_over(spool, old)
    return recovered(spool.recover())


def _carry_over(spool: Spool, old: OldJournal) -> None:
    """What the versions before left waiting, file by file; a segment goes when all of it is."""
    lines: dict[str, list[int]] = {}
    segments = old.segments
    for path in segments:
        for filed in old.records(path, lines):
            spool.write(filed)
        if path == segments[-1]:
            # The state, with a number behind all of its records.
            state = {**old.state, "lines": lines}
            spool.write(Filed(old.next_number, state, FloorEntry(state["floor_ms"])))
        _done(spool, old, path)
    if old.missing:
        numbers = ", ".join(map(str, old.missing))
        spool.note(
            "the journal of an earlier version", f"its records {numbers} are damaged or gone"
        )


def _done(spool: Spool, old: OldJournal, path: Path) -> None:
    damaged = old.damaged.get(path.name)
    if damaged is None:
        path.unlink()
    else:
        spool.put_aside(path.name, f"{damaged} bytes of it are not valid entries")


def _report(recovery: Recovery, progress: Progress, holes: list[Hole]) -> None:
    log.info(
        "journal_opened",
        pending=progress.pending_records,
        pending_bytes=progress.pending_bytes,
        next_number=progress.next_number,
        torn_bytes=recovery.torn_bytes,
    )
    for trouble in recovery.troubles:
        log.error(
            "journal_file_odd", file=trouble.name, aside=trouble.aside, reason=trouble.reason
        )
    for hole in holes:
        log.error(
            "journal_record_lost", topic=hole.topic, number=hole.number, damaged=hole.damaged
        )
