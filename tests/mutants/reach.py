"""Which tests run a line: from one traced run of the unchanged source."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.changes import Change
from tests.mutants.services import ROOT, Service
from tests.mutants.tracing import IMPORT, REPORT, SOURCE


@dataclass(frozen=True, slots=True)
class Reach:
    """The tests of a service, quick ones first, and the lines that each of them runs."""

    tests: tuple[str, ...]
    seconds: dict[str, float]
    lines: dict[tuple[str, int], frozenset[str]]

    def tests_of(self, change: Change) -> tuple[str, ...]:
        """The tests that can notice a change: no other test ever runs its statement."""
        running: set[str] = set()
        for line in range(change.first_line, change.last_line + 1):
            running |= self.lines.get((change.file, line), frozenset())
        return self.tests if IMPORT in running else tuple(t for t in self.tests if t in running)


def reach(service: Service, kept: Path) -> Reach:
    """Traced anew where the source or its tests changed since."""
    digest = digest_of([service.source, *service.unit])
    file = kept / f"{service.name}-reach-{digest}.json"
    if not file.exists():
        kept.mkdir(parents=True, exist_ok=True)
        _trace(service, file)
    return _read(service, json.loads(file.read_text()))


def digest_of(folders: Iterable[str]) -> str:
    """Another one when any Python file below the folders is another."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _trace(service: Service, file: Path) -> None:
    partial = file.with_suffix(".partial")
    environment = os.environ | {
        SOURCE: str(ROOT / service.source),
        REPORT: str(partial),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [*command, "-p", "tests.mutants.tracing", *service.unit],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise SystemExit(f"the unchanged source fails its own tests:\n{ran.stdout[-3000:]}")
    partial.replace(file)


def _read(service: Service, report: dict[str, dict[str, list[tuple[str, int]]]]) -> Reach:
    seconds: dict[str, float] = report["seconds"]  # type: ignore[assignment]
    lines: dict[tuple[str, int], set[str]] = {}
    for test, seen in report["lines"].items():
        for name, line in seen:
            lines.setdefault((str(Path(name).relative_to(ROOT)), line), set()).add(test)
    return Reach(
        tuple(sorted(seconds, key=lambda test: seconds[test])),
        seconds,
        {place: frozenset(tests) for place, tests in lines.items()},
    )
