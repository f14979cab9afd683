"""JSON as Trino holds it: read strictly, numbers by Java's rules, written as Jackson writes it."""

import json
import math
import re
from decimal import Decimal
from typing import Any

from local_cloud.athena.values.numbers import java_double

MAX_DEPTH = 1000


class JsonFloat(float):
    """A number with a point or an exponent, and how it was written."""

    text: str

    def __new__(cls, text: str) -> "JsonFloat":
        made = super().__new__(cls, text)
        made.text = text
        return made


class JsonInt(int):
    """A whole number, and how it was written."""

    text: str

    def __new__(cls, text: str) -> "JsonInt":
        made = super().__new__(cls, text)
        made.text = text
        return made


class JsonObject(list[tuple[str, Any]]):
    """An object's members in their order; a key may be there twice."""


def _no_constant(text: str) -> Any:
    raise ValueError(f"not JSON: {text}")


_DECODER = json.JSONDecoder(
    object_pairs_hook=JsonObject,
    parse_float=JsonFloat,
    parse_int=JsonInt,
    parse_constant=_no_constant,
)
_SPACE = " \t\r\n"


def read(text: str) -> Any:
    """One JSON value. ValueError where `text` is not exactly one."""
    stripped = text.strip(_SPACE)
    try:
        value, end = _DECODER.raw_decode(stripped)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if end != len(stripped):
        raise ValueError("more than one JSON value")
    return value


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_ESCAPED = re.compile(r'["\\\x00-\x1f]')


def quoted(text: str) -> str:
    """A string as Jackson writes it: only what must be escaped is."""
    return (
        '"'
        + _ESCAPED.sub(lambda m: _ESCAPES.get(m[0]) or f"\\u{ord(m[0]):04X}", text)
        + '"'
    )


def number(value: float) -> str:
    """A double as Jackson writes it; what is no JSON number is a string."""
    text = java_double(value)
    return text if math.isfinite(value) else f'"{text}"'


def written(value: Any, in_order: bool = False) -> str:
    """The value's text; with `in_order` keys are sorted, and of equal ones the last stands."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, JsonObject):
        members = list(value)
        if in_order:
            # Java compares strings by UTF-16 units.
            last = dict(members)
            members = sorted(last.items(), key=lambda pair: pair[0].encode("utf-16-be"))
        inner = ",".join(f"{quoted(k)}:{written(v, in_order)}" for k, v in members)
        return f"{{{inner}}}"
    return f"[{','.join(written(one, in_order) for one in value)}]"


def canonical(text: str) -> str:
    """The text of a JSON value in Trino's JSON type (json_parse). ValueError for no JSON."""
    return written(read(text), in_order=True)
