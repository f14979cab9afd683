"""The version: one file says it, the places that repeat it are listed here and rewritten together."""

import re
from dataclasses import dataclass
from pathlib import Path

PACKAGES = (
    "shared",
    "sql",
    "services/ingestor",
    "services/s3-sink",
    "services/etl-runner",
    "services/etl-runner/kernel",
    "services/etl-runner/job",
    "services/query-api",
    "tools",
    "tools/mcp",
    "local/cloud",
    "local/coincap",
    "local/stack",
)
"""The folders of all packages; wheels are built of each."""

_NUMBER = r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?"
_HEADING = re.compile(rf"^## ({_NUMBER}) - (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Place:
    """A file that repeats the version: every match of `pattern`, whose first group comes before it."""

    path: str
    pattern: str

    def versions(self, text: str) -> list[str]:
        """The versions that the text says."""
        return [match[2] for match in self._regex().finditer(text)]

    def with_version(self, text: str, version: str) -> str:
        """The text saying another version."""
        return self._regex().sub(lambda match: f"{match[1]}{version}", text)

    def _regex(self) -> re.Pattern[str]:
        return re.compile(rf"({self.pattern})({_NUMBER})", re.MULTILINE)


PLACES = (
    *(Place(f"{package}/pyproject.toml", r"^version = \"") for package in PACKAGES),
    Place("local/pom.xml", r"<artifactId>local-jars</artifactId>\s+<version>"),
    Place("deploy/compose/.env.example", r"^COINLAKE_VERSION="),
    Place("deploy/compose/compose.yaml", r"\$\{COINLAKE_VERSION:-"),
    Place("docs/how-to/deploy-on-ec2.md", r"coinlake-(?=\d)"),
)


def read(root: Path) -> str:
    """The version of this tree."""
    return (root / "VERSION").read_text().strip()


def disagreements(root: Path) -> list[str]:
    """What says another version than VERSION, or none at all."""
    version = read(root)
    wrong = []
    for place in PLACES:
        said = place.versions((root / place.path).read_text())
        if set(said) != {version}:
            wrong.append(f"{place.path} says {', '.join(said) or 'none'}, VERSION {version}")
    newest, _ = newest_change((root / "CHANGELOG.md").read_text())
    if newest != version:
        wrong.append(f"CHANGELOG.md's newest is {newest}, VERSION {version}")
    return wrong


def newest_change(changelog: str) -> tuple[str, str]:
    """Version and date (or `unreleased`) of the first heading; ValueError where there is none."""
    heading = _HEADING.search(changelog)
    if heading is None:
        raise ValueError("CHANGELOG.md has no heading like `## 1.2.3 - unreleased`")
    return heading[1], heading[2]


def write(root: Path, version: str) -> None:
    """Say this version everywhere, and begin its part of the CHANGELOG if it is new there."""
    if not re.fullmatch(_NUMBER, version):
        raise ValueError(f"{version!r} is no version like 1.2.3 or 1.2.3rc1")
    (root / "VERSION").write_text(f"{version}\n")
    for place in PLACES:
        path = root / place.path
        path.write_text(place.with_version(path.read_text(), version))
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text()
    if newest_change(text)[0] != version:
        heading = _HEADING.search(text)
        assert heading is not None  # newest_change found it
        begun = f"## {version} - unreleased\n\n"
        changelog.write_text(text[: heading.start()] + begun + text[heading.start() :])
