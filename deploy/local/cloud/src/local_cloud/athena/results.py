"""How Athena prints values, and the CSV object that holds a result."""

import struct
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from local_cloud.athena.types import Type, field_key


def shown(value: Any, of: Type) -> str:
    """One value as Athena's text. `value` is what Arrow's to_pylist gives."""
    if value is None:
        return "null"
    if of.name == "array":
        return "[" + ", ".join(shown(one, of.args[0]) for one in value) + "]"
    if of.name == "map":
        pairs = (f"{shown(k, of.args[0])}={shown(v, of.args[1])}" for k, v in value)
        return "{" + ", ".join(pairs) + "}"
    if of.name == "row":
        pairs = (
            f"{field_key(of, i)}={shown(value[field_key(of, i)], kind)}"
            for i, kind in enumerate(of.args)
        )
        return "{" + ", ".join(pairs) + "}"
    return _scalar(value, of)


def _scalar(value: Any, of: Type) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return java_double(value) if of.name != "real" else java_float(value)
    if isinstance(value, datetime):
        zone = " UTC" if of.name == "timestamp with time zone" else ""
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}{zone}"
    if isinstance(value, bytes):
        return value.hex(" ")
    return str(value)


def java_double(value: float) -> str:
    """Java's Double.toString: plain between 10^-3 and 10^7, else d.dE±n."""
    return _java(value, repr(value))


def java_float(value: float) -> str:
    """Java's Float.toString: the shortest digits that give the same 32-bit float."""
    single = struct.unpack("f", struct.pack("f", value))[0]
    for digits in range(1, 10):
        text = f"{single:.{digits}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == single:
            return _java(single, text)
    return _java(single, repr(single))


def _java(value: float, digits: str) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0.0" if str(value).startswith("-") else "0.0"
    exact = Decimal(digits)
    if Decimal("0.001") <= abs(exact) < 10_000_000:
        text = format(exact, "f")
        return text if "." in text else text + ".0"
    sign, numbers, _ = exact.normalize().as_tuple()
    text = "".join(map(str, numbers))
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{exact.adjusted()}"


def csv_row(values: list[str | None]) -> bytes:
    """One line: everything quoted, null as nothing at all."""
    cells = ('"' + v.replace('"', '""') + '"' if v is not None else "" for v in values)
    return (",".join(cells) + "\n").encode()


def csv_rows(batch: Any, types: list[Type]) -> Iterator[bytes]:
    """The lines of one Arrow batch."""
    columns = [
        [None if v is None else shown(v, kind) for v in batch.column(i).to_pylist()]
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
