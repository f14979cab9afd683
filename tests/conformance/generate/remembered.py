"""What Trino said to the queries of a part, kept on disk: a mended engine needs no Trino again.

Its word depends on its version, on the tables and on the text alone. A file begins with the
print of the first two; one that begins otherwise is begun anew.
"""

import hashlib
import json
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from tests.conformance.canonical import json_text
from tests.conformance.oracle import SESSION
from tests.conformance.record import OTHERWISE, TIME
from tests.conformance.recorded import Recorded, as_json, of_json
from tests.conformance.tables import CATALOGS, statements
from tests.trino_lab.maven import VERSION


def of_what() -> str:
    """The print of all that an answer depends on besides the text, as 16 hex digits."""
    all_ = [VERSION, SESSION, CATALOGS, TIME, OTHERWISE, *statements()]
    return hashlib.sha256(json_text(all_).encode()).hexdigest()[:16]


class Remembered:
    """The answers of one file: read whole, appended to as they come. Threads may share it.

    An answer is the first run's, or both runs' (`settled` is known then). Rows are whole.
    """

    def __init__(self, file: Path) -> None:
        self._lock = Lock()
        self._known: dict[tuple[str, bool], Recorded] = {}
        head = {"of": of_what()}
        lines = _lines(file)
        if lines[:1] != [head]:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{json_text(head)}\n")
        for line in lines[1:] if lines[:1] == [head] else ():
            self._known[line["h"], line.pop("twice")] = of_json(line)
        self._file = file.open("a")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, hash_: str, twice: bool = False) -> Recorded | None:
        """What it said to this text: at first, or after its second run."""
        return self._known.get((hash_, twice))

    def put(self, found: Recorded, twice: bool = False) -> Recorded:
        """Keeps an answer; gives it back."""
        line = {**as_json(found), "twice": twice}
        with self._lock:
            self._known[found.hash, twice] = found
            self._file.write(f"{json.dumps(line, separators=(',', ':'))}\n")
            self._file.flush()
        return found


def _lines(file: Path) -> list[dict[str, Any]]:
    """The whole lines; what a killed run left half written is cut off."""
    if not file.is_file():
        return []
    *whole, rest = file.read_bytes().split(b"\n")
    if rest:
        file.write_bytes(b"".join(line + b"\n" for line in whole))
    return [json.loads(line) for line in whole]
