"""A comment that names the source of a fact names a version, a file and names that are there."""

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("services", "shared", "tools", "local", "deploy")
NO_COMMENTS = {".json", ".md", ".psv", ".sha256", ".tsv", ".typed"}
LOCKED: dict[str, str] = {
    name.lower(): version
    for name, version in re.findall(
        r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements/dev.txt").read_text(), re.M
    )
}
LOCKED |= {
    {"kafka_2.13": "kafka"}.get(artifact, artifact): version
    for artifact, version in re.findall(
        r"<artifactId>([\w.-]+)</artifactId>\s*<version>([\d.]+)</version>",
        (ROOT / "local/pom.xml").read_text(),
    )
}
LOCKED["spark"] = LOCKED["pyspark"]
# These two are also named without a source: their versions count where a class follows.
SAID_OTHERWISE = ("Spark", "Kafka")
NAMES = (
    "aiobotocore",
    "aiohttp",
    "aiokafka",
    "botocore",
    "DuckDB",
    "hadoop-aws",
    "Kafka",
    "moto",
    "Spark",
    "werkzeug",
)
_FILE = re.compile(
    r"\((aiobotocore|aiohttp|aiokafka|botocore|moto|werkzeug) [\d.]+, "
    r"([\w/]+\.py)(?:: (\w+(?:\.\w+)*(?:, \w+)*))?[;)]"
)


def _joined(text: str) -> str:
    """The text with the lines of its comments joined."""
    return re.sub(r"\s*\n\s*(?:# )?", " ", text)


def _texts() -> dict[str, str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *FOLDERS],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return {
        str(path.relative_to(ROOT)): _joined(path.read_text())
        for path in paths
        if path.is_file() and path.suffix not in NO_COMMENTS
    }


def _named_versions(name: str, text: str) -> list[str]:
    behind = "(?=, )" if name in SAID_OTHERWISE else ""
    return re.findall(rf"\b{re.escape(name)} (\d+(?:\.\d+)+){behind}", text)


def _is_locked(name: str, version: str) -> bool:
    parts = version.split(".")
    return LOCKED[name.lower()].split(".")[: len(parts)] == parts


def _missing(text: str) -> list[str]:
    """What sources name that the installed package does not have."""
    missing = []
    for package, file, names in _FILE.findall(text):
        spec = find_spec(package)
        assert spec is not None, package
        path = Path(str(spec.origin)).parent / file
        source = path.read_text() if path.is_file() else ""
        wanted = re.findall(r"\w+", names)
        if not source or not all(re.search(rf"\b{name}\b", source) for name in wanted):
            missing.append(f"{package}, {file}: {names}")
    return missing


TEXTS = _texts()


@pytest.mark.parametrize("name", NAMES)
def test_a_source_names_the_version_that_is_locked(name: str) -> None:
    named = {file: _named_versions(name, text) for file, text in TEXTS.items()}

    others = {
        f"{file}: {name} {version}"
        for file, versions in named.items()
        for version in versions
        if not _is_locked(name, version)
    }

    assert others == set(), f"read what {name} {LOCKED[name.lower()]} does, then say so"
    assert any(named.values()), f"nothing names a version of {name} any more"


def test_a_source_names_a_file_and_names_that_are_installed() -> None:
    missing = {file: found for file, text in TEXTS.items() if (found := _missing(text))}

    assert missing == {}
    assert sum(len(_FILE.findall(text)) for text in TEXTS.values()) > 20


def test_a_source_that_has_changed_is_found() -> None:
    old = "# a fact (aiokafka\n    # 0.1, producer/producer.py: stop)"
    moved = "(aiokafka 0.14, producer/nowhere.py: stop)"
    renamed = "(aiokafka 0.14, producer/producer.py: stop, halted)"

    assert [
        _is_locked("aiokafka", one) for one in _named_versions("aiokafka", _joined(old))
    ] == [False]
    assert _missing(_joined(old)) == []
    assert _missing(moved) == ["aiokafka, producer/nowhere.py: stop"]
    assert _missing(renamed) == ["aiokafka, producer/producer.py: stop, halted"]
