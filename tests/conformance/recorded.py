"""The file of recorded answers: one line of JSON for each text, known by its hash."""

import gzip
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.canonical import INLINE, LEVELS, Answer, Row, json_text, print_at
from tests.conformance.tables import DATA

FILE = DATA / "answers.jsonl.gz"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What Trino said to one text.

    `unusable` says why nothing is to be learnt of it. `settled` is the level at which its two
    runs, over rows in two orders, were the same. Rows are kept where they are short; of others
    their number and their prints at each level.
    """

    hash: str
    error: str | None = None
    types: tuple[str, ...] = ()
    rows: tuple[Row, ...] | None = None
    prints: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[int, ...] = ()
    settled: str = "rows"
    unusable: str | None = None

    def print_at(self, level: str) -> str:
        """As `canonical.print_at`, of rows that may not be here any more."""
        if level == "types":
            return ""
        if self.rows is not None:
            return print_at(level, Answer(self.types, self.rows), self.keys)
        return self.prints[level]


def of_answer(hash_: str, answer: Answer, keys: tuple[int, ...], settled: str) -> Recorded:
    """The record of an answer, short or long."""
    if len(json_text(answer.rows)) <= INLINE:
        return Recorded(hash_, types=answer.types, rows=answer.rows, keys=keys, settled=settled)
    prints = {level: print_at(level, answer, keys) for level in LEVELS[:-1]}
    return Recorded(hash_, types=answer.types, prints=prints, keys=keys, settled=settled)


def as_json(one: Recorded) -> dict[str, Any]:
    """Only what differs from the defaults, under short names."""
    if one.error is not None or one.unusable is not None:
        found = {"h": one.hash, "error": one.error, "unusable": one.unusable}
        return {key: value for key, value in found.items() if value is not None}
    made: dict[str, Any] = {"h": one.hash, "types": one.types}
    if one.rows is not None:
        made["rows"] = one.rows
    else:
        # A level that says no less than the one before it is not kept twice.
        made["prints"] = _thin(one.prints)
    if one.keys:
        made["keys"] = one.keys
    if one.settled != "rows":
        made["settled"] = one.settled
    return made


def _thin(prints: Mapping[str, str]) -> list[str]:
    seen: list[str] = []
    for level in LEVELS[:-1]:
        value = prints[level]
        seen.append("" if seen and value == prints[LEVELS[len(seen) - 1]] else value)
    return seen


def _thick(values: list[str]) -> dict[str, str]:
    made: dict[str, str] = {}
    before = ""
    for level, value in zip(LEVELS[:-1], values, strict=True):
        before = made[level] = value or before
    return made


def of_json(line: Mapping[str, Any]) -> Recorded:
    """The other way round."""
    return Recorded(
        line["h"],
        error=line.get("error"),
        types=tuple(line.get("types", ())),
        rows=tuple(map(tuple, line["rows"])) if "rows" in line else None,
        prints=_thick(line["prints"]) if "prints" in line else {},
        keys=tuple(line.get("keys", ())),
        settled=line.get("settled", "rows"),
        unusable=line.get("unusable"),
    )


def load(file: Path = FILE) -> dict[str, Recorded]:
    """All records by their hashes; none where nothing was recorded yet."""
    return {one.hash: one for one in map(of_json, lines_of(file))}


def save(records: Iterable[Recorded], file: Path = FILE) -> None:
    """In the order of the hashes."""
    write_lines(map(as_json, sorted(records, key=lambda one: one.hash)), file)


def lines_of(file: Path) -> list[dict[str, Any]]:
    """The lines of a packed file of JSON; none where there is no file."""
    if not file.is_file():
        return []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def write_lines(lines: Iterable[Mapping[str, Any]], file: Path) -> None:
    """The same bytes for the same lines."""
    text = "".join(f"{json_text(one)}\n" for one in lines)
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="") as packed:
        packed.write(text.encode("utf-8", "surrogatepass"))
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_bytes(buffer.getvalue())
    fresh.replace(file)
