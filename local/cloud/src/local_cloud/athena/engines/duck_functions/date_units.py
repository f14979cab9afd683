"""date_trunc, date_add, date_diff and last_day_of_month (trino-main: DateTimeFunctions and others).

DuckDB does the same for every unit that is a constant, and Python for what DuckDB might not hold.
"""

from local_cloud.athena.engines.duck_functions.date_parts import TIMESTAMP, ZONED
from local_cloud.athena.engines.duck_functions.fallback import common, guarded
from local_cloud.athena.engines.duck_sql import casting
from local_cloud.athena.engines.duck_sql.date_casting import in_utc
from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.representation import quoted
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError, invalid_argument
from local_cloud.athena.sql.ir import BoundCall, Constant
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import date_fields, moments, zoned, zoned_fields
from local_cloud.athena.sql.values.calendar import US_PER_DAY, checked_date, date_of
from local_cloud.athena.sql.values.date_fields import DAY_MS, TIME_UNITS
from local_cloud.athena.sql.values.numbers import fits
from local_cloud.athena.sql.values.zones import zone

_FIXED_US = {**TIME_UNITS, "day": US_PER_DAY, "week": 7 * US_PER_DAY}
_IN_MONTHS = {"month": 1, "quarter": 3, "year": 12}
# Counts of each unit that lead no common date out of the engine's range.
_COUNTS = {
    **dict.fromkeys(("millisecond", "second", "minute"), 2**31 - 1),
    **{"hour": 10**7, "day": 10**6, "week": 10**5, "month": 10**5, "quarter": 30_000},
    "year": 10**4,
}
# Joda-Time's years.
_MIN_YEAR, _MAX_YEAR = -292_275_054, 292_278_993


def _unit(call: BoundCall, of_date: bool) -> str | None:
    """The unit, where it is a constant. INVALID_FUNCTION_ARGUMENT is left to Python to raise."""
    first = call.arguments[0]
    if not isinstance(first, Constant) or first.value is None:
        return None
    try:
        find = date_fields.date_unit if of_date else date_fields.timestamp_unit
        return find(first.value)
    except QueryError:
        return None


# ---- date_trunc -------------------------------------------------------------------------------

_DATE_STARTS = {
    "day": "{0}",
    "week": "({0} - CAST(isodow({0}) - 1 AS INTEGER))",
    "month": "make_date(year({0}), month({0}), 1)",
    "quarter": "make_date(year({0}), month({0}) - (month({0}) - 1) % 3, 1)",
    "year": "make_date(year({0}), 1, 1)",
}


