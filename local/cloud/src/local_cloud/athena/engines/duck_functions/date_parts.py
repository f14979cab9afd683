"""year(), month() and the other parts of dates, times and intervals (trino-main: Extract*).

DuckDB counts all of them as Joda-Time's ISOChronology does, for every date and timestamp that it
can hold; only for moments in another zone than UTC it needs to be told the zone's time first.
"""

from collections.abc import Callable

from local_cloud.athena.engines.duck_sql.date_casting import in_utc
from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.values import calendar, zoned
from local_cloud.athena.sql.values.zones import zone

TIMESTAMP, ZONED = "timestamp(p)", "timestamp(p)_with_time_zone"
DAYS, MONTHS = "interval_day_to_second", "interval_year_to_month"

Part = Callable[[int], int]


def _of_days(part: Part) -> Part:
    return lambda micros: part(micros // calendar.US_PER_DAY)


def _of_time(unit: int, limit: int) -> Part:
    return lambda micros: micros // unit % limit


# name: (DuckDB's function, the same of local microseconds in Python)
_DATE_PARTS: dict[str, tuple[str, Part]] = {
    "year": ("year({})", _of_days(lambda days: calendar.date_of(days)[0])),
    "quarter": ("quarter({})", _of_days(lambda days: (calendar.date_of(days)[1] + 2) // 3)),
    "month": ("month({})", _of_days(lambda days: calendar.date_of(days)[1])),
    "week": ("week({})", _of_days(lambda days: calendar.iso_week(days)[1])),
    "day": ("day({})", _of_days(lambda days: calendar.date_of(days)[2])),
    "day_of_week": ("isodow({})", _of_days(calendar.day_of_week)),
    "day_of_year": ("dayofyear({})", _of_days(calendar.day_of_year)),
    "year_of_week": ("isoyear({})", _of_days(lambda days: calendar.iso_week(days)[0])),
}
_TIME_PARTS: dict[str, tuple[str, Part]] = {
    "hour": ("hour({})", _of_time(3_600_000_000, 24)),
    "minute": ("minute({})", _of_time(60_000_000, 60)),
    "second": ("second({})", _of_time(1_000_000, 60)),
    "millisecond": ("(millisecond({}) % 1000)", _of_time(1_000, 1_000)),
}
# DateTimeFunctions' aliases.
_ALIASES = {
    "week": ("week_of_year",),
    "day": ("day_of_month",),
    "day_of_week": ("dow",),
    "day_of_year": ("doy",),
    "year_of_week": ("yow",),
}


def _keys(name: str, kind: str) -> tuple[str, ...]:
    return tuple(f"{one}({kind})" for one in (name, *_ALIASES.get(name, ())))


def _register(name: str, duck: str, part: Part, kinds: tuple[str, ...]) -> None:
    @sql(*(key for kind in kinds for key in _keys(name, kind)), total=True)
    def plain(value: str) -> str:
        return duck.format(value)

    def shown(moment: zoned.Zoned) -> int:
        return part(zoned.to_local(*moment))

    @sql(*_keys(name, ZONED))
    def with_zone(value: str, types: Signature, text: Text) -> str:
        of = types.arguments[0]
        return in_utc(
            value, duck, text.python(shown, (of,), t.BIGINT, value, key=("part", name))
        )


for _name, (_duck, _part) in _DATE_PARTS.items():
    _register(_name, _duck, _part, ("date", TIMESTAMP))
for _name, (_duck, _part) in _TIME_PARTS.items():
    _register(_name, _duck, _part, (TIMESTAMP,))


# ---- times and intervals: whole numbers, divided as Java divides them --------------------------


@sql("hour(time(p))", total=True)
def _hour_of_time(time: str) -> str:
    return f"({time} // 3600000000)"


@sql("minute(time(p))", total=True)
def _minute_of_time(time: str) -> str:
    return f"({time} // 60000000 % 60)"


@sql("second(time(p))", total=True)
def _second_of_time(time: str) -> str:
    return f"({time} // 1000000 % 60)"


@sql("millisecond(time(p))", total=True)
def _millisecond_of_time(time: str) -> str:
    return f"({time} // 1000 % 1000)"


@sql(*_keys("day", DAYS), total=True)
def _day_of_interval(interval: str) -> str:
    return f"({interval} // 86400000)"


@sql(f"hour({DAYS})", total=True)
def _hour_of_interval(interval: str) -> str:
    return f"({interval} % 86400000 // 3600000)"


@sql(f"minute({DAYS})", total=True)
def _minute_of_interval(interval: str) -> str:
    return f"({interval} % 3600000 // 60000)"


@sql(f"second({DAYS})", total=True)
def _second_of_interval(interval: str) -> str:
    return f"({interval} % 60000 // 1000)"


@sql(f"millisecond({DAYS})", total=True)
def _millisecond_of_interval(interval: str) -> str:
    return f"({interval} % 1000)"


@sql(f"to_milliseconds({DAYS})", total=True)
def _to_milliseconds(interval: str) -> str:
    return interval


@sql(f"year({MONTHS})", total=True)
def _year_of_interval(interval: str) -> str:
    return f"CAST({interval} // 12 AS BIGINT)"


@sql(f"month({MONTHS})", total=True)
def _month_of_interval(interval: str) -> str:
    return f"CAST({interval} % 12 AS BIGINT)"


# ---- zones ------------------------------------------------------------------------------------


@python(f"timezone_hour({ZONED})")
def _timezone_hour(moment: zoned.Zoned) -> int:
    minutes = _offset_minutes(moment)
    return minutes // 60 if minutes >= 0 else -(-minutes // 60)


@python(f"timezone_minute({ZONED})")
def _timezone_minute(moment: zoned.Zoned) -> int:
    minutes = _offset_minutes(moment)
    return minutes % 60 if minutes >= 0 else -(-minutes % 60)


def _offset_minutes(moment: zoned.Zoned) -> int:
    """Whole minutes, cut off towards zero (DateTimeZoneIndex.extractZoneOffsetMinutes)."""
    seconds = zone(moment[1]).offset(moment[0] // calendar.US_PER_SECOND)
    return seconds // 60 if seconds >= 0 else -(-seconds // 60)


@sql(f"timezone({ZONED})", total=True)
def _timezone(moment: str) -> str:
    return f"struct_extract({moment}, 'f1')"
