"""`make test-pythons`: the unit tests, and the job on Spark, on the other Pythons that are supported.

Each gets an environment of its own in `.local/pythons/`, made of the same lock as `.venv`. A Python that
is not here is named and not run: `python3.12` on PATH, or one of pyenv's.
"""

import subprocess
import sys

from tests.environments import ROOT, installed, made

LOCK = ROOT / "requirements/dev.txt"
VERSIONS = ("3.12", "3.13")
TESTS = (
    ("tests/unit", "-n", "2", "--dist", "loadfile"),
    ("tests/spark",),
)


def main(versions: list[str]) -> int:
    """Test with each that is here; 1 where a test failed, or where there was none to test with."""
    outcomes = {}
    for version in versions or VERSIONS:
        python = installed(version)
        if python is None:
            _say(f"NOT RUN: Python {version} is not here")
            continue
        outcomes[version] = _tested(version, python)
    for version, passed in outcomes.items():
        _say(f"Python {version}: {'passed' if passed else 'FAILED'}")
    return 0 if outcomes and all(outcomes.values()) else 1


def _tested(version: str, python: str) -> bool:
    folder = ROOT / ".local/pythons" / version
    _say(f"Python {version}: {python}, in {folder.relative_to(ROOT)}")
    inside = made(folder, python, LOCK)
    if inside is None:
        return False
    pytest = [str(inside), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return all(subprocess.run([*pytest, *words], cwd=ROOT).returncode == 0 for words in TESTS)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
