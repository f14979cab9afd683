"""A disk in memory: what was not synced may be gone after a power cut, and it may be full.

Names and lengths are changed in order, as a journaling file system keeps them (ext4's data=ordered): a power
cut takes some of the last changes of a folder back, never one without those after it. Bytes that were not
synced are gone. `DiskPath` and `os_of_the_disk` stand for `pathlib.Path` and `os` in the ingestor's files.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import SimpleNamespace, TracebackType

Undo = Callable[[], None]


@dataclass
class _File:
    data: bytes = b""
    synced: bytes = b""


@dataclass
class _Folder:
    files: dict[str, _File] = field(default_factory=dict)
    unsynced: list[Undo] = field(default_factory=list)
    """What takes back each change since the last sync, the oldest first."""


class Disk:
    """The disk of one host. `is_full`: nothing new has a place. `breaks_after` so many changes
    the host is gone (`broken` is called), in the middle of what it was about to write."""

    def __init__(self, reached: Callable[[str], None]) -> None:
        self.folders: dict[str, _Folder] = {}
        self.is_full = False
        self.breaks_after: int | None = None
        self.broken: Callable[[], None] = lambda: None
        self._reached = reached

    def changes(self) -> None:
        """One change is about to be made. Raises OSError where the host dies before it."""
        if self.breaks_after is None:
            return
        self.breaks_after -= 1
        if self.breaks_after < 0:
            self.breaks_after = None
            self._reached("killed in mid-write")
            self.broken()
            raise OSError(errno.EIO, "the host is gone")

    def needs_room(self) -> None:
        """Raises OSError where there is no place for anything new."""
        if self.is_full:
            self._reached("disk full")
            raise OSError(errno.ENOSPC, "No space left on device")

    def lose_power(self, rng: random.Random) -> None:
        """Some of the last changes, and all bytes that were not synced, are gone."""
        for folder in self.folders.values():
            if folder.unsynced:
                self._reached("changes lost with the power")
            for undo in reversed(folder.unsynced[rng.randint(0, len(folder.unsynced)) :]):
                undo()
            folder.unsynced.clear()
            for file in folder.files.values():
                file.data = file.synced


class DiskPath:
    """One name on a disk."""

    def __init__(self, disk: Disk, folder: str, name: str) -> None:
        self._disk = disk
        self._in = folder
        self.name = name

    def __truediv__(self, name: str) -> DiskPath:
        return DiskPath(self._disk, f"{self._in}/{self.name}", name)

    def __lt__(self, other: DiskPath) -> bool:
        return (self._in, self.name) < (other._in, other.name)

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> DiskPath:
        folder, _, name = self._in.rpartition("/")
        return DiskPath(self._disk, folder, name)

    def with_name(self, name: str) -> DiskPath:
        return DiskPath(self._disk, self._in, name)

    # Folders.

    def mkdir(self, parents: bool = False, exist_ok: bool = False) -> None:
        self._disk.folders.setdefault(f"{self._in}/{self.name}", _Folder())

    def iterdir(self) -> Iterator[DiskPath]:
        return (self / name for name in list(self.listing().files))

    def glob(self, pattern: str) -> Iterator[DiskPath]:
        folder = self._disk.folders.get(f"{self._in}/{self.name}", _Folder())
        ending = pattern.removeprefix("*")
        return (self / name for name in list(folder.files) if name.endswith(ending))

    def listing(self) -> _Folder:
        try:
            return self._disk.folders[f"{self._in}/{self.name}"]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, self.name) from None

    # Files.

    def exists(self) -> bool:
        return self.name in self._folder().files

    def is_file(self) -> bool:
        return self.exists()

    def stat(self) -> SimpleNamespace:
        return SimpleNamespace(st_size=len(self._file().data))

    def read_bytes(self) -> bytes:
        return self._file().data

    def open(self, mode: str) -> Handle:
        self._disk.changes()
        self._disk.needs_room()
        self._put(_File())
        return Handle(self._disk, self._file())

    def touch(self) -> None:
        if not self.exists():
            self._disk.changes()
            self._disk.needs_room()
            self._put(_File())

    def unlink(self) -> None:
        self._file()
        self._disk.changes()
        self._take()

    def rename(self, to: DiskPath) -> None:
        file = self._file()
        self._disk.changes()
        untake, unput = self._take(), to._put(file)
        # One change, not two: a rename happens or it does not.
        for one in (self, to):
            del one._folder().unsynced[-1]

        def undo() -> None:
            unput()
            untake()

        to._folder().unsynced.append(undo)

    def truncate(self) -> None:
        file = self._file()
        self._disk.changes()
        data, synced = file.data, file.synced

        def undo() -> None:
            file.data, file.synced = data, synced

        self._folder().unsynced.append(undo)
        file.data = file.synced = b""

    def sync(self) -> None:
        """Of a folder: its names are there for good."""
        self._disk.changes()
        self.listing().unsynced.clear()

    def _folder(self) -> _Folder:
        return self._disk.folders.setdefault(self._in, _Folder())

    def _file(self) -> _File:
        try:
            return self._folder().files[self.name]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, self.name) from None

    def _put(self, file: _File) -> Undo:
        files, before = self._folder().files, self._folder().files.get(self.name)

        def undo() -> None:
            if before is None:
                files.pop(self.name, None)
            else:
                files[self.name] = before

        files[self.name] = file
        self._folder().unsynced.append(undo)
        return undo

    def _take(self) -> Undo:
        files = self._folder().files
        file = files.pop(self.name)

        def undo() -> None:
            files[self.name] = file

        self._folder().unsynced.append(undo)
        return undo


class Handle:
    """An open file."""

    def __init__(self, disk: Disk, file: _File) -> None:
        self._disk = disk
        self._file = file

    def __enter__(self) -> Handle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to close."""

    def write(self, data: bytes) -> int:
        self._disk.changes()
        self._disk.needs_room()
        self._file.data += data
        return len(data)

    def flush(self) -> None:
        """What is written is in the kernel already."""

    def fileno(self) -> Handle:
        return self

    def sync(self) -> None:
        self._disk.changes()
        self._file.synced = self._file.data


os_of_the_disk = SimpleNamespace(
    O_RDONLY=os.O_RDONLY,
    open=lambda path, flags: path,
    close=lambda opened: None,
    fsync=lambda opened: opened.sync(),
    truncate=lambda path, length: path.truncate(),
)
"""What the ingestor's files need of `os`; only to empty a file is it truncated."""
