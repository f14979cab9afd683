"""Texts of dates, times and timestamps, and the zones of those that have one (DateTimes)."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from local_cloud.athena.failures import QueryError, not_supported
from local_cloud.athena.values.calendar import (
    US_PER_DAY,
    US_PER_SECOND,
    date_of,
    days_of,
    year_text,
)

_MOMENT = re.compile(
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
_DATE = re.compile(r"([+-]?\d+)-(\d{1,2})-(\d{1,2})", re.ASCII)
MAX_YEAR = 292_277


def parse_date(text: str) -> int:
    """Days since 1970-01-01 (DateTimeUtils.parseDate). ValueError where it is no date."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    return days_of(int(found[1]), int(found[2]), int(found[3]))


def fraction_digits(text: str) -> int:
    """How many digits of a second a timestamp's text has."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return len(found["fraction"] or "")


def zone_in(text: str) -> str | None:
    """The zone that a timestamp's text names."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return found["zone"]


def parse_timestamp(text: str, precision: int) -> int:
    """Microseconds of a text without a zone, rounded to `precision` digits."""
    found = _MOMENT.fullmatch(text)
    if found is None or found["zone"] is not None:
        raise ValueError(text)
    return _micros(found, precision)


def parse_zoned(text: str, precision: int) -> tuple[int, str]:
    """(microseconds since 1970 UTC, zone) of a text with a zone."""
    found = _MOMENT.fullmatch(text)
    if found is None or found["zone"] is None:
        raise ValueError(text)
    zone = zone_name(found["zone"])
    return to_utc(_micros(found, precision), zone), zone


def _micros(found: re.Match[str], precision: int) -> int:
    days = days_of(int(found["year"]), int(found["month"]), int(found["day"]))
    return days * US_PER_DAY + _of_day(found, precision)


def _of_day(found: re.Match[str], precision: int) -> int:
    hour, minute, second = (int(found[one] or 0) for one in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(found[0])
    whole = (hour * 3600 + minute * 60 + second) * US_PER_SECOND
    return whole + rounded_fraction(found["fraction"] or "", precision)


def rounded_fraction(digits: str, precision: int) -> int:
    """Microseconds of a fraction's digits, rounded half up to `precision` (at most 6) digits."""
    if len(digits) > 12:
        raise ValueError(digits)
    picos = int((digits + "000000000000")[:12])
    unit = 10 ** (12 - precision)
    return (picos + unit // 2) // unit * unit // 10**6


def rounded(micros: int, precision: int) -> int:
    """Microseconds rounded to `precision` digits of a second (DateTimes.round)."""
    unit: int = 10 ** (6 - precision)
    return (micros + unit // 2) // unit * unit


def timestamp_text(micros: int, precision: int) -> str:
    days, of_day = divmod(micros, US_PER_DAY)
    year, month, day = date_of(days)
    return f"{year_text(year)}-{month:02d}-{day:02d} {time_text(of_day, precision)}"


def zoned_text(micros: int, zone: str, precision: int) -> str:
    """`micros` since 1970 UTC as the zone's clocks show it."""
    return f"{timestamp_text(to_local(micros, zone), precision)} {zone}"


def time_text(micros: int, precision: int) -> str:
    seconds, fraction = divmod(micros, US_PER_SECOND)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{f'{fraction:06d}'[:precision]}" if precision else text


def parse_time(text: str, precision: int) -> int:
    """Microseconds since midnight; at the day's end rounding wraps to 0."""
    found = _TIME.fullmatch(text)
    if found is None or found["sign"] is not None:
        raise ValueError(text)
    return _of_day(found, precision) % US_PER_DAY


def time_digits(text: str) -> tuple[int, bool]:
    """(digits of a second, whether it has a zone) of a time's text."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return len(found["fraction"] or ""), found["sign"] is not None


# ---- zones ----------------------------------------------------------------------------------

_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?", re.ASCII)
# TimeZoneKey calls all of these UTC.
_UTC = frozenset(
    ("utc", "z", "ut", "uct", "gmt", "gmt0", "greenwich", "universal", "zulu", "etc/utc",
     "etc/gmt", "etc/uct", "etc/universal", "etc/zulu", "etc/greenwich", "etc/gmt0",
     "etc/gmt+0", "etc/gmt-0", "gmt+0", "gmt-0", "etc/ut")
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=1024)
def zone_name(text: str) -> str:
    """The name under which Trino knows a zone (TimeZoneKey). ValueError for what is none."""
    lowered = text.strip().lower()
    if lowered in _UTC:
        return "UTC"
    if offset := _OFFSET.fullmatch(text.strip().upper()):
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        if minutes > 14 * 60:
            raise ValueError(text)
        if minutes == 0:
            return "UTC"
        return f"{offset[1]}{minutes // 60:02d}:{minutes % 60:02d}"
    for known in available_timezones():
        if known.lower() == lowered:
            return known
    raise ValueError(text)


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    if name[0] in "+-":
        minutes = int(name[1:3]) * 60 + int(name[4:6])
        return timezone(timedelta(minutes=-minutes if name[0] == "-" else minutes))
    return ZoneInfo(name)


def _moment(micros: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError as error:
        # zoneinfo knows the years 1 to 9999.
        raise not_supported("time zones outside of the years 1 to 9999") from error


def offset_us(micros: int, zone: str) -> int:
    """How far the zone's clocks are ahead of UTC at this moment."""
    if zone == "UTC":
        return 0
    found = _moment(micros).astimezone(_zone(zone)).utcoffset()
    assert found is not None
    return round(found.total_seconds() * US_PER_SECOND)


def to_local(micros: int, zone: str) -> int:
    """What the zone's clocks show, as microseconds since 1970."""
    return micros + offset_us(micros, zone)


def to_utc(local: int, zone: str) -> int:
    """The moment at which the zone's clocks show `local`; of two the first (java.time)."""
    if zone == "UTC":
        return local
    wall = _moment(local).replace(tzinfo=None)
    found = wall.replace(tzinfo=_zone(zone))
    # In a gap, java.time moves the clock ahead by the gap's length: so does fold=0 here.
    offset = found.utcoffset()
    assert offset is not None
    return local - round(offset.total_seconds() * US_PER_SECOND)


def checked_timestamp(micros: int) -> int:
    if not -(2**63) <= micros < 2**63:
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", "timestamp is out of range")
    return micros
