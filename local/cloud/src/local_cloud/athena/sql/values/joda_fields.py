"""The fields that Joda-Time's parsers set: how, within which bounds, and in which order.

Times are milliseconds since 1970-01-01 00:00 (org.joda.time.chrono, in UTC).
"""

from collections.abc import Callable
from dataclasses import dataclass

from local_cloud.athena.sql.values import date_fields
from local_cloud.athena.sql.values.calendar import (
    date_of,
    day_of_week,
    day_of_year,
    days_in_month,
    days_of,
    is_leap,
    iso_week,
)
from local_cloud.athena.sql.values.date_fields import DAY_MS, WEEK_MS

HOUR_MS = 3_600_000
HALFDAY_MS = 12 * HOUR_MS
# Mean lengths, by which fields are put in order.
MONTH_MS, YEAR_MS = 2_629_746_000, 31_556_952_000
_MIN_YEAR, _MAX_YEAR = -292_275_055, 292_278_994


@dataclass(frozen=True, slots=True)
class ParsedField:
    """`size` and `range` are the unit's and the range's milliseconds (no range: None)."""

    range: int | None
    size: int
    set: Callable[[int, int], int]
    floor: Callable[[int], int]

    @property
    def order(self) -> tuple[float, int]:
        """Larger fields are set first (DateTimeParserBucket.SavedField)."""
        return (float("-inf") if self.range is None else -self.range, -self.size)


def _checked(value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(f"Value {value} must be in the range [{low},{high}]")
    return value


def _of_day(ms: int) -> int:
    return ms % DAY_MS


def _floor(name: str) -> Callable[[int], int]:
    return date_fields.field(name).floor


def _dated(year: int, month: int, day: int, ms: int) -> int:
    """That day, or the month's last one, at the time of `ms`."""
    day = min(day, days_in_month(year, month))
    return days_of(year, month, day) * DAY_MS + _of_day(ms)


def _set_year(ms: int, year: int) -> int:
    _checked(year, _MIN_YEAR, _MAX_YEAR)
    _, month, day = date_of(ms // DAY_MS)
    return _dated(year, month, day, ms)


def _set_year_of_era(ms: int, year: int) -> int:
    # Parsing starts in 1970, so within our era.
    return _set_year(ms, _checked(year, 1, _MAX_YEAR - 1))


def _set_month(ms: int, month: int) -> int:
    year, _, day = date_of(ms // DAY_MS)
    return _dated(year, _checked(month, 1, 12), day, ms)


def _set_day(ms: int, day: int) -> int:
    year, month, _ = date_of(ms // DAY_MS)
    return _dated(year, month, _checked(day, 1, days_in_month(year, month)), ms)


def _set_day_of_year(ms: int, day: int) -> int:
    days = ms // DAY_MS
    last = 366 if is_leap(date_of(days)[0]) else 365
    return ms + (_checked(day, 1, last) - day_of_year(days)) * DAY_MS


def _set_day_of_week(ms: int, day: int) -> int:
    return ms + (_checked(day, 1, 7) - day_of_week(ms // DAY_MS)) * DAY_MS


def _weeks_in(year: int) -> int:
    # 28 December is always in the last week.
    return iso_week(days_of(year, 12, 28))[1]


def _set_week(ms: int, week: int) -> int:
    year, now = iso_week(ms // DAY_MS)
    return ms + (_checked(week, 1, _weeks_in(year)) - now) * WEEK_MS


def _set_weekyear(ms: int, year: int) -> int:
    """The same week and weekday of another year (BasicWeekyearDateTimeField.set)."""
    _checked(abs(year), _MIN_YEAR, _MAX_YEAR)
    days = ms // DAY_MS
    this_year, week = iso_week(days)
    if this_year == year:
        return ms
    week = min(week, _weeks_in(this_year), _weeks_in(year))
    monday = days_of(year, 1, 4) - (day_of_week(days_of(year, 1, 4)) - 1)
    return (monday + (week - 1) * 7 + day_of_week(days) - 1) * DAY_MS + _of_day(ms)


def _weekyear_floor(ms: int) -> int:
    monday = _floor("week")(ms)
    return monday - (iso_week(monday // DAY_MS)[1] - 1) * WEEK_MS


def _clock(unit: int, span: int, one_is_first: bool = False) -> ParsedField:
    """Units of a span: 0 to the last, or 1 to their number, which means 0."""
    count = span // unit

    def put(ms: int, value: int) -> int:
        _checked(value, int(one_is_first), count if one_is_first else count - 1)
        return ms + (value % count - ms // unit % count) * unit

    return ParsedField(span, unit, put, lambda ms: ms // unit * unit)


def fraction_of(unit: int) -> ParsedField:
    """Milliseconds within a second, minute or hour."""
    return _clock(1, unit)


YEAR = ParsedField(None, YEAR_MS, _set_year, _floor("year"))
YEAR_OF_ERA = ParsedField(None, YEAR_MS, _set_year_of_era, _floor("year"))
WEEKYEAR = ParsedField(None, YEAR_MS, _set_weekyear, _weekyear_floor)
MONTH = ParsedField(YEAR_MS, MONTH_MS, _set_month, _floor("month"))
WEEK = ParsedField(YEAR_MS, WEEK_MS, _set_week, _floor("week"))
DAY_OF_YEAR = ParsedField(YEAR_MS, DAY_MS, _set_day_of_year, _floor("day"))
DAY_OF_MONTH = ParsedField(MONTH_MS, DAY_MS, _set_day, _floor("day"))
DAY_OF_WEEK = ParsedField(WEEK_MS, DAY_MS, _set_day_of_week, _floor("day"))
HALFDAY = _clock(HALFDAY_MS, DAY_MS)
HOUR = _clock(HOUR_MS, DAY_MS)
CLOCKHOUR = _clock(HOUR_MS, DAY_MS, one_is_first=True)
HOUR_OF_HALFDAY = _clock(HOUR_MS, HALFDAY_MS)
CLOCKHOUR_OF_HALFDAY = _clock(HOUR_MS, HALFDAY_MS, one_is_first=True)
MINUTE = _clock(60_000, HOUR_MS)
SECOND = _clock(1_000, 60_000)
