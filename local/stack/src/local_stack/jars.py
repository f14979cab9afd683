"""Fetches the jars of the pom's profiles through Maven, once per version of pom and checksums."""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local_stack.errors import StackError
from local_stack.paths import Paths

KAFKA, SPARK = "kafka", "spark"
AGENT = "agent"
"""The JMX exporter of the EC2 host's broker; nothing here runs it but tests."""
# A download of 280 MB breaks off now and then; Maven keeps what it has and goes on from there.
_TRIES = 3
_BROKE_OFF = "Could not transfer artifact"
# What the folder was made from: the pom, and the list that its jars were compared with.
_POM, _SUMS = ".pom-sha256", ".sums-sha256"


def is_fetched(paths: Paths, profile: str) -> bool:
    """Whether the folder holds the jars of the pom and of the list as they are now."""
    return _is_made_from(paths, profile, _POM) and _is_made_from(paths, profile, _SUMS)


def fetch(paths: Paths, profile: str, say: Callable[[str], None]) -> Path:
    """The folder of a profile's jars, fetched first if need be."""
    folder = paths.jars(profile)
    if is_fetched(paths, profile):
        return folder
    with _locked(folder.with_name(f"{profile}.lock")):
        if is_fetched(paths, profile):  # by somebody else, while we waited
            return folder
        if _is_made_from(paths, profile, _POM) and not _differing(folder, paths, profile):
            _stamp(folder, paths, profile)  # the list alone is new, and the jars are its
            return folder
        maven = shutil.which("mvn")
        if maven is None:
            raise StackError("Maven is needed to fetch jars: install it (`apt install maven`).")
        say(f"fetching the jars of {profile} through Maven (once)")
        _fetch(maven, paths, profile)
    return folder


def _fetch(maven: str, paths: Paths, profile: str) -> None:
    folder = paths.jars(profile)
    # Into an empty folder beside it: jars of an older pom on one class path break the JVM.
    fresh = folder.with_name(f"{profile}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    run_maven(maven, paths, fresh)
    if wrong := _differing(fresh, paths, profile):
        sums = paths.jar_sums(profile)
        raise StackError(
            f"{wrong[0]}{f' (and {len(wrong) - 1} more)' if len(wrong) > 1 else ''}: what Maven "
            f"brought is not what {sums.name} lists, so it is not used. If the pom was changed on "
            f"purpose: (cd {fresh} && sha256sum *.jar) > {sums}"
        )
    _stamp(fresh, paths, profile)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def run_maven(maven: str, paths: Paths, fresh: Path) -> None:
    """Have Maven copy a profile's jars into a folder that is named after it."""
    profile = fresh.stem
    command = [maven, "-q", "-B", "-f", str(paths.pom), "-P", profile]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
    done = fetching(command)
    if done.returncode != 0:
        raise StackError(
            f"Maven could not fetch the jars of {profile}: "
            f"{' / '.join((done.stdout + done.stderr).strip().splitlines()[:3])}"
        )


def fetching(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """What came of a Maven command; a download that broke off is gone on with, twice."""
    for _ in range(_TRIES - 1):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0 or _BROKE_OFF not in done.stdout + done.stderr:
            return done
    return subprocess.run(command, capture_output=True, text=True)


def _differing(folder: Path, paths: Paths, profile: str) -> list[str]:
    """Each jar that is not as listed, with what it is instead; empty where all are."""
    lines = paths.jar_sums(profile).read_text().splitlines()
    listed = {name: digest for digest, name in (line.split() for line in lines)}
    found = {jar.name: _sha256(jar) for jar in folder.glob("*.jar")}
    return [
        f"{name} has the SHA-256 {found.get(name, '(missing)')}, "
        f"not {listed.get(name, '(not listed)')}"
        for name in sorted(listed | found)
        if listed.get(name) != found.get(name)
    ]


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _is_made_from(paths: Paths, profile: str, stamp: str) -> bool:
    file = paths.jars(profile) / stamp
    return file.is_file() and file.read_text() == _sha256(_sources(paths, profile)[stamp])


def _stamp(folder: Path, paths: Paths, profile: str) -> None:
    for stamp, source in _sources(paths, profile).items():
        (folder / stamp).write_text(_sha256(source))


def _sources(paths: Paths, profile: str) -> dict[str, Path]:
    return {_POM: paths.pom, _SUMS: paths.jar_sums(profile)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
