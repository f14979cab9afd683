"""Trino's spelling of a type, read into a tree."""

import re
from dataclasses import dataclass

_NAME = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([a-z_][a-z0-9_]*))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TrinoType:
    """`decimal(38, 18)` has numbers, `array(bigint)` arguments, `row(x double)` fields too."""

    name: str
    arguments: tuple["TrinoType", ...] = ()
    fields: tuple[str | None, ...] = ()
    numbers: tuple[int, ...] = ()


def trino_type(text: str) -> TrinoType:
    """The tree of a type's text, such as DESCRIBE prints for a column."""
    name, bracket, inner = text.strip().partition("(")
    if not bracket:
        return TrinoType(name)
    if not inner.endswith(")"):
        raise ValueError(f"no column of the tables has such a type: {text}")
    parts = _parts(inner[:-1])
    if name == "row":
        fields = [_field(part) for part in parts]
        return TrinoType(
            name, tuple(kind for _, kind in fields), tuple(field for field, _ in fields)
        )
    if all(part.strip().isdigit() for part in parts):
        return TrinoType(name, numbers=tuple(int(part) for part in parts))
    return TrinoType(name, tuple(trino_type(part) for part in parts))


def _field(text: str) -> tuple[str | None, TrinoType]:
    match = _NAME.match(text)
    rest = text[match.end() :] if match else ""
    # `row(bigint)` and `row(varchar(3))` have no name; `row(x bigint)` has.
    if match is None or not rest.startswith(" "):
        return None, trino_type(text)
    return match[1] or match[2], trino_type(rest)


def _parts(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
