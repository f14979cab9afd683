"""Fetches the jars of the pom's profiles through Maven, once per version of the pom."""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack.errors import StackError
from local_stack.paths import Paths

KAFKA, SPARK = "kafka", "spark"
_STAMP = ".pom-sha256"


def is_fetched(paths: Paths, profile: str) -> bool:
    """Whether the folder holds the jars of the pom as it is now."""
    stamp = paths.jars(profile) / _STAMP
    return stamp.is_file() and stamp.read_text() == _digest(paths.pom)


def fetch(paths: Paths, profile: str, say: Callable[[str], None]) -> Path:
    """The folder of a profile's jars, fetched first if need be."""
    folder = paths.jars(profile)
    if is_fetched(paths, profile):
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise StackError("Maven is needed to fetch jars: install it (`apt install maven`).")
    with _locked(folder.with_name(f"{profile}.lock")):
        if not is_fetched(paths, profile):  # by somebody else, while we waited
            say(f"fetching the jars of {profile} through Maven (once)")
            _fetch(maven, paths, profile)
    return folder


def _fetch(maven: str, paths: Paths, profile: str) -> None:
    folder = paths.jars(profile)
    # Into an empty folder beside it: jars of an older pom on one class path break the JVM.
    fresh = folder.with_name(f"{profile}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    command = [maven, "-q", "-B", "-f", str(paths.pom), "-P", profile]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise StackError(
            f"Maven could not fetch the jars of {profile}: "
            f"{' / '.join((done.stdout + done.stderr).strip().splitlines()[:3])}"
        )
    (fresh / _STAMP).write_text(_digest(paths.pom))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _digest(pom: Path) -> str:
    return hashlib.sha256(pom.read_bytes()).hexdigest()
