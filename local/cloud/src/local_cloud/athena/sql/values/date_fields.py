"""Fields of dates and times: what date_trunc, date_add and date_diff do with each of them.

As Joda-Time's ISOChronology has them. Times are milliseconds since 1970-01-01, as clocks show
them; `zoned_fields` does the same for moments in a time zone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.values.calendar import (
    date_of,
    days_in_month,
    days_of,
    is_leap,
    plus_months,
)

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
# BasicGJChronology.FEB_29, from the year's start.
_FEB_29 = (31 + 29 - 1) * DAY_MS


@dataclass(frozen=True, slots=True)
class DateField:
    """`of_time` is a field below a day, which no change of clocks stretches."""

    floor: Callable[[int], int]
    add: Callable[[int, int], int]
    difference: Callable[[int, int], int]
    of_time: bool = False


def _precise(unit: int, origin: int = 0, of_time: bool = False) -> DateField:
    def difference(later: int, earlier: int) -> int:
        found = abs(later - earlier) // unit
        return found if later >= earlier else -found

    return DateField(
        lambda ms: (ms - origin) // unit * unit + origin,
        lambda ms, count: ms + count * unit,
        difference,
        of_time,
    )


# ---- months and years -------------------------------------------------------------------------


def add_months(ms: int, months: int) -> int:
    days, of_day = divmod(ms, DAY_MS)
    return plus_months(days, months) * DAY_MS + of_day


def _month_start(ms: int) -> int:
    year, month, _ = date_of(ms // DAY_MS)
    return days_of(year, month, 1) * DAY_MS


def _months_between(later: int, earlier: int) -> int:
    """Whole months; a month's last day counts as any later day (BasicMonthOfYearDateTimeField)."""
    if later < earlier:
        return -_months_between(earlier, later)
    year, month, day = date_of(later // DAY_MS)
    first_year, first_month, first_day = date_of(earlier // DAY_MS)
    months = (year - first_year) * 12 + month - first_month
    if day == days_in_month(year, month) and first_day > day:
        earlier -= (first_day - day) * DAY_MS
    return months - (later - _month_start(later) < earlier - _month_start(earlier))


def _quarter_start(ms: int) -> int:
    year, month, _ = date_of(ms // DAY_MS)
    return days_of(year, (month - 1) // 3 * 3 + 1, 1) * DAY_MS


def _quarters_between(later: int, earlier: int) -> int:
    months = _months_between(later, earlier)
    return months // 3 if months >= 0 else -(-months // 3)


def _year_start(ms: int) -> int:
    return days_of(date_of(ms // DAY_MS)[0], 1, 1) * DAY_MS


def _years_between(later: int, earlier: int) -> int:
    """Whole years; days after February's end are counted as in a common year."""
    if later < earlier:
        return -_years_between(earlier, later)
    year, first = date_of(later // DAY_MS)[0], date_of(earlier // DAY_MS)[0]
    rest, first_rest = later - _year_start(later), earlier - _year_start(earlier)
    if first_rest >= _FEB_29:
        if is_leap(first):
            first_rest -= 0 if is_leap(year) else DAY_MS
        elif rest >= _FEB_29 and is_leap(year):
            rest -= DAY_MS
    return year - first - (rest < first_rest)


_OF_DATES = {
    "day": _precise(DAY_MS),
    # A week begins on Monday; 1970-01-01 was a Thursday.
    "week": _precise(WEEK_MS, -3 * DAY_MS),
    "month": DateField(_month_start, add_months, _months_between),
    "quarter": DateField(
        _quarter_start, lambda ms, count: add_months(ms, count * 3), _quarters_between
    ),
    "year": DateField(
        _year_start, lambda ms, count: add_months(ms, count * 12), _years_between
    ),
}
_OF_TIMES = {
    "millisecond": _precise(1, of_time=True),
    "second": _precise(1_000, of_time=True),
    "minute": _precise(60_000, of_time=True),
    "hour": _precise(3_600_000, of_time=True),
}
# Microseconds of the fields that date_trunc and the like know of a time.
TIME_UNITS = {"millisecond": 10**3, "second": 10**6, "minute": 60 * 10**6, "hour": 3600 * 10**6}


def _named(unit: str, fields: dict[str, DateField], kind: str) -> str:
    name = unit.lower() if unit.isascii() else unit
    if name not in fields:
        raise invalid_argument(f"'{unit}' is not a valid {kind} field")
    return name


def date_unit(unit: str) -> str:
    """The name of a date's field, in lower case."""
    return _named(unit, _OF_DATES, "DATE")


def timestamp_unit(unit: str) -> str:
    """The name of a timestamp's field, in lower case."""
    return _named(unit, _OF_TIMES | _OF_DATES, "TIMESTAMP")


def time_unit(unit: str) -> int:
    """Microseconds of a time's field."""
    found = TIME_UNITS.get(unit.lower())
    if found is None:
        raise invalid_argument(f"'{unit}' is not a valid TIME field")
    return found


def field(name: str) -> DateField:
    """The field of this lower-case name."""
    return FIELDS[name]


FIELDS = _OF_TIMES | _OF_DATES
