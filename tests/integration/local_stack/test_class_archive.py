"""Brokers start from an archive of Kafka's classes, and without one as well."""

import shutil
import subprocess
from pathlib import Path

import pytest

from local_stack import class_archive, jars
from local_stack.broker import BrokerSpec, ensure_class_archive
from local_stack.java import find_java
from local_stack.paths import Paths


@pytest.fixture(scope="module")
def kafka() -> Path:
    """The jars, with their archive (`make jars` has made both)."""
    ensure_class_archive(Paths(), lambda _: None)
    return jars.fetch(Paths(), jars.KAFKA, lambda _: None)


def _loaded(command: list[str]) -> str:
    java, *rest = command
    said = subprocess.run([java, "-Xlog:class+load", *rest], capture_output=True, text=True)
    return next(line for line in said.stdout.splitlines() if "org.apache.kafka." in line)


def _asked(spec: BrokerSpec) -> list[str]:
    return spec.java("kafka.tools.StorageTool", "random-uuid")


def test_a_program_of_kafkas_loads_its_classes_from_the_archive(
    kafka: Path, tmp_path: Path
) -> None:
    home = find_java().home
    made = class_archive.place(kafka, home)
    assert made.is_file()

    line = _loaded(_asked(BrokerSpec(kafka, home, tmp_path, 1, 2)))

    assert "shared objects file (top)" in line


def test_an_archive_of_other_jars_is_not_used_and_stops_nothing(
    kafka: Path, tmp_path: Path
) -> None:
    home = find_java().home
    copied = tmp_path / "kafka"
    copied.mkdir()
    for jar in kafka.glob("*.jar"):
        shutil.copyfile(jar, copied / jar.name)
    spec = BrokerSpec(copied, home, tmp_path, 1, 2)
    assert class_archive.starting_from(copied, home) == []

    # Even where it lies under the name of the right one.
    class_archive.place(copied, home).write_bytes(class_archive.place(kafka, home).read_bytes())

    line = _loaded(_asked(spec))

    assert "shared objects file (top)" not in line


def test_a_new_archive_takes_the_place_of_those_of_other_jars(tmp_path: Path) -> None:
    home, folder = find_java().home, tmp_path / "kafka"
    folder.mkdir()
    old = tmp_path / "kafka-0123456789ab.jsa"
    old.write_bytes(b"")

    def make(option: str) -> None:
        Path(option.removeprefix("-XX:ArchiveClassesAtExit=")).write_bytes(b"")

    class_archive.ensure(folder, home, make, lambda _: None)

    assert list(tmp_path.glob("*.jsa")) == [class_archive.place(folder, home)]
