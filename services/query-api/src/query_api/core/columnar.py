"""Athena's types as Arrow's, and its texts as values of them: every digit, or a failure."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from query_api.core.cells import shown_column
from query_api.core.texts import Column, kind_of

UTC_MICROS = pa.timestamp("us", tz="UTC")
"""The lake's timestamps: Athena shows milliseconds, Parquet and its readers know micros best."""
_PLAIN: dict[str, Any] = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": UTC_MICROS,
    "varbinary": pa.binary(),
}
_DECIMAL = re.compile(r"decimal\((\d{1,2}),\s*(\d{1,2})\)")
_MOMENT = re.compile(r"([-+]?\d+)-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?")
_MICROS_PER_DAY = 86_400_000_000
_ERA_YEARS, _ERA_DAYS = 400, 146_097
_EPOCH = date(1970, 1, 1)


class UnreadableValueError(ValueError):
    """A cell that is no value of its column's type."""


def arrow_type(type_name: str) -> pa.DataType:
    """The Arrow type of Athena's type. What Arrow has no exact type for is text: nested values,
    times of day, intervals, times with a zone (whose zone a column of Arrow's has only once)."""
    found = _DECIMAL.fullmatch(type_name.strip().lower())
    if found is not None:
        return pa.decimal128(int(found[1]), int(found[2]))
    return _PLAIN.get(kind_of(type_name), pa.string())


def typed_column(column: Column, type_name: str) -> Column:
    """The cells of a column as values of `arrow_type`; null stays null.

    Raises UnreadableValueError where a text is no such value, or has more digits.
    """
    wanted = arrow_type(type_name)
    if pa.types.is_string(wanted):
        return shown_column(column, type_name).cast(pa.string())
    try:
        return _cast(column, wanted)
    except pa.ArrowInvalid as error:
        slow = _SLOW.get(kind_of(type_name))
        if slow is None:
            raise UnreadableValueError(f"a value that is no {type_name}") from error
        return _one_by_one(column, wanted, slow)


def _cast(column: Column, wanted: pa.DataType) -> Column:
    if pa.types.is_timestamp(wanted):
        return column.cast(pa.timestamp("us")).cast(wanted)
    if pa.types.is_binary(wanted):
        raise pa.ArrowInvalid("hexadecimal digits are read one by one")
    return column.cast(wanted)


def _one_by_one(
    column: Column, wanted: pa.DataType, read: Callable[[str], int | bytes]
) -> Column:
    """For values that Arrow's parsers do not know: years of other than four digits, and bytes."""
    texts: Sequence[str | None] = column.to_pylist()
    try:
        values = [None if text is None else read(text) for text in texts]
    except ValueError as error:
        raise UnreadableValueError(f"a value that is no {wanted}") from error
    if pa.types.is_binary(wanted):
        return pa.array(values, wanted)
    width = pa.int32() if pa.types.is_date32(wanted) else pa.int64()
    return pa.array(values, width).cast(wanted)


def _micros(text: str) -> int:
    """Microseconds since the epoch of `[-+]Y…-MM-DD hh:mm:ss.SSS`, of any year."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    hour, minute, second = (int(part or 0) for part in found.group(4, 5, 6))
    fraction = int((found[7] or "").ljust(6, "0"))
    clock = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
    return _days(text.partition(" ")[0]) * _MICROS_PER_DAY + clock


def _days(text: str) -> int:
    """Days since the epoch of `[-+]Y…-MM-DD`; the calendar repeats after 400 years."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    eras, year = divmod(int(found[1]), _ERA_YEARS)
    # Python's dates begin with the year 1.
    day = date(year + _ERA_YEARS, int(found[2]), int(found[3]))
    return (day - _EPOCH).days + (eras - 1) * _ERA_DAYS


def _bytes(text: str) -> bytes:
    """Athena shows bytes as pairs of hexadecimal digits with spaces between them."""
    return bytes.fromhex(text)


_SLOW: dict[str, Callable[[str], int | bytes]] = {
    "date": _days,
    "timestamp": _micros,
    "varbinary": _bytes,
}
