"""The names that others build on, read from the reference pages: a minor release keeps every one."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

FILE = Path("tests/data/compatibility/names.json")
Surface = Mapping[str, list[str]]

_ROW = re.compile(r"^\| `([^`]+)` \| (?:`([^`]+)`|(\w*))", re.MULTILINE)


def read(reference: Path) -> dict[str, list[str]]:
    """Settings, metrics with type, topics, columns with type, HTTP requests."""
    page = {path.stem: path.read_text() for path in reference.glob("*.md")}
    return {
        "settings": sorted(name for name, _, _ in _ROW.findall(page["settings"])),
        "metrics": sorted(f"{name} {kind}" for name, _, kind in _ROW.findall(page["metrics"])),
        "topics": sorted(name for name, _, _ in _ROW.findall(page["topics"])),
        "columns": sorted(_columns(page["tables"])),
        "http": sorted(
            set(re.findall(r"`((?:GET|POST|DELETE) /v1/[\w/{}]+)", page["http-api"]))
        ),
    }


def vanished(frozen: Surface, now: Surface) -> list[str]:
    """What was promised and is no more, as `kind name`."""
    return [
        f"{kind} {name}"
        for kind, names in frozen.items()
        for name in names
        if name not in now.get(kind, [])
    ]


def dump(surface: Surface) -> str:
    """The text of the committed file."""
    return json.dumps(surface, indent=1) + "\n"


def _columns(page: str) -> list[str]:
    found = []
    for section in page.split("\n## ")[1:]:
        table = section.split()[0]
        found += [f"{table}.{name} {kind}" for name, kind, _ in _ROW.findall(section)]
    return found
