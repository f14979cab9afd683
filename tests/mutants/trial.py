"""One change tried: a changed copy of the source before the real one, and the tests on it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.changes import Change
from tests.mutants.services import ROOT, Service

# A busy machine is slower than the traced run was; a hang is for ever.
SLOWER, SPARE_S = 4.0, 30.0
SECONDS_PER_SEED = 0.5


@dataclass(frozen=True, slots=True)
class Suite:
    """A command that is green on the unchanged source, and how long it may take."""

    name: str
    command: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a suite noticed, and what it said first."""

    noticed: bool
    by: str
    said: str
    seconds: float


def unit_suite(tests: Sequence[str], seconds: float) -> Suite:
    command = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests)
    return Suite("unit", command, SLOWER * seconds + SPARE_S)


def simulation_suite(seeds: int) -> Suite:
    command = (sys.executable, "-m", "tests.sim", "--seeds", str(seeds), "--stop")
    return Suite("simulation", command, SECONDS_PER_SEED * seeds + SPARE_S)


def integration_suite(service: Service) -> Suite:
    command = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider")
    return Suite("integration", (*command, *service.integration), 1800.0)


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
            said = _run(suite, folder)
            if said is not None:
                return Outcome(True, suite.name, said, time.monotonic() - began)
    return Outcome(False, "", "", time.monotonic() - began)


def _run(suite: Suite, folder: Path) -> str | None:
    """None where the suite is green; else the line that says what failed."""
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        suite.command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=suite.seconds)
    except subprocess.TimeoutExpired:
        return f"hung for {suite.seconds:.0f} s"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return _first_failure(output, process.returncode) if process.returncode else None


def _first_failure(output: str, code: int) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    for line in lines:
        if line.startswith(("FAILED", "ERROR", "seed ", "VIOLATION")):
            return line[:300]
    return f"exit {code}: {lines[-1][:300] if lines else 'it said nothing'}"
