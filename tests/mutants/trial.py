"""One change tried: a changed copy of the source before the real one, and the tests on it."""

import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.mutants.changes import Change
from tests.mutants.processes import NOT_STARTED, forked, spawned
from tests.mutants.services import ROOT, Service

# A busy machine is slower than the traced run was; a hang is for ever.
SLOWER, SPARE_S = 4.0, 30.0
SECONDS_PER_SEED = 2.0
TRIES = 2
NO_TESTS = 5  # pytest.ExitCode.NO_TESTS_COLLECTED
QUIET = ("-x", "-q", "-p", "no:cacheprovider")


@dataclass(frozen=True, slots=True)
class Suite:
    """A command that is green on the unchanged source, and how long it may take."""

    name: str
    command: tuple[str, ...]
    seconds: float
    forked: bool = False  # the command is pytest's arguments alone
    # Runs one test, its id behind: tests with processes and brokers are red for other reasons too,
    # so what failed counts where it fails once more by itself.
    alone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a suite noticed, and what it said first."""

    noticed: bool
    by: str
    said: str
    seconds: float


def unit_suite(tests: Sequence[str], seconds: float) -> Suite:
    return Suite("unit", (*QUIET, *tests), SLOWER * seconds + SPARE_S, forked=True)


def simulation_suite(world: str, seeds: int) -> Suite:
    sim = (sys.executable, "-m", "tests.labs.sim", "--world", world)
    command = (*sim, "--seeds", str(seeds), "--stop")
    return Suite("simulation", command, SECONDS_PER_SEED * seeds + SPARE_S)


def integration_suite(service: Service) -> Suite:
    alone = (sys.executable, "-m", "pytest", *QUIET)
    return Suite("integration", (*alone, *service.integration_files()), 1800.0, alone=alone)


@contextmanager
def changed_copy(service: Service, change: Change | None) -> Iterator[Path]:
    """A folder with the service's package in which one place is another."""
    with tempfile.TemporaryDirectory(prefix="coinlake-mutant-") as name:
        folder = Path(name)
        shutil.copytree(
            ROOT / service.source / service.package,
            folder / service.package,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        if change is not None:
            file = folder / Path(change.file).relative_to(service.source)
            file.write_bytes(change.applied(file.read_bytes()))
        yield folder


def tried(service: Service, change: Change | None, suites: Sequence[Suite]) -> Outcome:
    """The first suite that notices ends the trial."""
    began = time.monotonic()
    with changed_copy(service, change) as folder:
        for suite in suites:
            said = _noticed(suite, folder)
            if said is not None:
                return Outcome(True, suite.name, said, time.monotonic() - began)
    return Outcome(False, "", "", time.monotonic() - began)


def notices(service: Service, suite: Suite) -> bool:
    """Whether the suite runs the copy at all: one whose `app` raises must be red."""
    with changed_copy(service, None) as folder:
        app = folder / service.package / "app.py"
        app.write_text('raise RuntimeError("this copy is broken")\n')
        return _run(suite, folder) is not None


def _noticed(suite: Suite, folder: Path) -> str | None:
    """What failed, seen twice where the suite can be red by itself."""
    for _ in range(TRIES):
        said = _run(suite, folder)
        test = _test_of(said) if said is not None and suite.alone else None
        if test is None or _run(replace(suite, command=(*suite.alone, test)), folder):
            return said
    return None


def _test_of(said: str) -> str | None:
    """The id of the test that failed, where the line tells one."""
    found = re.match(r"(?:FAILED|ERROR) (\S+\.py::\S+)", said)
    return found[1] if found else None


def _run(suite: Suite, folder: Path) -> str | None:
    """None where the suite is green; else the line that says what failed."""
    started = forked if suite.forked else spawned
    output, code = started(suite.command, ROOT, folder, suite.seconds)
    if code is None:
        return f"hung for {suite.seconds:.0f} s"
    if code in {NOT_STARTED, NO_TESTS}:
        raise RuntimeError(f"the {suite.name} tests did not run: {output[-2000:]}")
    return _first_failure(output, code) if code else None


def _first_failure(output: str, code: int) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    for mark in ("FAILED ", "ERROR ", "seed "):
        for line in lines:
            if line.startswith(mark):
                return line[:300]
    return f"exit {code}: {lines[-1][:300] if lines else 'it said nothing'}"
