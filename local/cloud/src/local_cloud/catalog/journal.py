"""The catalog's writes on disk, one line of JSON each, in the order of their effect."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class CatalogJournal:
    """Appends entries, and reads them back at the next start."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> Iterator[Entry]:
        """Every entry from the first on.

        A last line cut short by a crash was never acknowledged to be durable; it is dropped.
        """
        if not self._path.exists():
            return
        raw = self._path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if whole != raw:
            self._path.write_bytes(whole)
        for line in whole.splitlines():
            yield json.loads(line)

    def append(self, operation: str, request: Entry, at: float) -> None:
        """Keep one write; `at` is when it happened, in seconds since 1970."""
        line = json.dumps({"operation": operation, "request": request, "at": at})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