def _truncated_date(unit: str, days: int) -> int:
    name = date_fields.date_unit(unit)
    return checked_date(date_fields.field(name).floor(days * DAY_MS) // DAY_MS)


@sql("date_trunc(varchar(x),date)")
def _truncate_date(unit: str, date: str, call: BoundCall, text: Text) -> str:
    name = _unit(call, True)
    if name is not None:
        return _DATE_STARTS[name].format(date)
    return text.python(_truncated_date, (t.VARCHAR, t.DATE), t.DATE, unit, date)


def _truncated(unit: str, micros: int) -> int:
    name = date_fields.timestamp_unit(unit)
    return moments.checked_timestamp(date_fields.field(name).floor(micros // 1000) * 1000)


@sql(f"date_trunc(varchar(x),{TIMESTAMP})")
def _truncate(unit: str, moment: str, call: BoundCall, text: Text, types: Signature) -> str:
    name = _unit(call, False)
    if name is not None:
        return f"date_trunc({quoted(name)}, {moment})"
    kinds = (t.VARCHAR, types.arguments[1])
    return text.python(_truncated, kinds, types.result, unit, moment)


def _truncated_zoned(unit: str, moment: zoned.Zoned) -> zoned.Zoned:
    name = date_fields.timestamp_unit(unit)
    floor = zoned_fields.floor(zone(moment[1]), name, moment[0] // 1000)
    return zoned.checked(floor * 1000), moment[1]


@sql(f"date_trunc(varchar(x),{ZONED})")
def _truncate_zoned(
    unit: str, moment: str, call: BoundCall, text: Text, types: Signature
) -> str:
    kinds = (t.VARCHAR, types.arguments[1])
    slow = text.python(_truncated_zoned, kinds, types.result, unit, moment)
    name = _unit(call, False)
    if name is None:
        return slow
    start = f"{{{{'f0': epoch_us(date_trunc({quoted(name)}, {{}})), 'f1': 'UTC'}}}}"
    return in_utc(moment, start, slow)


@python("date_trunc(varchar(x),time(p))")
def _truncate_time(unit: str, time: int) -> int:
    size = date_fields.time_unit(unit)
    return time // size * size


# ---- date_add ---------------------------------------------------------------------------------


def _moved_date(unit: str, count: int, days: int) -> int:
    name = date_fields.date_unit(unit)
    if not fits(count, 32):
        raise QueryError("GENERIC_INTERNAL_ERROR", "integer overflow")
    return checked_date(date_fields.field(name).add(days * DAY_MS, count) // DAY_MS)


@sql("date_add(varchar(x),bigint,date)")
def _add_to_date(unit: str, count: str, date: str, call: BoundCall, text: Text) -> str:
    kinds = (t.VARCHAR, t.BIGINT, t.DATE)
    slow = text.python(_moved_date, kinds, t.DATE, unit, count, date)
    name = _unit(call, True)
    if name is None:
        return slow
    whole = f"CAST({count} AS INTEGER)"
    if name in _IN_MONTHS:
        fast = f"CAST({date} + to_months({whole} * {_IN_MONTHS[name]}) AS DATE)"
    else:
        fast = f"({date} + {whole} * {_FIXED_US[name] // US_PER_DAY})"
    return guarded(fast, slow, *_common(call, name, count, date))


def _common(
    call: BoundCall, name: str, count: str, value: str
) -> tuple[str | None, str | None]:
    _, many, moved = call.arguments
    return common(count, many, _COUNTS[name]), common(value, moved)


def _moved_ms(name: str, count: int, ms: int) -> int:
    if not fits(count, 32):
        raise invalid_argument("integer overflow")
    found = date_fields.field(name).add(ms, count)
    if not _MIN_YEAR <= date_of(found // DAY_MS)[0] <= _MAX_YEAR:
        raise invalid_argument(f"years beyond {_MIN_YEAR} to {_MAX_YEAR}")
    return found


def _moved(unit: str, count: int, micros: int, types: Signature) -> int:
    ms = _moved_ms(date_fields.timestamp_unit(unit), count, micros // 1000)
    found = _rounded_ms(ms, types.result) * 1000
    if not fits(found, 64):
        raise invalid_argument("long overflow")
    return moments.checked_timestamp(found + micros % 1000)


def _rounded_ms(ms: int, of: Type) -> int:
    return moments.rounded(ms * 1000, min(of.precision or 0, 3)) // 1000


@sql(f"date_add(varchar(x),bigint,{TIMESTAMP})")
def _add(
    unit: str, count: str, moment: str, call: BoundCall, text: Text, types: Signature
) -> str:
    of = types.result
    slow = text.python(
        lambda a, b, c: _moved(a, b, c, types),
        (t.VARCHAR, t.BIGINT, of),
        of,
        *(unit, count, moment),
        key=("date_add", of),
    )
    name = _unit(call, False)
    if name is None or (name == "millisecond" and (of.precision or 0) < 3):
        return slow
    whole = f"CAST({count} AS INTEGER)"
    if name in _IN_MONTHS:
        fast = f"({moment} + to_months({whole} * {_IN_MONTHS[name]}))"
    else:
        fast = f"make_timestamp(epoch_us({moment}) + {count} * {_FIXED_US[name]})"
    return guarded(fast, slow, *_common(call, name, count, moment))


@python(f"date_add(varchar(x),bigint,{ZONED})")
def _add_zoned(unit: str, count: int, moment: zoned.Zoned, types: Signature) -> zoned.Zoned:
    name = date_fields.timestamp_unit(unit)
    if not fits(count, 32):
        raise invalid_argument("integer overflow")
    found = zoned_fields.add(zone(moment[1]), name, moment[0] // 1000, count)
    found = _rounded_ms(found, types.result) * 1000
    if (types.result.precision or 0) <= 3 and not zoned.fits(found):
        raise invalid_argument(f"Millis overflow: {found // 1000}")
    return zoned.checked(found + moment[0] % 1000), moment[1]


@python("date_add(varchar(x),bigint,time(p))")
def _add_to_time(unit: str, count: int, time: int, types: Signature) -> int:
    size = date_fields.time_unit(unit)
    found = (time + count * size) % US_PER_DAY
    precision = types.result.precision or 0
    return moments.rounded(found, precision) % US_PER_DAY if precision <= 3 else found


# ---- date_diff --------------------------------------------------------------------------------


def _between_dates(unit: str, first: int, last: int) -> int:
    name = date_fields.date_unit(unit)
    return date_fields.field(name).difference(last * DAY_MS, first * DAY_MS)


@sql("date_diff(varchar(x),date,date)")
def _date_difference(unit: str, first: str, last: str, call: BoundCall, text: Text) -> str:
    kinds = (t.VARCHAR, t.DATE, t.DATE)
    slow = text.python(_between_dates, kinds, t.BIGINT, unit, first, last)
    name = _unit(call, True)
    if name is None:
        return slow
    if name in _IN_MONTHS:
        fast = f"datesub({quoted(name)}, {first}, {last})"
        return guarded(fast, slow, *_common_both(call, first, last))
    return f"(({last} - {first}) // {_FIXED_US[name] // US_PER_DAY})"


def _between(unit: str, first: int, last: int) -> int:
    name = date_fields.timestamp_unit(unit)
    return date_fields.field(name).difference(last // 1000, first // 1000)


@sql(f"date_diff(varchar(x),{TIMESTAMP},{TIMESTAMP})")
def _difference(
    unit: str, first: str, last: str, call: BoundCall, text: Text, types: Signature
) -> str:
    of = types.arguments[1]
    slow = text.python(_between, (t.VARCHAR, of, of), t.BIGINT, unit, first, last)
    name = _unit(call, False)
    if name is None:
        return slow
    conditions = _common_both(call, first, last)
    if (of.precision or 0) > 3:
        # The smallest unit is a millisecond, and only whole ones count.
        first, last = (f"date_trunc('millisecond', {one})" for one in (first, last))
    if name in _IN_MONTHS:
        fast = f"datesub({quoted(name)}, {first}, {last})"
    else:
        fast = f"((epoch_us({last}) - epoch_us({first})) // {_FIXED_US[name]})"
    return guarded(fast, slow, *conditions)


def _common_both(call: BoundCall, first: str, last: str) -> tuple[str | None, str | None]:
    return common(first, call.arguments[1]), common(last, call.arguments[2])


@python(f"date_diff(varchar(x),{ZONED},{ZONED})")
def _zoned_difference(
    unit: str, first: zoned.Zoned, last: zoned.Zoned, types: Signature
) -> int:
    name = date_fields.timestamp_unit(unit)
    # Above milliseconds Trino counts in UTC, else in the first moment's zone (DateDiff).
    place = first[1] if (types.arguments[1].precision or 0) <= 3 else "UTC"
    return zoned_fields.difference(zone(place), name, last[0] // 1000, first[0] // 1000)


@python("date_diff(varchar(x),time(p),time(p))")
def _time_difference(unit: str, first: int, last: int) -> int:
    size = date_fields.time_unit(unit)
    return (last - first) // size if last >= first else -((first - last) // size)


# ---- date: a cast by another name -------------------------------------------------------------


@sql("date(varchar(x))", f"date({TIMESTAMP})", f"date({ZONED})")
def _date(value: str, text: Text, types: Signature) -> str:
    return casting.made(text, value, types.arguments[0], t.DATE)


# ---- last_day_of_month ------------------------------------------------------------------------


@sql("last_day_of_month(date)", f"last_day_of_month({TIMESTAMP})", total=True)
def _last_day_of_month(value: str) -> str:
    return f"last_day({value})"


@python(f"last_day_of_month({ZONED})")
def _last_zoned_day(moment: zoned.Zoned) -> int:
    return checked_date(zoned_fields.last_day_of_month(zone(moment[1]), moment[0] // 1000))
