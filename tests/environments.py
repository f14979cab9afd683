"""Further virtual environments of the checkout: another Python, or another Spark."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def installed(version: str) -> str | None:
    """A Python of this version (such as 3.13) that starts: on PATH, or one of pyenv's."""
    code = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
    for candidate in _candidates(version):
        done = subprocess.run([candidate, "-c", code], capture_output=True, text=True)
        if done.stdout.strip() == version:
            return candidate
    return None


def _candidates(version: str) -> Iterator[str]:
    # pyenv's shim is on PATH too, and fails where its version is not the chosen one.
    if found := shutil.which(f"python{version}"):
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    yield from map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))


def patient_pip(python: str | Path) -> list[str]:
    """`pip install` into the environment of a Python, which goes on with a download that broke off.

    By the pip of `make setup`: the one that a new environment has cannot do that.
    """
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    again = ["--retries", "10", "--timeout", "60", "--resume-retries", "20"]
    return [*pip, "--disable-pip-version-check", *again]


def made(folder: Path, python: str, lock: Path) -> Path | None:
    """The Python of an environment with what the lock says and our packages, editable.

    It is made anew only where the lock, a package's pyproject.toml or the Python is another than it
    was made from. None where a command failed; it has said why.
    """
    inside = folder / "bin/python"
    stamp, wanted = folder / ".made-from", _sources(python, lock)
    folder.mkdir(parents=True, exist_ok=True)
    # Two runs in one checkout must not build it at once.
    with folder.with_name(f"{folder.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text() == wanted:
            return inside
        if not _make(folder, python, lock):
            return None
        stamp.write_text(wanted)
    return inside


def _make(folder: Path, python: str, lock: Path) -> bool:
    inside = str(folder / "bin/python")
    install = patient_pip(inside)
    packages = [f"--editable={ROOT / each.parent}" for each in _packages()]
    commands = (
        [python, "-m", "venv", "--clear", str(folder)],
        [*install, "--require-hashes", "--requirement", str(lock)],
        [*install, "--no-deps", "--no-build-isolation", *packages],
        # A package of ours that does not take what the lock has must not be tested with it.
        [inside, "-m", "pip", "check"],
    )
    return all(subprocess.run(command, cwd=ROOT).returncode == 0 for command in commands)


def _sources(python: str, lock: Path) -> str:
    files = (lock, *(ROOT / each for each in _packages()))
    told = "".join(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    return hashlib.sha256(f"{python} {told}".encode()).hexdigest()


def _packages() -> list[Path]:
    listed = ["git", "ls-files", "*/pyproject.toml"]
    told = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(line) for line in told.splitlines()]
