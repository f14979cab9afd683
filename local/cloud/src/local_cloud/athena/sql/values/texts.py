"""Values from text and to text, as CAST reads and writes them."""

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import json_text, letters, moments, numbers, zoned
from local_cloud.athena.sql.values.calendar import date_text

# Any digit that is one of Java's chars (Character.digit).
_DIGIT = r"(?:(?![\U00010000-\U0010ffff])\d)"
_INTEGER = re.compile(rf"[+-]?{_DIGIT}+")
# Java's Double.parseDouble, hexadecimal numbers and the suffixes f and d included.
_DOUBLE = re.compile(
    r"([+-]?)(?:(NaN|Infinity)|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fFdD]?"
    r"|(0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+)[fFdD]?)",
    re.ASCII,
)
_DECIMAL = re.compile(rf"[+-]?(?:{_DIGIT}+\.?{_DIGIT}*|\.{_DIGIT}+)(?:[eE][+-]?{_DIGIT}+)?")
_TRUE, _FALSE = ("t", "true", "1"), ("f", "false", "0")
# What Java's String.trim takes away.
_TRIMMED = "".join(map(chr, range(33)))


def cannot(value: Any, to: Type) -> QueryError:
    return QueryError("INVALID_CAST_ARGUMENT", f"Value cannot be cast to {to}: {value}")


def from_text(text: str, to: Type) -> Any:
    """CAST(text AS to). Raises INVALID_CAST_ARGUMENT."""
    reader = _READERS.get(to.name)
    if reader is None:
        raise not_supported(f"texts as {to}")
    try:
        return reader(text, to)
    except (ValueError, InvalidOperation, OverflowError) as error:
        raise cannot(text, to) from error


def _boolean(text: str, _: Type) -> bool:
    lowered = text.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError(text)


def _integer(text: str, to: Type) -> int:
    trimmed = text.strip(_TRIMMED)
    if not _INTEGER.fullmatch(trimmed):
        raise ValueError(text)
    value = int(trimmed)
    if not numbers.fits(value, numbers.BITS[to.name]):
        raise ValueError(text)
    return value


def double_value(text: str) -> float:
    found = _DOUBLE.fullmatch(text.strip(_TRIMMED))
    if found is None:
        raise ValueError(text)
    sign = -1.0 if found[1] == "-" else 1.0
    if found[2]:
        return sign * (math.nan if found[2] == "NaN" else math.inf)
    return sign * (float(found[3]) if found[3] else float.fromhex(found[4]))


def java_decimal(text: str) -> Decimal:
    """Java's BigDecimal of a text. ValueError where that has none."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _decimal(text: str, to: Type) -> Decimal:
    found = numbers.fitted(java_decimal(text), to.precision or 0, to.scale)
    if found is None:
        raise ValueError(text)
    return found


def _trimmed(text: str) -> str:
    return text.strip(letters.SPACES)


def _uuid(text: str, _: Type) -> str:
    if not _UUID.fullmatch(text):
        raise ValueError(text)
    return text.lower()


_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_READERS: dict[str, Any] = {
    "uuid": _uuid,
    "boolean": _boolean,
    **dict.fromkeys(numbers.BITS, _integer),
    "double": lambda text, _: double_value(text),
    "real": lambda text, _: numbers.single(double_value(text)),
    "decimal": _decimal,
    "date": lambda text, _: moments.parse_date(_trimmed(text)),
    "timestamp": lambda text, to: zoned.parse_timestamp_cast(_trimmed(text), to.precision or 0),
    "timestamp with time zone": lambda text, to: zoned.parse_cast(
        _trimmed(text), to.precision or 0
    ),
    "time": lambda text, to: moments.parse_time(text, to.precision or 0),
    "varbinary": lambda text, _: text.encode(),
    "json": lambda text, _: json_text.quoted(text),
}


def to_text(value: Any, of: Type) -> str:
    """CAST(value AS varchar) of a scalar."""
    writer = _WRITERS.get(of.name)
    if writer is None:
        return str(value)
    text: str = writer(value, of)
    return text


def _day_interval(value: int, _: Type) -> str:
    sign, rest = ("-", -value) if value < 0 else ("", value)
    days, rest = divmod(rest, 86_400_000)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{sign}{days} {hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _month_interval(value: int, _: Type) -> str:
    sign, rest = ("-", -value) if value < 0 else ("", value)
    return f"{sign}{rest // 12}-{rest % 12}"


_WRITERS: dict[str, Any] = {
    "boolean": lambda value, _: "true" if value else "false",
    "double": lambda value, _: numbers.double_text(value),
    "real": lambda value, _: numbers.real_text(value),
    "decimal": lambda value, _: numbers.decimal_text(value),
    "date": lambda value, _: date_text(value),
    "timestamp": lambda value, of: moments.timestamp_text(value, of.precision or 0),
    "timestamp with time zone": lambda value, of: zoned.text(
        value[0], value[1], of.precision or 0
    ),
    "time": lambda value, of: moments.time_text(value, of.precision or 0),
    "interval day to second": _day_interval,
    "interval year to month": _month_interval,
    "char": lambda value, of: value.ljust(of.precision or 0),
}
