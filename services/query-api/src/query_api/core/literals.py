"""Typed values as SQL literals: Athena's execution parameters are expressions, not safe text.

(Athena user guide, "Use parameterized queries".)
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_BIGINT = 2**63 - 1


def varchar(value: str) -> str:
    """A string literal: quotes doubled, nothing else is special to Trino (SqlBase.g4, STRING).
    Refuses NUL."""
    if "\x00" in value:
        raise ValueError("a string must not hold NUL")
    return "'" + value.replace("'", "''") + "'"


def bigint(value: int) -> str:
    """A whole number. Raises ValueError beyond 64 bits or for a bool."""
    if isinstance(value, bool) or not -_MAX_BIGINT <= value <= _MAX_BIGINT:
        raise ValueError(f"not a bigint: {value!r}")
    return str(value)


def decimal(value: Decimal) -> str:
    """An exact number, never with an exponent. Raises ValueError for NaN and infinities."""
    if not value.is_finite():
        raise ValueError(f"not a decimal: {value}")
    return f"DECIMAL '{value:f}'"


def timestamp(at_ms: int) -> str:
    """Milliseconds since the epoch as timestamp(3), in UTC as all of the lake is."""
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03d}'"


def date(value: str) -> str:
    """A day, given as YYYY-MM-DD."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError(f"not a date: {value!r}")
    return f"DATE '{value}'"


def boolean(value: bool) -> str:
    return "true" if value else "false"
