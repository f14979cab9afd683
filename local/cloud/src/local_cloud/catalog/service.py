"""The Glue API's operations on the catalog: one at a time, and kept on disk before they answer."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from local_cloud.catalog import databases, indexes, partitions, tables, tags
from local_cloud.catalog.entities import Answer
from local_cloud.catalog.journal import CatalogJournal
from local_cloud.catalog.state import State
from local_cloud.errors import AwsError

log = structlog.get_logger(__name__)

_PARTS = (databases, tables, partitions, indexes, tags)
READS: dict[str, Any] = {name: call for part in _PARTS for name, call in part.READS.items()}
WRITES: dict[str, Any] = {name: call for part in _PARTS for name, call in part.WRITES.items()}


class CatalogService:
    """Databases, tables, partitions. `operations` may be called from many threads."""

    def __init__(self, journal_file: Path, now: Callable[[], float]) -> None:
        self._state = State()
        self._journal = CatalogJournal(journal_file)
        self._now = now
        # One lock for all: a version is compared and replaced in one step, nobody reads half a
        # write, and the journal has the writes in the order of their effect.
        self._lock = threading.Lock()
        self.operations: dict[str, Callable[[Answer], Answer]] = {
            **{name: partial(self._read, name) for name in READS},
            **{name: partial(self._write, name) for name in WRITES},
        }

    def replay(self) -> int:
        """Bring the catalog to where its journal ends; how many writes that were."""
        count = 0
        for entry in self._journal.entries():
            count += 1
            # Journals of older clouds tell no time, and may have writes that are refused now.
            at = entry.get("at", self._now())
            try:
                WRITES[entry["operation"]](self._state, entry["request"], at)
            except (AwsError, KeyError) as error:
                log.warning(
                    "catalog_replay_refused", operation=entry["operation"], reason=str(error)
                )
        return count

    def _read(self, name: str, request: Answer) -> Answer:
        with self._lock:
            answer: Answer = READS[name](self._state, request)
        return answer

    def _write(self, name: str, request: Answer) -> Answer:
        with self._lock:
            at = self._now()
            answer: Answer = WRITES[name](self._state, request, at)
            self._journal.append(name, request, at)
        return answer
