"""The journal's files: append-only segments, synced before they count. Blocking; see `journal`.

Each segment begins with a snapshot of the state, so one whose records Kafka has may be deleted.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from coinlake.errors import BadRecordError, InvariantError
from ingestor.adapters.files import sync_folder
from ingestor.core.entries import (
    FRAME_BYTES,
    Entry,
    RecordEntry,
    SnapshotEntry,
    decode,
    encode,
    frame,
    frames,
)

_SUFFIX = ".journal"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry lies: segment number, position of its frame, length of its payload."""

    segment: int
    position: int
    length: int


@dataclass(slots=True)
class Recovery:
    """What opening the files found wrong: bytes that were cut off, segments set aside."""

    torn_bytes: int = 0
    damaged: list[str] = field(default_factory=list)


class Segments:
    """Segment files in one folder. Only one thread may use it at a time.

    All methods raise OSError where the disk refuses; the entry then does not count.
    """

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._last_seq: dict[int, int] = {}
        self._active: BinaryIO | None = None
        self._number = 0
        self._size = 0
        self.recovery = Recovery()

    def recover(self) -> Iterator[tuple[Entry, Place, int]]:
        """Every entry of the files in order; cuts off what a crash left half written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        numbers = sorted(int(path.stem) for path in self._folder.glob(f"*{_SUFFIX}"))
        for number in numbers:
            self._last_seq[number] = 0
            yield from self._read_segment(number, is_last=number == numbers[-1])
            self._number = number

    @property
    def is_full(self) -> bool:
        """Whether the next entry belongs into a new segment."""
        return self._active is None or self._size >= self._segment_bytes

    @property
    def disk_bytes(self) -> int:
        """Bytes that the segments take on disk."""
        return sum(self._path(number).stat().st_size for number in self._last_seq)

    def roll(self, snapshot: SnapshotEntry) -> None:
        """Start a new segment with a snapshot of the state."""
        self._drop_active()
        number = self._number + 1
        self._active = self._path(number).open("xb", buffering=0)
        self._number, self._size = number, 0
        self._last_seq[number] = 0
        self.append(snapshot, sync=True)
        sync_folder(self._folder)

    def append(self, entry: Entry, *, sync: bool) -> tuple[Place, int]:
        """Write one entry; with `sync` it is on the disk when this returns."""
        if self._active is None:
            raise OSError("the journal has no open segment")
        data = frame(encode(entry))
        place = Place(self._number, self._size, len(data) - FRAME_BYTES)
        try:
            # An unbuffered write may be short; what is left of it would be a torn frame.
            if self._active.write(data) != len(data):
                raise OSError("short write to the journal: is the disk full?")
            if sync:
                os.fsync(self._active.fileno())
        except OSError:
            self._abandon()
            raise
        self._size += len(data)
        if isinstance(entry, RecordEntry):
            self._last_seq[self._number] = entry.seq
        return place, len(data)

    def read(self, place: Place) -> Entry:
        """An entry that lies in the journal. Raises InvariantError where it no longer does."""
        with self._path(place.segment).open("rb") as file:
            file.seek(place.position)
            data = file.read(FRAME_BYTES + place.length)
        for _, payload in frames(data):
            return decode(payload)
        raise InvariantError(f"journal entry at {place} is damaged")

    def delete_sent(self, sent_seq: int) -> None:
        """Delete the segments before the active one whose records Kafka has, oldest first."""
        for number in sorted(self._last_seq):
            if number == self._number or self._last_seq[number] > sent_seq:
                return
            self._path(number).unlink()
            del self._last_seq[number]

    def close(self) -> None:
        """Sync and close."""
        if self._active is not None:
            os.fsync(self._active.fileno())
        self._drop_active()

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}{_SUFFIX}"

    def _drop_active(self) -> None:
        if self._active is not None:
            self._active.close()
        self._active = None

    def _abandon(self) -> None:
        # After a failed write or sync nobody knows what is on the disk: cut back to what is
        # known, and never write to this file again.
        active, self._active = self._active, None
        if active is not None:
            with active:
                active.truncate(self._size)

    def _read_segment(self, number: int, is_last: bool) -> Iterator[tuple[Entry, Place, int]]:
        data = self._path(number).read_bytes()
        good = 0
        for position, payload in frames(data):
            try:
                entry = decode(payload)
            except BadRecordError:
                break
            if isinstance(entry, RecordEntry):
                self._last_seq[number] = entry.seq
            good = position + FRAME_BYTES + len(payload)
            yield entry, Place(number, position, len(payload)), FRAME_BYTES + len(payload)
        if good < len(data):
            self._cut(number, data, good, is_last)

    def _cut(self, number: int, data: bytes, good: int, is_last: bool) -> None:
        path = self._path(number)
        if not is_last:
            # Only the newest segment can be torn by a crash. This is damage: keep the evidence.
            aside = path.with_suffix(".damaged")
            aside.write_bytes(data[good:])
            self.recovery.damaged.append(aside.name)
        with path.open("r+b") as file:
            file.truncate(good)
            os.fsync(file.fileno())
        self.recovery.torn_bytes += len(data) - good
