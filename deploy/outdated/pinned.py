"""What this clone pins by hand: what its people chose, not what came along with it."""

import json
import re
import xml.etree.ElementTree as Xml
from pathlib import Path

from deploy.outdated.judge import Pin
from deploy.release import locks, pins

_POM = {"m": "http://maven.apache.org/POM/4.0.0"}
_FOLDERS = ("deploy", "tests", "tools")
POMS = ("local/pom.xml",)
PROFILES = "kafka,spark"


def all_pins(root: Path, everything: bool) -> list[Pin]:
    """Packages, jars, Go modules, npm packages and images; with `everything` also the packages that came along."""
    return [*packages(root, everything), *jars(root), *modules(root), *npm(root), *images(root)]


def packages(root: Path, everything: bool) -> list[Pin]:
    """Of every lock; one that has several versions is listed with each."""
    folder = root / "requirements"
    chosen = {
        _name(found[1])
        for path in folder.glob("*.in")
        for found in re.finditer(r"^([A-Za-z0-9][\w.-]*)", path.read_text(), re.MULTILINE)
    }
    locked = {
        (entry.name, entry.version)
        for path in folder.glob("*.txt")
        for entry in locks.parse(path.read_text())
        if everything or entry.name in chosen
    }
    return [Pin("python", *entry) for entry in sorted(locked)]


def jars(root: Path) -> list[Pin]:
    """The dependencies of the poms."""
    found = {
        (f"{_text(each, 'groupId')}:{_text(each, 'artifactId')}", _text(each, "version"))
        for pom in POMS
        for each in Xml.parse(root / pom).iterfind(".//m:dependency", _POM)
    }
    return [Pin("maven", *entry) for entry in sorted(found)]


def modules(root: Path) -> list[Pin]:
    """What go.mod files require directly, and what `.ci/run` installs."""
    texts = [path.read_text() for path in _named(root, "go.mod")]
    found = {
        (path, version)
        for text in texts
        for path, version in re.findall(r"^\s+(\S+\.\S+/\S+) (v\S+)$", text, re.MULTILINE)
    }
    installed = re.findall(r"go install (\S+?)/cmd/\S+?@(v\S+)", (root / ".ci/run").read_text())
    return [Pin("go", *entry) for entry in sorted(found | set(installed))]


def npm(root: Path) -> list[Pin]:
    """What package.json files ask for, where they name one version."""
    found = {
        entry
        for path in _named(root, "package.json")
        for part in ("dependencies", "devDependencies")
        for entry in json.loads(path.read_text()).get(part, {}).items()
    }
    return [Pin("npm", *entry) for entry in sorted(found) if re.match(r"\d", entry[1])]


def _named(root: Path, name: str) -> list[Path]:
    found = (path for folder in _FOLDERS for path in (root / folder).rglob(name))
    return sorted(path for path in found if "node_modules" not in path.parts)


def images(root: Path) -> list[Pin]:
    """Other people's images."""
    return [Pin("image", *tagged.rsplit(":", 1)) for tagged in sorted(pins.named(root))]


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def _text(element: Xml.Element, name: str) -> str:
    found = element.find(f"m:{name}", _POM)
    if found is None or not found.text:
        raise ValueError(f"a dependency without {name}")
    return found.text
