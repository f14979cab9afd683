"""The committed list of jars is that of the jars that are fetched and that pyspark brings along."""

import shutil
import zipfile
from pathlib import Path

import pytest

from deploy.release import collect, inventory
from deploy.release.errors import ReleaseError
from local_stack import jars
from local_stack.paths import Paths

ROOT = Path(__file__).resolve().parents[3]


def test_every_jar_is_listed_with_its_bytes_and_its_licence() -> None:
    for profile in (jars.AGENT, jars.KAFKA, jars.SPARK):
        jars.fetch(Paths(), profile, lambda _: None)

    found = [*collect.fetched_jars(ROOT), *collect.pyspark_jars()]

    listed = [part for part in inventory.committed() if part.kind == inventory.JAR]
    assert sorted(found) == sorted(listed), "run `make notice`"


def test_a_jar_that_says_no_licence_is_refused(tmp_path: Path) -> None:
    known = jars.fetch(Paths(), jars.SPARK, lambda _: None) / "wildfly-openssl-1.0.7.Final.jar"
    shutil.copy(known, tmp_path)
    as_known = collect.jars(tmp_path, inventory.IMAGES)

    with zipfile.ZipFile(tmp_path / "surprise-1.0.jar", "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n\r\n")

    assert [part.name for part in as_known] == ["wildfly-openssl"]
    with pytest.raises(ReleaseError, match=r"surprise-1\.0\.jar says no licence"):
        collect.jars(tmp_path, inventory.IMAGES)
