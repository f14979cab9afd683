"""Other people's parts as a list that is committed: what NOTICE and the SBOM are made of."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parent / "third-party.json"

IMAGES, HOST, LAPTOP, GATES = "images", "host", "laptop", "gates"
"""Where a part is: in an image of ours; in the host archive; fetched by `make jars`; needed to test and to build."""

PACKAGE, JAR, SCRIPT = "package", "jar", "script"


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One package, jar or bundled script of somebody else."""

    kind: str
    where: str
    name: str
    version: str
    licence: str
    """An SPDX expression."""
    group: str = ""
    """Of a jar: Maven's group, where the jar says it."""
    inside: str = ""
    """The package that brings the jar along; the bundle that a script is in."""
    sha256: str = ""
    """Of a jar; a package's are in the lock."""


def dump(parts: Sequence[Part]) -> str:
    """The list as the committed file: sorted, one part per line."""
    lines = (
        json.dumps({name: value for name, value in asdict(part).items() if value})
        for part in sorted(parts)
    )
    return "[\n" + ",\n".join(lines) + "\n]\n"


def load(text: str) -> list[Part]:
    """The list from the text of the committed file."""
    return [Part(**fields) for fields in json.loads(text)]


def committed(root: Path | None = None) -> list[Part]:
    """The list of this tree, or of another one."""
    file = FILE if root is None else root / "deploy" / "release" / FILE.name
    return load(file.read_text())
