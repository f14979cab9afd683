"""Trino's own files, fetched through Maven once: the server, its plugins, its tests' jars."""

import fcntl
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

VERSION = "476"
FOLDER = Path(__file__).resolve().parents[2] / ".local" / "trino"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
# The queries' texts are in the tests of the engine and in the tests that each connector runs.
TEST_JARS = (
    f"io.trino:trino-main:{VERSION}:jar:tests",
    f"io.trino:trino-testing:{VERSION}:jar",
)
# What the parser's and the types' own tests say.
PARSER_JARS = (
    *TEST_JARS,
    f"io.trino:trino-parser:{VERSION}:jar:tests",
    f"io.trino:trino-spi:{VERSION}:jar:tests",
)


def server_home(plugins: tuple[str, ...] = ()) -> Path:
    """The unpacked server whose plugin folder holds these plugins and no other."""
    # Each bundled plugin costs start-up, so a server without plugins is a folder of its own.
    name = "-".join(("server", *sorted(plugins)))
    home = FOLDER / name / f"trino-server-core-{VERSION}"
    return _once(home, lambda: _unpack(home, plugins))


def jars_of_tests(artifacts: tuple[str, ...] = TEST_JARS) -> tuple[Path, ...]:
    """The jars that hold the texts of Trino's own tests."""
    return tuple(_copied(artifact) for artifact in artifacts)


def _unpack(home: Path, plugins: tuple[str, ...]) -> None:
    with tarfile.open(_copied(f"io.trino:trino-server-core:{VERSION}:tar.gz")) as archive:
        wanted = [item for item in archive if "/plugin/" not in item.name]
        archive.extractall(home.parent, members=wanted, filter="data")
    (home / "plugin").mkdir(exist_ok=True)
    for plugin in plugins:
        with zipfile.ZipFile(_copied(f"io.trino:trino-{plugin}:{VERSION}:zip")) as archive:
            archive.extractall(home / "plugin")


def _copied(artifact: str) -> Path:
    _, name, version, *kind = artifact.split(":")
    file = FOLDER / "-".join([name, version, *kind[1:]])
    target = file.with_name(f"{file.name}.{kind[0]}")

    def copy() -> None:
        command = ["mvn", "-q", _COPY, f"-Dartifact={artifact}", f"-DoutputDirectory={FOLDER}"]
        subprocess.run(command, check=True, timeout=1800)
        if not target.is_file():
            raise FileNotFoundError(f"Maven did not copy {artifact} to {target}")

    return _once(target, copy)


def _once(target: Path, make: Callable[[], None]) -> Path:
    """Runs `make` unless it was run to its end before, here or in another process."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    done = target.with_name(f"{target.name}.done")
    if done.is_file():
        return target
    done.parent.mkdir(parents=True, exist_ok=True)
    with done.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.is_file():
            # What an interrupted run left is no good.
            shutil.rmtree(target, ignore_errors=True)
            make()
            done.touch()
    return target
