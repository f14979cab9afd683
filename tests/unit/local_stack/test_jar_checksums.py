"""Jars are used only where each is, byte for byte, the one that the list names (F81)."""

import hashlib
import shutil
from pathlib import Path

import pytest

from local_stack import jars
from local_stack.errors import StackError
from local_stack.paths import CLONE, Paths

FILES = {"one-1.0.jar": b"the first", "two-2.0.jar": b"the second"}


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A clone with a pom, a list of two jars, and a Maven that brings what is in `brings`."""
    paths = Paths(tmp_path)
    paths.pom.parent.mkdir(parents=True)
    paths.pom.write_text("<project/>")
    (tmp_path / "brings").mkdir()
    lines = []
    for name, body in FILES.items():
        (tmp_path / "brings" / name).write_bytes(body)
        lines.append(f"{hashlib.sha256(body).hexdigest()}  {name}\n")
    paths.jar_sums(jars.KAFKA).write_text("".join(lines))

    def bring(_: str, paths: Paths, fresh: Path) -> None:
        shutil.copytree(paths.clone / "brings", fresh)

    monkeypatch.setattr(jars, "run_maven", bring)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    return paths


def fetched(paths: Paths) -> dict[str, bytes]:
    folder = jars.fetch(paths, jars.KAFKA, lambda _: None)
    return {jar.name: jar.read_bytes() for jar in folder.glob("*.jar")}


def test_jars_that_are_as_listed_are_used_and_not_fetched_again(clone: Paths) -> None:
    assert fetched(clone) == FILES

    shutil.rmtree(clone.clone / "brings")
    assert fetched(clone) == FILES


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("two-2.0.jar", b"the secone", r"two-2\.0\.jar has the SHA-256 \w{64}, not \w{64}"),
        ("two-2.0.jar", None, r"two-2\.0\.jar has the SHA-256 \(missing\)"),
        (
            "new-1.0.jar",
            b"a stranger",
            r"new-1\.0\.jar has the SHA-256 \w{64}, not \(not listed\)",
        ),
    ],
)
def test_one_changed_byte_a_missing_or_an_unlisted_jar_is_refused(
    clone: Paths, name: str, body: bytes | None, said: str
) -> None:
    file = clone.clone / "brings" / name
    file.unlink() if body is None else file.write_bytes(body)

    with pytest.raises(StackError, match=said) as refused:
        fetched(clone)

    assert not clone.jars(jars.KAFKA).exists()
    assert not jars.is_fetched(clone, jars.KAFKA)
    assert str(clone.jar_sums(jars.KAFKA)) in str(refused.value)


def test_a_list_that_changed_has_the_jars_compared_again(clone: Paths) -> None:
    fetched(clone)
    sums = clone.jar_sums(jars.KAFKA)
    sums.write_text(sums.read_text().replace(sums.read_text()[:8], "0" * 8))

    assert not jars.is_fetched(clone, jars.KAFKA)
    with pytest.raises(StackError, match=r"one-1\.0\.jar has the SHA-256"):
        fetched(clone)


@pytest.mark.parametrize("profile", [jars.KAFKA, jars.SPARK])
def test_the_delivered_lists_name_each_jar_once_by_its_hash(profile: str) -> None:
    lines = Paths(CLONE).jar_sums(profile).read_text().splitlines()
    names = [line.split("  ")[1] for line in lines]

    assert len(set(names)) == len(names) == (92 if profile == jars.KAFKA else 3)
    assert all(name.endswith(".jar") for name in names)
    assert all(len(line.split("  ")[0]) == 64 for line in lines)
