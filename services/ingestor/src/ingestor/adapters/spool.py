"""The journal's files: one for each entry, synced before it counts. Blocking; see `journal`.

`<number>.record` is a record that Kafka lacks, `.sent` one that it has, `.state` an entry without
a record. To send is to rename and to empty a file, so that it needs no space on the disk; what is
done is deleted two files later, when its absence is no riddle any more. Where the disk has no place
for two more names, two that are kept for it make room. A file that is damaged goes into `aside/`
with its bytes and costs nothing but itself.
"""

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from coinlake.contracts.topics import GAPS
from coinlake.errors import BadRecordError
from ingestor.adapters.aside import AsideFolder
from ingestor.adapters.files import is_short_of_means, sync_folder
from ingestor.core.entries import Filed, RecordEntry, pack, unpack
from ingestor.core.recovery import Files

_NAME = re.compile(r"(\d{12})\.(record|sent|state)")
_UNFINISHED = ".new"
# Empty files whose inodes are given up for the two entries after which all others go. By their
# names any version takes them for unfinished ones, and clears them away.
_SPARES = tuple(f"spare-{number}{_UNFINISHED}" for number in (1, 2))


@dataclass(frozen=True, slots=True)
class OddFile:
    """A file that is not as it should be, and why. `aside`: it lies in that folder now."""

    name: str
    reason: str
    aside: bool


@dataclass(slots=True)
class Recovery:
    """What opening the files found wrong."""

    torn_bytes: int = 0
    troubles: list[OddFile] = field(default_factory=list)


