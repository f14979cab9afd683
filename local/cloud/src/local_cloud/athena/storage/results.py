"""How Athena prints values, and the CSV object that holds a result."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from local_cloud.athena.sql.hive_types import field_label
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import texts
from local_cloud.athena.sql.values.arrow import to_python
from local_cloud.athena.sql.values.numbers import java_double, java_float


def shown(value: Any, of: Type) -> str:
    """One value as Athena's text; the value as `ir` describes them."""
    if value is None:
        return "null"
    if of.name == "array":
        return "[" + ", ".join(shown(one, of.args[0]) for one in value) + "]"
    if of.name == "map":
        pairs = (f"{shown(k, of.args[0])}={shown(v, of.args[1])}" for k, v in value)
        return "{" + ", ".join(pairs) + "}"
    if of.name == "row":
        pairs = (
            f"{field_label(of, i)}={shown(one, kind)}"
            for i, (one, kind) in enumerate(zip(value, of.args, strict=True))
        )
        return "{" + ", ".join(pairs) + "}"
    return _scalar(value, of)


def _scalar(value: Any, of: Type) -> str:
    if of.name == "double":
        return java_double(value)
    if of.name == "real":
        return java_float(value)
    if of.name in ("timestamp", "timestamp with time zone"):
        # Athena shows milliseconds always (user guide, "Data types in Amazon Athena").
        return texts.to_text(value, replace(of, precision=3))
    if isinstance(value, bytes):
        return value.hex(" ")
    return texts.to_text(value, of)


def csv_row(values: list[str | None]) -> bytes:
    """One line: everything quoted, null as nothing at all."""
    cells = ('"' + v.replace('"', '""') + '"' if v is not None else "" for v in values)
    return (",".join(cells) + "\n").encode()


def csv_rows(batch: Any, types: list[Type]) -> Iterator[bytes]:
    """The lines of one Arrow batch."""
    columns = [
        [None if v is None else shown(v, kind) for v in to_python(batch.column(i), kind)]
        for i, kind in enumerate(types)
    ]
    for row in zip(*columns, strict=True):
        yield csv_row(list(row))


def parsed_rows(text: str, width: int) -> Iterator[tuple[list[str | None], int]]:
    """(cells, characters up to the row's end) for each line of our own CSV."""
    at = 0
    while at < len(text):
        cells: list[str | None] = []
        while True:
            cell, at = _cell(text, at)
            cells.append(cell)
            mark = text[at] if at < len(text) else "\n"
            at += 1
            if mark == "\n":
                break
        if len(cells) != width:
            raise ValueError(f"a result row has {len(cells)} cells instead of {width}")
        yield cells, at


def _cell(text: str, at: int) -> tuple[str | None, int]:
    if at >= len(text) or text[at] != '"':
        return None, at
    start = at + 1
    end = text.index('"', start)
    while text[end + 1 : end + 2] == '"':
        end = text.index('"', end + 2)
    return text[start:end].replace('""', '"'), end + 1
