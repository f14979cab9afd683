"""`make test-pythons`: the unit tests, and the job on Spark, on the other Pythons that are supported.

Each gets an environment of its own in `.local/pythons/`, made of the same lock as `.venv`. A Python that
is not here is named and not run: `python3.12` on PATH, or one of pyenv's.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements/dev.txt"
VERSIONS = ("3.12", "3.13")
TESTS = (
    ("tests/unit", "-n", "2", "--dist", "loadfile"),
    ("tests/spark/test_job_transform.py",),
)


def main(versions: list[str]) -> int:
    """Test with each that is here; 1 where a test failed, or where there was none to test with."""
    outcomes = {}
    for version in versions or VERSIONS:
        python = _installed(version)
        if python is None:
            _say(f"NOT RUN: Python {version} is not here")
            continue
        outcomes[version] = _tested(version, python)
    for version, passed in outcomes.items():
        _say(f"Python {version}: {'passed' if passed else 'FAILED'}")
    return 0 if outcomes and all(outcomes.values()) else 1


def _installed(version: str) -> str | None:
    """A Python of this version that starts."""
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


def _tested(version: str, python: str) -> bool:
    folder = ROOT / ".local/pythons" / version
    inside = str(folder / "bin/python")
    install = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    packages = [f"--editable={ROOT / each.parent}" for each in _packages()]
    _say(f"Python {version}: {python}, in {folder.relative_to(ROOT)}")
    commands = (
        [python, "-m", "venv", "--clear", str(folder)],
        [*install, "--require-hashes", "--requirement", str(LOCK)],
        [*install, "--no-deps", "--no-build-isolation", *packages],
        *([inside, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words] for words in TESTS),
    )
    return all(subprocess.run(command, cwd=ROOT).returncode == 0 for command in commands)


def _packages() -> list[Path]:
    listed = ["git", "ls-files", "*/pyproject.toml"]
    told = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(line) for line in told.splitlines()]


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
