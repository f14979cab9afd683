"""`make test-sparks`: the job's tests on each Spark that Glue runs it on, ANSI casts on and off.

The tests are the same; the environment is another: 3.5 is that of `.venv`, 4.1 has one of its own in
`.local/sparks/`, made of the same lock but for its pyspark. `--turn` says whose turn it is in `.ci/run`.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.commit import commit
from tests.environments import ROOT, installed, made

ASKED = "COINLAKE_TEST_SPARK"
TESTS = ("tests/spark", "tests/unit/coinlake_job", "tests/unit/coinlake_kernel")


@dataclass(frozen=True, slots=True)
class Spark:
    """A Spark, the Glue that runs it with its Python (Glue developer guide, "AWS Glue versions")."""

    glue: str
    python: str
    lock: Path

    @property
    def version(self) -> str:
        """The very version that is locked."""
        pins = self.lock.read_text().splitlines()
        (pin,) = [line for line in pins if line.startswith("pyspark==")]
        return pin.split()[0].removeprefix("pyspark==")


SPARKS = {
    "3.5": Spark("5.1", "3.11", ROOT / "requirements/dev.txt"),
    "4.1": Spark("6.0", "3.13", ROOT / "requirements/spark4.txt"),
}
OURS = "3.5"
"""The one of `.venv`, and of Glue as the template asks for it."""


class WrongSparkError(Exception):
    """The tests run on another Spark than they were asked for."""


def asked() -> Spark:
    """The Spark that this process was asked to test on."""
    return SPARKS[os.environ.get(ASKED, OURS)]


def check(found: str, wanted: Spark) -> None:
    """Raises WrongSparkError where a running Spark is not the one that is locked."""
    if found != wanted.version:
        raise WrongSparkError(f"this is Spark {found}, and {wanted.version} was asked for")


def main(argv: list[str]) -> int:
    """Test on each that is named; 1 where a test failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sparks", nargs="*", metavar="SPARK", help=f"of {', '.join(SPARKS)}")
    parser.add_argument("--turn", action="store_true", help="print the one for this commit")
    said = parser.parse_args(argv)
    if unknown := set(said.sparks) - SPARKS.keys():
        parser.error(f"no such Spark: {', '.join(sorted(unknown))}")
    if said.turn:
        _say(turn(commit()))
        return 0
    outcomes = {name: _tested(name, SPARKS[name]) for name in said.sparks or SPARKS}
    for name, passed in outcomes.items():
        _say(f"Spark {name} (Glue {SPARKS[name].glue}): {'passed' if passed else 'FAILED'}")
    return 0 if all(outcomes.values()) else 1


def turn(commit: str) -> str:
    """The Spark whose turn it is at a commit: always the same one, and another for half of them."""
    names = sorted(SPARKS)
    return names[int(commit.removesuffix("-dirty"), 16) % len(names)]


def _tested(name: str, spark: Spark) -> bool:
    python = _environment(name, spark)
    if python is None:
        return False
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
    environ = {**os.environ, ASKED: name}
    # A Spark that is installed elsewhere would run instead (pyspark, find_spark_home.py).
    environ.pop("SPARK_HOME", None)
    return subprocess.run(command, cwd=ROOT, env=environ).returncode == 0


def _environment(name: str, spark: Spark) -> Path | None:
    if name == OURS:
        _say(f"Spark {spark.version}: {sys.executable}")
        return Path(sys.executable)
    folder = ROOT / ".local/sparks" / name
    # Every supported Python takes the lock; Glue's own is the one to test on where it is here.
    python = installed(spark.python) or sys.executable
    _say(f"Spark {spark.version}: {python}, in {folder.relative_to(ROOT)}")
    return made(folder, python, spark.lock)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
