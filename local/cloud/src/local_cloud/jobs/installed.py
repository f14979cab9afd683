"""What the Python of the jobs has: it is asked itself, once, when the cloud starts."""

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_ASK = """
import importlib.metadata, importlib.util, json, pathlib
found = importlib.util.find_spec("pyspark")
jars = pathlib.Path(found.origin).with_name("jars").glob("*.jar") if found else ()
packages = {one.metadata["Name"]: one.version for one in importlib.metadata.distributions()}
print(json.dumps({"packages": packages, "jars": [jar.name for jar in jars]}))
"""


class InstallError(Exception):
    """No job can run with what is there; the text says what to name instead."""


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages of a Python by their normalised names, and the Hadoop that its pyspark ships."""

    versions: Mapping[str, str]
    hadoop: str | None

    @property
    def spark(self) -> str:
        return self.versions["pyspark"]

    def has(self, name: str, version: str | None) -> bool:
        """Whether a package is there, in this version if one is told."""
        found = self.versions.get(_normalised(name))
        return found is not None and version in (None, found)


def packages_of(python: Path) -> Packages:
    """What a Python has. Raises InstallError without pyspark."""
    try:
        done = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, check=False)
    except OSError as error:
        raise InstallError(f"{python} does not start: {error.strerror}") from error
    if done.returncode != 0:
        raise InstallError(f"{python} does not start: {done.stderr.strip()[-500:]}")
    told = json.loads(done.stdout)
    packages = {_normalised(name): version for name, version in told["packages"].items()}
    if "pyspark" not in packages:
        raise InstallError(f"{python} has no pyspark: install it or name another with --python")
    return Packages(packages, _version("hadoop-client-api", told["jars"]))


def check_jars(folder: Path, packages: Packages) -> None:
    """Raises InstallError where the folder's S3A is of another Hadoop than that of pyspark.

    (Hadoop, "Troubleshooting S3A", Classpath: a hadoop-aws of another release is not to be mixed in.)
    """
    s3a = _version("hadoop-aws", (jar.name for jar in folder.glob("*.jar")))
    if s3a not in (None, packages.hadoop):
        raise InstallError(
            f"{folder} has hadoop-aws {s3a}, and pyspark {packages.spark} has Hadoop"
            f" {packages.hadoop}: name other --spark-jars. An empty folder does for jobs whose Spark"
            " reads and writes no s3:// itself"
        )


def _version(artifact: str, jars: Iterable[str]) -> str | None:
    named = (re.fullmatch(rf"{artifact}-(\d[\d.]*)\.jar", jar) for jar in jars)
    return next((match[1] for match in named if match), None)


def _normalised(name: str) -> str:
    """(PEP 503, "Normalized Names".)"""
    return re.sub(r"[-_.]+", "-", name).lower()
