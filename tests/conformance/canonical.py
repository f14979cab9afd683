"""Answers in one form, and how close two of them are: the ladder of comparison.

Rows have no order but the one that the statement asks for, so they are compared as a multiset,
and the columns that the top-level ORDER BY names as a sequence besides (ties may fall either
way). Below that come weaker levels, for statements whose answer SQL does not settle.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

# From the strictest to the weakest. `digits`: doubles at 12 digits, reals at 5. `arrays`: the
# members of arrays in any order besides. `keys`: the ORDER BY columns and the number of rows.
LEVELS = ("rows", "digits", "arrays", "keys", "count", "types")
DIGITS = {"double": 12, "real": 5}
INLINE = 300

_INTERVAL = re.compile(r"\bINTERVAL (?:DAY TO SECOND|YEAR TO MONTH)\b")

# What stands between the keys and values of a Java map's text.
_PARTS = re.compile(r"[{}=]|, ")

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """Types as Trino prints them and rows as its protocol's JSON holds them."""

    types: tuple[str, ...]
    rows: tuple[Row, ...]


def type_text(text: str) -> str:
    """One spelling of each type.

    Trino's protocol puts a space behind a comma, quotes around some names and intervals in
    capitals (io.trino.server.protocol.ProtocolUtil, formatType); its `typeof` does not.
    """
    plain = text.replace(", ", ",").replace('"', "")
    return _INTERVAL.sub(lambda found: found[0].lower(), plain)


def json_text(value: Any) -> str:
    """One spelling of each value: maps by their keys, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def print_at(level: str, answer: Answer, keys: Sequence[int]) -> str:
    """What of an answer counts at a level, as 16 hex digits."""
    if level == "types":
        return ""
    if level == "count":
        return str(len(answer.rows))
    answer = _with_sorted_keys(answer)
    rows = answer.rows if level == "rows" else tuple(_rounded(answer))
    if level == "arrays" or (level == "keys" and not keys):
        rows = tuple(_loose(row) for row in rows)
    # Zero and minus zero are one key: which of them comes first is not settled.
    by_key = [[_unsigned(row[key]) for key in keys] for row in rows] if keys else []
    listed = [] if level == "keys" and keys else sorted(json_text(row) for row in rows)
    return _digest([str(len(rows)), *listed, *(json_text(key) for key in by_key)])


def closest(one: Callable[[str], str], other: Callable[[str], str]) -> str:
    """The strictest level at which two answers of the same types are the same."""
    return next(level for level in LEVELS if one(level) == other(level))


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()[:16]


def _with_sorted_keys(answer: Answer) -> Answer:
    """Maps as keys of maps are the texts of Java's maps, in the order of their hashes.

    (MapType.getObjectValue of trino-spi makes a java.util.HashMap; its text is its toString.)
    """
    maps = ["map(map(" in kind for kind in answer.types]
    if not any(maps):
        return answer
    rows = [
        [
            _sorted_keys(value) if inside else value
            for value, inside in zip(row, maps, strict=True)
        ]
        for row in answer.rows
    ]
    return Answer(answer.types, tuple(rows))


def _sorted_keys(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_sorted_keys(one) for one in value]
    if isinstance(value, dict):
        pairs = ([_sorted_parts(key), _sorted_keys(one)] for key, one in value.items())
        return sorted(pairs, key=json_text)
    return value


def _sorted_parts(key: str) -> Any:
    return sorted(_PARTS.split(key)) if key.startswith("{") else key


def _rounded(answer: Answer) -> Iterable[Row]:
    digits = [DIGITS["real"] if "real" in kind else DIGITS["double"] for kind in answer.types]
    for row in answer.rows:
        yield [_round(value, places) for value, places in zip(row, digits, strict=True)]


def _round(value: Any, digits: int) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{digits - 1}e}") + 0.0  # -0.0 and 0.0 are one sum
    if isinstance(value, list):
        return [_round(one, digits) for one in value]
    if isinstance(value, dict):
        return {key: _round(one, digits) for key, one in value.items()}
    return value


def _unsigned(value: Any) -> Any:
    return 0.0 if isinstance(value, float) and value == 0 else value


def without_sign_of_zero(value: Any) -> Any:
    """The same with every minus zero as zero."""
    if isinstance(value, (list, tuple)):
        return [without_sign_of_zero(one) for one in value]
    if isinstance(value, dict):
        return {key: without_sign_of_zero(one) for key, one in value.items()}
    return _unsigned(value)


def _loose(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [
            sorted(map(_loose, one), key=json_text) if isinstance(one, list) else _loose(one)
            for one in value
        ]
    if isinstance(value, dict):
        return {
            key: sorted(map(_loose, one), key=json_text)
            if isinstance(one, list)
            else _loose(one)
            for key, one in value.items()
        }
    return value
