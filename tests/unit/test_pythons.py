"""One range of Pythons, said the same everywhere; the oldest is what everything is written for."""

import re
import tomllib
from pathlib import Path

import pytest

from local_stack import preflight
from local_stack.errors import StackError
from tests import pythons

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    path
    for folder in ("sql", "shared", "services", "tools", "local")
    for path in (ROOT / folder).rglob("pyproject.toml")
]
OLDEST, NEWEST = preflight.OLDEST, preflight.NEWEST


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.parent.name)
def test_every_package_takes_the_same_pythons(path: Path) -> None:
    project = tomllib.loads(path.read_text())["project"]

    assert project["requires-python"] == f">=3.{OLDEST[1]},<3.{NEWEST[1] + 1}"


def test_the_gates_hold_everything_to_the_oldest() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]

    assert tools["ruff"]["target-version"] == f"py3{OLDEST[1]}"
    assert tools["mypy"]["python_version"] == f"3.{OLDEST[1]}"
    assert f"--python-version 3.{OLDEST[1]} " in (ROOT / "Makefile").read_text()


def test_setup_takes_each_of_them_and_the_pages_name_them() -> None:
    versions = [f"3.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)]
    makefile = (ROOT / "Makefile").read_text()

    found = re.findall(r"python(3\.\d+)", makefile.split("PYTHON := ")[1].splitlines()[0])
    assert sorted(found) == versions
    assert f"(3, {OLDEST[1]}) <= sys.version_info[:2] <= (3, {NEWEST[1]})" in makefile
    assert [OLDEST, *((3, int(v[2:])) for v in pythons.VERSIONS)] == [
        (3, int(version[2:])) for version in versions
    ]
    assert (
        f"Python {versions[0]}, {versions[1]} or {versions[2]}"
        in (ROOT / "README.md").read_text()
    )


def test_the_images_and_glue_stay_with_the_oldest() -> None:
    dockerfile = (ROOT / "deploy/compose/Dockerfile").read_text()

    assert re.search(rf"^ARG PYTHON_IMAGE=python:3\.{OLDEST[1]}\.", dockerfile, re.MULTILINE)


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_another_python_is_refused_with_the_versions_to_install(
    version: tuple[int, int],
) -> None:
    said = rf"Python 3\.{OLDEST[1]} to 3\.{NEWEST[1]} is needed and this is 3\.{version[1]}"

    with pytest.raises(StackError, match=said):
        preflight.check_python(version)


@pytest.mark.parametrize("version", [OLDEST, (3, 12), NEWEST])
def test_each_of_them_is_taken(version: tuple[int, int]) -> None:
    preflight.check_python(version)
