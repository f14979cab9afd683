"""One version: VERSION says it, and every place that repeats it agrees."""

import shutil
from pathlib import Path

import pytest

from deploy.release import version

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files that say the version, as they are."""
    for name in ["VERSION", "CHANGELOG.md", *(place.path for place in version.PLACES)]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_every_place_says_the_version_of_this_tree() -> None:
    assert version.disagreements(ROOT) == []


def test_every_package_of_the_tree_is_released() -> None:
    found = {
        path.parent.relative_to(ROOT).as_posix()
        for folder in ("shared", "sql", "services", "tools", "local")
        for path in (ROOT / folder).rglob("pyproject.toml")
    }

    assert set(version.PACKAGES) == found


@pytest.mark.parametrize("place", version.PLACES, ids=lambda place: place.path)
def test_a_place_that_says_another_version_is_named(tree: Path, place: version.Place) -> None:
    path = tree / place.path
    path.write_text(path.read_text().replace(version.read(ROOT), "99.9.9", 1))

    (wrong,) = version.disagreements(tree)

    assert place.path in wrong
    assert "99.9.9" in wrong


def test_a_place_that_says_no_version_any_more_is_named(tree: Path) -> None:
    (tree / "deploy/compose/.env.example").write_text("")

    (wrong,) = version.disagreements(tree)

    assert wrong.startswith("deploy/compose/.env.example says none")


def test_the_changelog_must_begin_with_the_version(tree: Path) -> None:
    text = (tree / "CHANGELOG.md").read_text()
    (tree / "CHANGELOG.md").write_text(text.replace("## ", "## 77.0.0 - 2030-01-01\n\n## ", 1))

    (wrong,) = version.disagreements(tree)

    assert "CHANGELOG.md's newest is 77.0.0" in wrong


def test_another_version_is_said_everywhere_at_once_and_begins_a_part_of_the_changelog(
    tree: Path,
) -> None:
    before = version.read(tree)

    version.write(tree, "99.2.0rc1")

    assert version.disagreements(tree) == []
    assert version.read(tree) == "99.2.0rc1"
    changelog = (tree / "CHANGELOG.md").read_text()
    assert changelog.index("## 99.2.0rc1 - unreleased") < changelog.index(f"## {before} - ")
    assert 'version = "99.2.0rc1"' in (tree / "shared/pyproject.toml").read_text()


def test_to_say_the_same_version_again_changes_nothing(tree: Path) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}

    version.write(tree, version.read(tree))

    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("odd", ["", "1.2", "v1.2.3", "1.2.3-dev", "1.2.3 "])
def test_what_is_no_version_is_refused(tree: Path, odd: str) -> None:
    with pytest.raises(ValueError, match="is no version"):
        version.write(tree, odd)