class Spool:
    """Files in one folder. Only one thread may use it at a time.

    All methods raise OSError where the disk refuses; the entry then does not count.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = AsideFolder(folder)
        self._sizes: dict[str, int] = {}
        # Names of files that are done; and of those that were when the last file was written.
        self._done: set[str] = set()
        self._stale: set[str] = set()
        # The numbers of the two newest files: they hold the state, and are not emptied.
        self._newest: tuple[int, int] = (0, 0)
        self.recovery = Recovery()

    # ---- opening -----------------------------------------------------------------------------

    def recover(self) -> Files:
        """Every file in the order of their numbers. Damaged ones are put aside, others back."""
        self._folder.mkdir(parents=True, exist_ok=True)
        files = Files(back=set(self._bring_back()))
        for path in sorted(self._folder.iterdir()):
            found = _NAME.fullmatch(path.name)
            if found is not None:
                self._take(files, path, int(found[1]), found[2])
            elif path.name.endswith(_UNFINISHED):
                self._torn(path)
            elif path.is_file() and path.suffix != ".journal":
                self.note(path.name, "a file that does not belong to the journal", aside=False)
        self._aside.count()
        self._keep_spares()
        return files

    def _bring_back(self) -> Iterator[int]:
        """What was put aside and can be read now: of a version to come, or a disk that healed."""
        for path in self._aside.records():
            with suppress(OSError, BadRecordError):
                filed = unpack(path.read_bytes())
                back = self._folder / path.name
                if path.name == _name(filed.number, "record") and not back.exists():
                    path.rename(back)
                    yield filed.number

    def _torn(self, path: Path) -> None:
        try:
            self.recovery.torn_bytes += path.stat().st_size
            path.unlink()
        except OSError as error:
            self.note(path.name, str(error), aside=False)

    def _take(self, files: Files, path: Path, number: int, kind: str) -> None:
        files.last = max(files.last, number)
        # What a file is called says what it was for, also where nothing in it can be read.
        called = {"record": files.bad, "sent": files.sent}.get(kind, set())
        try:
            data = path.read_bytes()
        except OSError as error:
            if is_short_of_means(error):
                raise  # Of no file's own: each would be told as lost.
            self.note(path.name, f"it cannot be read: {error}", aside=False)
            called.add(number)
            return
        self._sizes[path.name] = len(data)
        if kind == "sent" and not data:
            files.sent.add(number)
            self._done.add(path.name)
            return
        try:
            filed = _filed(data, number)
            if kind != "state":
                _record_of(filed)
        except BadRecordError as error:
            called.add(number)
            self.put_aside(path.name, str(error))
            return
        if number in files.sent or (self._folder / _name(number, "sent")).exists():
            kind = "sent" if kind == "record" else kind
        if kind != "record":
            self._done.add(path.name)
        self._newest = (number, self._newest[0])
        files.found(_without_value(filed), len(data), is_sent=kind == "sent")

    # ---- working -----------------------------------------------------------------------------

    @property
    def disk_bytes(self) -> int:
        """Bytes that the files hold, sent records that are not deleted yet included."""
        return sum(self._sizes.values())

    def write(self, filed: Filed) -> int:
        """Write an entry: it is on the disk when this returns. Its bytes."""
        data = pack(filed)
        kind = "record" if isinstance(filed.entry, RecordEntry) else "state"
        path = self._folder / _name(filed.number, kind)
        try:
            self._put_somehow(path, data)
        except OSError:
            with suppress(OSError):
                path.unlink()
            raise
        self._sizes[path.name] = len(data)
        self._newest = (filed.number, self._newest[0])
        if kind == "state":
            self._done.add(path.name)
        self._tidy()
        return len(data)

    def _put_somehow(self, path: Path, data: bytes) -> None:
        try:
            self._put(path, data)
        except OSError as error:
            # open(2), ENOSPC: no room for a name either. Where nothing is done to be deleted, a
            # spare would only be one more record that waits.
            if error.errno != errno.ENOSPC or not self._gives_up_a_spare():
                raise
            self._put(path, data)

    def _gives_up_a_spare(self) -> bool:
        if len(self._done) <= len(_SPARES) + len(self._newest):
            return False
        for name in _SPARES:
            with suppress(OSError):
                (self._folder / name).unlink()
                return True
        return False

    def _keep_spares(self) -> None:
        with suppress(OSError):  # none then: that is as without them
            for name in _SPARES:
                (self._folder / name).touch()

    def _put(self, path: Path, data: bytes) -> None:
        fresh = path.with_name(path.name + _UNFINISHED)
        try:
            with fresh.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(path)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            raise
        sync_folder(self._folder)

    def restamp(self, number: int, timestamp_ms: int) -> None:
        """Give a record that waits another time; its file holds the old one or the new, whole."""
        path = self._folder / _name(number, "record")
        filed = _filed(path.read_bytes(), number)
        entry = _record_of(filed)
        record = entry.record.restamped(timestamp_ms)
        data = pack(replace(filed, entry=replace(entry, record=record)))
        self._put(path, data)
        self._sizes[path.name] = len(data)

    def read(self, number: int) -> RecordEntry:
        """A record that waits. Raises BadRecordError where its file is damaged."""
        data = (self._folder / _name(number, "record")).read_bytes()
        return _record_of(_filed(data, number))

    def sent(self, number: int) -> None:
        """Kafka has the record: its file says so, and gives its space back."""
        name, done = _name(number, "record"), _name(number, "sent")
        # Not synced: a lost mark sends a record again with the same poll_id, which the lake
        # allows and removes; a sync per record would cost more than that.
        (self._folder / name).rename(self._folder / done)
        self._done.add(done)
        self._sizes[done] = self._sizes.pop(name)
        if number not in self._newest:
            os.truncate(self._folder / done, 0)
            self._sizes[done] = 0

    def put_aside(self, name: str, reason: str) -> None:
        """Keep a file where it stops nobody, with all of its bytes; where it is, if need be."""
        self._put_aside(name, reason, self._aside.keep)

    def lost(self, number: int, reason: str) -> None:
        """Keep a record aside that cannot be read: it goes back when it can."""
        self.put_aside(_name(number, "record"), reason)

    def refused(self, number: int, reason: str) -> None:
        """Keep a record aside that Kafka never takes: under another name, so it stays there."""
        self._put_aside(_name(number, "record"), reason, self._aside.keep_refused)

    def _put_aside(self, name: str, reason: str, keep: Callable[[str], str]) -> None:
        try:
            kept_as = keep(name)
        except OSError as error:
            self.note(name, f"{reason}; it cannot be put aside: {error}", aside=False)
            return
        self._sizes.pop(name, None)
        self.note(kept_as, reason, aside=True)

    @property
    def aside_files(self) -> int:
        """How many files lie aside and may go back."""
        return self._aside.files

    def aside(self) -> Iterator[tuple[str, int]]:
        """Names and bytes of all that lies aside."""
        return self._aside.listed()

    def _tidy(self) -> None:
        for name in self._stale:
            with suppress(FileNotFoundError):
                (self._folder / name).unlink()
            self._sizes.pop(name, None)
            self._done.discard(name)
        if self._stale:
            self._keep_spares()
        newest = {_name(one, kind) for one in self._newest for kind in ("sent", "state")}
        self._stale = self._done - newest

    def note(self, name: str, reason: str, *, aside: bool = False) -> None:
        """Tell of something odd."""
        self.recovery.troubles.append(OddFile(name, reason, aside))


def _name(number: int, kind: str) -> str:
    return f"{number:012d}.{kind}"


def _filed(data: bytes, number: int) -> Filed:
    """What a file of this number holds. Raises BadRecordError."""
    filed = unpack(data)
    if filed.number != number:
        raise BadRecordError(f"it holds the entry {filed.number}")
    return filed


def _record_of(filed: Filed) -> RecordEntry:
    if not isinstance(filed.entry, RecordEntry):
        raise BadRecordError("it holds no record")
    return filed.entry


def _without_value(filed: Filed) -> Filed:
    entry = filed.entry
    if isinstance(entry, RecordEntry) and entry.record.topic != GAPS:
        return replace(filed, entry=replace(entry, record=replace(entry.record, value=b"")))
    return filed
