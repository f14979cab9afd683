"""What a row of the campaign reads of the project: while none of it changes, its result holds.

The row's own tests, what they import of `tests/` and `bench/`, and the rooms of the product whose
code it runs. Rooms that run in other processes cannot be seen in imports: each row names them, and
a test holds that what is imported is among them.
"""

import ast
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from tests.campaign.pins import pins_hold
from tests.campaign.row import EVERYTHING, Row
from tests.commit import ROOT

# Where each package of the product is.
ROOMS = {
    "coinlake": "shared",
    "coinlake_tools": "tools",
    "coinlake_mcp": "tools/mcp",
    "trino_sql": "sql",
    "ingestor": "services/ingestor",
    "s3_sink": "services/s3-sink",
    "etl_runner": "services/etl-runner",
    "coinlake_job": "services/etl-runner",
    "coinlake_kernel": "services/etl-runner",
    "query_api": "services/query-api",
    "local_cloud": "local/cloud",
    "local_stack": "local/stack",
    "coincap_simulator": "local/coincap",
}
# What every row reads, beside the versions of what is installed and pytest's own settings (pins.py).
ALWAYS = ("local/pom.xml", "tests/conftest.py", "tests/data")
# Within what is read: what only tests in memory read, and what only people do.
_BUT = (":(exclude)tests/data/compatibility", ":(exclude,glob)**/README.md")
# What a row reads that says no less; what only people read is left out, and this page itself.
WHOLE = (
    ".",
    ":(exclude)docs/adr",
    ":(exclude)docs/explanation",
    ":(exclude)docs/reference/campaign.md",
)
_SCRIPTS = ("tests", "bench")


def reach(row: Row) -> tuple[str, ...]:
    """Paths of the project, files and folders, sorted."""
    if row.reads == EVERYTHING:
        return WHOLE
    files = _closed(_own(row))
    rooms = _with_what_they_import({ROOMS[name] for name in imported(row)} | set(row.reads))
    return tuple(sorted({*ALWAYS, *rooms, *(str(file) for file in files)}))


def imported(row: Row) -> frozenset[str]:
    """The product's packages that the row's tests import, by themselves or through others."""
    return frozenset(
        package
        for file in _closed(_own(row))
        for name in _imports(file)
        if (package := name.split(".")[0]) in ROOMS
    )


def holds(row: Row, commit: str) -> bool:
    """Whether nothing that the row reads differs between that commit and the files here."""
    if commit.endswith("-dirty"):
        return False
    but = () if row.reads == EVERYTHING else _BUT
    asked = ["git", "diff", "--quiet", commit, "--", *reach(row), *but]
    found = subprocess.run(asked, cwd=ROOT, capture_output=True, check=False)
    # 128: a clone that does not have this commit cannot say so.
    return found.returncode == 0 and pins_hold(ROOT, commit)


def _with_what_they_import(rooms: set[str]) -> set[str]:
    """These rooms of the product and all that they are built on."""
    found: set[str] = set()
    pending = set(rooms)
    while pending:
        room = pending.pop()
        found.add(room)
        if room in ROOMS.values():
            pending |= {ROOMS[name] for name in _packages(room)} - found
    return found


@cache
def _packages(room: str) -> frozenset[str]:
    return frozenset(
        package
        for file in _python_below(room)
        for name in _imports(file)
        if (package := name.split(".")[0]) in ROOMS
    )


def _own(row: Row) -> Iterator[Path]:
    """The files that the row's command names: a module, or paths of pytest."""
    first, name, *words = row.command
    if first != "-m":
        raise ValueError(f"{row.id}: a row's command begins with -m")
    if name != "pytest":
        yield from _module_files(name)
        return
    for word in words:
        if (ROOT / word).is_dir():
            yield from _python_below(word)
        elif (ROOT / word).is_file():
            yield Path(word)


def _module_files(name: str) -> Iterator[Path]:
    """A module's file; of a package all of its files: it is run, and reads its data."""
    path = Path(*name.split("."))
    if (ROOT / path).is_dir():
        yield path
        yield from _python_below(str(path))
    elif (ROOT / path.with_suffix(".py")).is_file():
        yield path.with_suffix(".py")


def _python_below(folder: str) -> Iterator[Path]:
    yield Path(folder)
    for file in sorted((ROOT / folder).rglob("*.py")):
        yield file.relative_to(ROOT)


def _closed(own: Iterable[Path]) -> frozenset[Path]:
    """These and all that they import of the scripts, with each folder's conftest and __init__."""
    found: set[Path] = set()
    pending = list(own)
    while pending:
        path = pending.pop()
        if path in found or path == Path("tests"):
            continue
        found.add(path)
        if path.suffix == ".py":
            pending += [file for name in _imports(path) for file in _script(name)]
            pending += [
                folder / name
                for folder in path.parents
                for name in ("conftest.py", "__init__.py")
                if (ROOT / folder / name).is_file()
            ]
    return frozenset(found)


def _script(name: str) -> Iterator[Path]:
    """The file behind a name that is imported, a module or something of a module."""
    if name.split(".")[0] not in _SCRIPTS:
        return
    path = Path(*name.split("."))
    for one in (path.with_suffix(".py"), path / "__init__.py", path.parent.with_suffix(".py")):
        if (ROOT / one).is_file():
            yield one


@cache
def _imports(file: Path) -> tuple[str, ...]:
    """Every name that a file imports, absolute: `tests.labs.bucket.Bucket` for the class."""
    names: list[str] = []
    if file.suffix != ".py":
        return ()
    for node in ast.walk(ast.parse((ROOT / file).read_bytes())):
        if isinstance(node, ast.Import):
            names += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names += [f"{node.module}.{one.name}" for one in node.names]
    return tuple(names)
