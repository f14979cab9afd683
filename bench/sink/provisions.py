"""What the peers need and the project does not: fetched once, kept under `.local/bench`."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from local_stack import jars
from local_stack.paths import Paths
from tests.environments import patient_pip

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".local" / "bench"
VENV = FOLDER / "venv"
LOCKED = ROOT / "requirements" / "bench.txt"
JAVA = Path(__file__).resolve().parent / "java"
_VERSITYGW = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

Say = Callable[[str], None]


class ProvisionError(Exception):
    """Something that the bench needs is not here and cannot be fetched."""


def python(say: Say) -> Path:
    """The Python of a venv with the peers' packages, made first if need be."""
    executable = VENV / "bin" / "python"
    if _is_fresh(VENV, LOCKED):
        return executable
    say("installing the Python peers (once)")
    shutil.rmtree(VENV, ignore_errors=True)
    _do([sys.executable, "-m", "venv", str(VENV)])
    _do([*patient_pip(executable), "--require-hashes", "-r", str(LOCKED)])
    return _stamp(VENV, LOCKED, executable)


def spark(say: Say) -> str:
    """A class path with what pyspark needs for Kafka, for S3 and for a level of gzip."""
    return f"{_built('spark', say)}/*:{jars.fetch(Paths(), jars.SPARK, say)}/*"


def flink(say: Say) -> str:
    """A class path with Flink and the job."""
    return f"{_built('flink', say)}/*"


def _built(name: str, say: Say) -> Path:
    """The folder of jars of one of the Java projects, built first if need be."""
    folder, project = FOLDER / "jars" / name, JAVA / name
    if not _is_fresh(folder, project):
        say(f"building the job of {name} through Maven (once)")
        built = FOLDER / f"{name}-target"
        # Jars of an older pom on one class path would be found first.
        for stale in (folder, built):
            shutil.rmtree(stale, ignore_errors=True)
        _maven(project / "pom.xml", "package", f"-Djars={folder}", f"-Dbuilt={built}")
        shutil.rmtree(built)
        _stamp(folder, project, folder)
    return folder


def versitygw(say: Say) -> str:
    """The S3 server: of the clone, of the machine, or built by Go where there is Go."""
    local = ROOT / ".local" / "bin" / "versitygw"
    found = str(local) if local.is_file() else shutil.which("versitygw")
    if found is not None:
        return found
    go = shutil.which("go")
    if go is None:
        raise ProvisionError(
            f"versitygw is needed, on the path or in .local/bin: with Go, "
            f"`GOBIN=$PWD/.local/bin go install {_VERSITYGW}`"
        )
    say("building versitygw with Go (once)")
    _do(["env", f"GOBIN={local.parent}", go, "install", _VERSITYGW])
    return str(local)


def _maven(pom: Path, *words: str) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ProvisionError("Maven is needed to fetch jars: install it (`apt install maven`)")
    command = [maven, "-q", "-B", "-f", str(pom), *words]
    _check(command, jars.fetching(command))


def _do(command: Sequence[str]) -> None:
    _check(command, subprocess.run(command, capture_output=True, text=True))


def _check(command: Sequence[str], done: "subprocess.CompletedProcess[str]") -> None:
    if done.returncode != 0:
        said = (done.stderr + done.stdout).strip().splitlines()
        raise ProvisionError(f"{' '.join(command[:6])} …: {' / '.join(said[:3])}")


def _digest(source: Path) -> str:
    """Of a file, or of all files of a folder."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    told = hashlib.sha256()
    for path in files or [source]:
        told.update(path.read_bytes())
    return told.hexdigest()


def _is_fresh(folder: Path, source: Path) -> bool:
    stamp = folder / ".made-from"
    return stamp.is_file() and stamp.read_text() == _digest(source)


def _stamp(folder: Path, source: Path, made: Path) -> Path:
    (folder / ".made-from").write_text(_digest(source))
    return made
