"""The libraries of the query service's page: bundled from npm, and the list of what is in them.

What is served is committed, so that nobody needs Node to build, test or run the service; `make
page-vendor` makes it again from the lock, and a test compares both with the list.
"""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.release.errors import ReleaseError
from deploy.release.inventory import IMAGES, SCRIPT, Part

SOURCE = Path("services/query-api/page")
"""Where package.json, its lock and the bundles' entries are."""
SERVED = Path("services/query-api/src/query_api/page/vendor")
"""Where the bundles are, with their list and the texts of their licences."""
LIST, TEXTS = "vendored.json", "LICENSES.txt"
_ENTRIES = {
    "codemirror.js": "editor.js",
    "lightweight-charts.js": "chart.js",
}
_OPTIONS = (
    "--bundle",
    "--minify",
    "--format=esm",
    "--target=es2022",
    "--legal-comments=none",
    "--banner:js=// @ts-nocheck",
    "--log-level=error",
)
_IN_MODULES = re.compile(r"node_modules/((?:@[^/]+/)?[^/]+)/")


@dataclass(frozen=True, slots=True, order=True)
class Library:
    """One package in a bundle."""

    file: str
    name: str
    version: str
    licence: str
    integrity: str
    """npm's hash of the package (package-lock.json: integrity)."""


@dataclass(frozen=True, slots=True)
class Vendored:
    """What is served of other people: SHA-256 by file, and the packages that the files are made of."""

    files: dict[str, str]
    libraries: tuple[Library, ...]


def listed(root: Path) -> Vendored:
    """The committed list."""
    told = json.loads((root / SERVED / LIST).read_text())
    return Vendored(told["files"], tuple(Library(**one) for one in told["libraries"]))


def served(root: Path) -> dict[str, str]:
    """SHA-256 of each file that is there."""
    paths = sorted(path for path in (root / SERVED).iterdir() if path.name != LIST)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def parts(root: Path) -> list[Part]:
    """The libraries as parts of other people, for NOTICE."""
    return [
        Part(SCRIPT, IMAGES, one.name, one.version, one.licence, inside=one.file)
        for one in listed(root).libraries
    ]


def vendor(root: Path) -> Vendored:
    """Bundle again from the lock. Raises ReleaseError where npm or esbuild fail."""
    tools = installed(root)
    target = root / SERVED
    target.mkdir(parents=True, exist_ok=True)
    lock = json.loads((root / SOURCE / "package-lock.json").read_text())["packages"]
    libraries: list[Library] = []
    for name, entry in _ENTRIES.items():
        meta = tools / f"{name}.meta.json"
        # Beside node_modules: esbuild looks for packages from the entry's folder upwards.
        shutil.copy(root / SOURCE / entry, tools / entry)
        command = [str(tools / "node_modules/.bin/esbuild"), entry, *_OPTIONS]
        command += [f"--outfile={target / name}", f"--metafile={meta}"]
        _run(command, tools)
        libraries += _inside(name, json.loads(meta.read_text())["inputs"], lock)
    (target / TEXTS).write_text(_texts(tools, libraries))
    made = Vendored(served(root), tuple(sorted(libraries)))
    (target / LIST).write_text(json.dumps(asdict(made), indent=1) + "\n")
    return made


def installed(root: Path) -> Path:
    """The page's packages and tools of the lock, installed once per lock. Raises ReleaseError."""
    lock = (root / SOURCE / "package-lock.json").read_bytes()
    folder = root / ".local" / f"page-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not folder.is_dir():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / SOURCE / name, part)
        _run(["npm", "ci", "--no-fund", "--no-audit", "--ignore-scripts"], part)
        part.rename(folder)
    return folder


def check(root: Path) -> None:
    """Compare the page's modules with the types in their comments. Raises ReleaseError."""
    _run([str(installed(root) / "node_modules/.bin/tsc"), "-p", str(root / SOURCE)], root)


def _inside(file: str, inputs: Iterable[str], lock: dict[str, dict[str, str]]) -> list[Library]:
    found = sorted({match[1] for path in inputs if (match := _IN_MODULES.search(path))})
    packages = ((name, lock[f"node_modules/{name}"]) for name in found)
    return [
        Library(file, name, one["version"], one["license"], one["integrity"])
        for name, one in packages
    ]


def _texts(tools: Path, libraries: Iterable[Library]) -> str:
    sections = []
    for one in sorted(libraries):
        folder = tools / "node_modules" / one.name
        paths = sorted(
            path
            for path in folder.iterdir()
            if path.name.upper().startswith(("LICENSE", "LICENCE", "NOTICE"))
        )
        said = json.loads((folder / "package.json").read_text())
        # Not each package brings the text: then what it says of itself is all there is.
        texts = "\n".join(path.read_text().strip() for path in paths) or (
            f"package.json: license {said['license']}, author {said.get('author', 'not named')}"
        )
        sections.append(f"{one.name} {one.version} ({one.licence}), in {one.file}\n\n{texts}\n")
    return f"\n{'-' * 80}\n\n".join(sections)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise ReleaseError(f"{Path(command[0]).name} failed: {said[-2000:]}")
