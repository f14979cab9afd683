"""Athena's text cells as JSON values: decimals stay strings, times are RFC 3339 in UTC."""

import math
from collections.abc import Callable

Json = str | int | float | bool | None


def cell(kind: str, text: str | None) -> Json:
    """One cell by Athena's type name. None is SQL's null; an empty string is itself."""
    if text is None:
        return None
    return _DECODERS.get(kind.split("(")[0].strip().lower(), _text)(text)


def _text(text: str) -> Json:
    return text


def _double(text: str) -> Json:
    value = float(text)
    # JSON has no NaN and no infinities; the text says which it was.
    return value if math.isfinite(value) else text


def _boolean(text: str) -> Json:
    return text.lower() == "true"


def _timestamp(text: str) -> Json:
    day, _, clock = text.partition(" ")
    return f"{day}T{clock or '00:00:00.000'}Z"


def _zoned(text: str) -> Json:
    body = text.removesuffix(" UTC")
    # Another zone keeps Athena's text: a wrong Z would be another moment.
    return _timestamp(body) if body != text else text


_DECODERS: dict[str, Callable[[str], Json]] = {
    "tinyint": int,
    "smallint": int,
    "integer": int,
    "int": int,
    "bigint": int,
    "double": _double,
    "float": _double,
    "real": _double,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "timestamp with time zone": _zoned,
}
