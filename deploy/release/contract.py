"""The contract of each dataset, read from its reference page: it only ever grows, and says so.

A reader of a table may count on each column, its type and its place among those before it. A column
that is added raises the dataset's version.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path("tests/data/compatibility/contract.json")
PAGE = "contract.md"

_DATASET = re.compile(r"^## (\w+)\n\nVersion (\d+)\.", re.MULTILINE)
_ROW = re.compile(r"^\| `([^`]+)` \| `([^`]+)` \| (?:`([^`]+)`)? ?\|", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Contract:
    """A dataset's version, and its columns as `table.column type key`, in their order."""

    version: int
    columns: tuple[str, ...]


Contracts = Mapping[str, Contract]


def read(reference: Path) -> dict[str, Contract]:
    """Every contract of the page."""
    page = (reference / PAGE).read_text()
    heads = list(_DATASET.finditer(page))
    ends = [head.start() for head in heads[1:]] + [len(page)]
    return {
        head[1]: Contract(int(head[2]), _columns(page[head.end() : end]))
        for head, end in zip(heads, ends, strict=True)
    }


def broken(frozen: Contracts, now: Contracts) -> list[str]:
    """What a minor release may not do, each as a sentence; empty where it only adds."""
    found = [f"{name} has no contract any more" for name in frozen if name not in now]
    for name, before in frozen.items():
        if name in now:
            found += _of_dataset(name, before, now[name])
    return found


def dump(contracts: Contracts) -> str:
    """The text of the committed file."""
    return json.dumps({name: asdict(one) for name, one in contracts.items()}, indent=1) + "\n"


def load(text: str) -> dict[str, Contract]:
    """The contracts of a committed file."""
    found = json.loads(text)
    return {
        name: Contract(one["version"], tuple(one["columns"])) for name, one in found.items()
    }


def _of_dataset(name: str, before: Contract, now: Contract) -> list[str]:
    known = {one.split()[0]: one for one in now.columns}
    found = [
        f"{name}: {one} was promised, now it is {known.get(one.split()[0], 'gone')}"
        for one in before.columns
        if one not in now.columns
    ]
    kept = [one for one in now.columns if one in before.columns]
    if not found and kept != list(before.columns):
        found.append(f"{name}: the columns have another order")
    added = [one.split()[0] for one in now.columns if one not in before.columns]
    if now.version < before.version:
        found.append(f"{name}: version {now.version} is less than {before.version}")
    elif added and not found and now.version == before.version:
        found.append(
            f"{name}: {', '.join(added)} was added, and the version is still {now.version}"
        )
    return found


def _columns(section: str) -> tuple[str, ...]:
    return tuple(" ".join(part for part in row if part) for row in _ROW.findall(section))
