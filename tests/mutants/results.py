"""What was tried already: one line of JSON a change, so that a run that ended goes on."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutants.changes import Change
from tests.mutants.services import ROOT
from tests.mutants.trial import Outcome


@dataclass(frozen=True, slots=True)
class Result:
    """A change, the source and the tests it was tried on, and what came of it."""

    file: str
    start: int
    end: int
    kind: str
    becomes: str
    source: str
    tests: str
    noticed: bool
    by: str
    said: str
    seconds: float


class Results:
    """Keyed by place, kind and the source's hash. What lived is tried again on other tests."""

    def __init__(self, file: Path, tests: str) -> None:
        self._file, self._tests = file, tests
        self._known: dict[tuple[object, ...], Result] = {}
        if file.exists():
            for line in file.read_text().splitlines():
                result = Result(**json.loads(line))
                self._known[_key(result, result.source)] = result

    def of(self, change: Change) -> Result | None:
        known = self._known.get(_key(change, source_hash(change.file)))
        if known is None or (not known.noticed and known.tests != self._tests):
            return None
        return known

    def keep(self, change: Change, outcome: Outcome) -> Result:
        result = Result(
            change.file,
            change.start,
            change.end,
            change.kind,
            change.becomes,
            source_hash(change.file),
            self._tests,
            **asdict(outcome),
        )
        self._known[_key(result, result.source)] = result
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a") as lines:
            lines.write(json.dumps(asdict(result)) + "\n")
        return result


def source_hash(file: str) -> str:
    return hashlib.sha256((ROOT / file).read_bytes()).hexdigest()[:16]


def _key(one: Change | Result, source: str) -> tuple[object, ...]:
    return one.file, one.start, one.end, one.kind, one.becomes, source
