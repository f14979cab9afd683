"""Dates, times and timestamps: their texts, rounding and ranges (io.trino.type.DateTimes)."""

import re

from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.values.calendar import (
    US_PER_DAY,
    US_PER_SECOND,
    checked_date,
    date_of,
    days_of,
    year_text,
)

MOMENT = re.compile(
    r"(?P<year>[-+]?\d{4,})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"( (?:(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d+))?)?)?"
    r"\s*(?P<zone>.+)?)?",
    re.ASCII,
)
_TIME = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d+))?)?"
    r"\s*((?P<sign>[+-])(?P<zone_hour>\d\d):(?P<zone_minute>\d\d))?",
    re.ASCII,
)
# Joda-Time reads at most nine digits of a year.
_DATE = re.compile(r"([+-]?\d{1,9})-(\d{1,2})-(\d{1,2})", re.ASCII)
MAX_YEAR = 999_999_999
# DateTimes.POWERS_OF_TEN ends here.
_MAX_SHIFT = 12


def parse_date(text: str) -> int:
    """Days since 1970-01-01 (DateTimeUtils.parseDate). ValueError where it is no date."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    days = days_of(int(found[1]), int(found[2]), int(found[3]))
    if not -(2**31) <= days < 2**31:
        raise ValueError(text)
    return checked_date(days)


def matched(text: str) -> re.Match[str]:
    """The parts of a timestamp's text. ValueError where it is none."""
    found = MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return found


def local_seconds(found: re.Match[str]) -> int:
    """Seconds since 1970-01-01 00:00 of what a text shows. ValueError where it cannot be."""
    year = int(found["year"])
    if abs(year) > MAX_YEAR:
        raise ValueError(found[0])
    days = days_of(year, int(found["month"]), int(found["day"]))
    return days * 86_400 + _second_of_day(found)


def _second_of_day(found: re.Match[str]) -> int:
    hour, minute, second = (int(found[one] or 0) for one in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(found[0])
    return hour * 3600 + minute * 60 + second


def fraction(digits: str, precision: int) -> int:
    """Microseconds of a fraction's digits, rounded half up, as the casts from text read it."""
    value, excess = int(digits or 0), len(digits) - precision
    if value >= 2**63:
        raise ValueError(digits)
    if excess > _MAX_SHIFT:
        raise QueryError(
            "GENERIC_INTERNAL_ERROR", f"Index {excess} out of bounds for length 13"
        )
    if excess > 0:
        unit = 10**excess
        value = (value + unit // 2) // unit * unit
    shift: int = 10 ** abs(6 - len(digits))
    return value * shift if len(digits) <= 6 else value // shift


def rounded(micros: int, precision: int) -> int:
    """Microseconds rounded half up to `precision` digits of a second (DateTimes.round)."""
    unit: int = 10 ** (6 - precision)
    return (micros + unit // 2) // unit * unit


def timestamp_text(micros: int, precision: int, between: str = " ") -> str:
    days, of_day = divmod(micros, US_PER_DAY)
    year, month, day = date_of(days)
    return f"{year_text(year)}-{month:02d}-{day:02d}{between}{time_text(of_day, precision)}"


def time_text(micros: int, precision: int) -> str:
    seconds, fraction_us = divmod(micros, US_PER_SECOND)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{f'{fraction_us:06d}'[:precision]}" if precision else text


def parse_time(text: str, precision: int) -> int:
    """Microseconds since midnight, rounded; at the day's end that is 0 again."""
    found = _TIME.fullmatch(text)
    if found is None or found["sign"] is not None or len(found["fraction"] or "") > _MAX_SHIFT:
        raise ValueError(text)
    whole = _second_of_day(found) * US_PER_SECOND
    return (whole + fraction(found["fraction"] or "", precision)) % US_PER_DAY


def time_digits(text: str) -> tuple[int, bool]:
    """(digits of a second, whether it has a zone) of a time's text."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return len(found["fraction"] or ""), found["sign"] is not None


def time_of_day(micros: int, precision: int) -> int:
    """CAST(timestamp AS time), rounded."""
    seconds = micros // US_PER_SECOND
    # TimestampToTimeCast takes the fraction with Java's %, which is negative before 1970.
    part = micros % US_PER_SECOND - (
        US_PER_SECOND if micros < 0 and micros % US_PER_SECOND else 0
    )
    found = rounded(seconds % 86_400 * US_PER_SECOND + part, precision)
    if found < 0:
        raise QueryError("GENERIC_INTERNAL_ERROR", "value must be >= 0")
    return found % US_PER_DAY


def checked_timestamp(micros: int) -> int:
    """`micros`, if the engine's timestamps hold them."""
    if not -(2**63) < micros < 2**63 - 1:
        raise not_supported("timestamps beyond the years -290308 to 294246")
    return micros


def parse_timestamp_literal(text: str, precision: int) -> int:
    """TIMESTAMP '…' without a zone. ValueError where it is none."""
    found = matched(text)
    micros = local_seconds(found) * US_PER_SECOND
    if found["zone"] is not None or not -(2**63) <= micros < 2**63:
        raise ValueError(text)
    return checked_timestamp(micros + fraction(found["fraction"] or "", precision))
