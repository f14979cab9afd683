"""A run of the fuzz: what was accepted, run, and touched."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from query_api.core import guard
from query_api.core.problems import RefusedSqlError
from tests.conformance.tables import SCHEMA
from tests.guard_fuzz.lake import ALLOWED, Engine, foreign
from tests.guard_fuzz.making import statement

MAX_ROWS = 1000
PARTS = 20
PART = 5000


@dataclass(slots=True)
class Found:
    """What came of a run. `holes` are statements that touched what nobody may read."""

    asked: int = 0
    accepted: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    holes: list[tuple[int, str, frozenset[str]]] = field(default_factory=list)

    def said(self) -> dict[str, Any]:
        """The figures."""
        return {
            "asked": self.asked,
            "accepted": self.accepted,
            "answered": self.ends["answered"],
            "ends": dict(self.ends.most_common(8)),
            "refused": dict(self.refused.most_common(12)),
            "holes": [(index, sql, sorted(touched)) for index, sql, touched in self.holes],
        }


def fuzz(
    seed: int, indexes: Iterable[int], more: Callable[[Found], bool] = lambda _: True
) -> Found:
    """Ask the guard for statements by chance and run what it accepts, while `more` says so."""
    engine, found = Engine(), Found()
    with patch.object(guard, "TABLE_NAMES", ALLOWED):
        for index in indexes:
            if not more(found):
                break
            _one(engine, found, index, statement(seed, index))
    return found


def _one(engine: Engine, found: Found, index: int, sql: str) -> None:
    found.asked += 1
    try:
        checked = guard.check(sql, SCHEMA, MAX_ROWS)
    except RefusedSqlError as error:
        found.refused[error.reason] += 1
        return
    found.accepted += 1
    found.ends[engine.run(checked.sql)] += 1
    if outside := foreign(engine.touched):
        found.holes.append((index, sql, outside))
