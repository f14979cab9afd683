"""Dates, times and timestamps plus and minus intervals, and their differences.

trino-main: DateTimeOperators, TimeOperators, TimestampOperators, TimestampWithTimeZoneOperators.
"""

from local_cloud.athena.engines.duck_functions.date_parts import DAYS, MONTHS, TIMESTAMP, ZONED
from local_cloud.athena.engines.duck_functions.fallback import common, guarded
from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql.failures import QueryError, invalid_argument, not_supported
from local_cloud.athena.sql.ir import BoundCall, Constant
from local_cloud.athena.sql.types import DATE, DAY_INTERVAL, MONTH_INTERVAL, Type
from local_cloud.athena.sql.values import moments, zoned, zoned_fields
from local_cloud.athena.sql.values.calendar import US_PER_DAY, checked_date, plus_months
from local_cloud.athena.sql.values.date_fields import DAY_MS
from local_cloud.athena.sql.values.zones import zone

_ADD, _SUBTRACT = "$operator$add", "$operator$subtract"


def _internal(message: str) -> QueryError:
    return QueryError("GENERIC_INTERNAL_ERROR", message)


def _micros(milliseconds: int) -> int:
    found = milliseconds * 1000
    if not -(2**63) <= found < 2**63:
        raise _internal("long overflow")
    return found


# ---- dates ------------------------------------------------------------------------------------


def _days_later(date: int, interval: int) -> int:
    if interval % DAY_MS:
        raise invalid_argument("Cannot add hour, minutes or seconds to a date")
    return checked_date(date + interval // DAY_MS)


def _days_earlier(date: int, interval: int) -> int:
    return _days_later(date, -interval)


def _date_and_days(text: Text, call: BoundCall, date: str, interval: str, sign: str) -> str:
    slow = text.python(
        _days_later if sign == "+" else _days_earlier,
        (DATE, DAY_INTERVAL),
        DATE,
        *(date, interval),
    )
    length = next(one for one in call.arguments if one.type == DAY_INTERVAL)
    if isinstance(length, Constant) and length.value is not None and length.value % DAY_MS == 0:
        fast, whole = f"({date} {sign} {length.value // DAY_MS})", None
    else:
        fast = f"({date} {sign} CAST({interval} // {DAY_MS} AS INTEGER))"
        whole = f"{interval} % {DAY_MS} = 0"
    return guarded(fast, slow, *_common(call, date, interval), whole)


def _common(call: BoundCall, moment: str, interval: str) -> list[str | None]:
    return [
        common(interval if one.type.name.startswith("interval") else moment, one)
        for one in call.arguments
    ]


@sql(f"{_ADD}(date,{DAYS})")
def _date_plus_days(date: str, interval: str, call: BoundCall, text: Text) -> str:
    return _date_and_days(text, call, date, interval, "+")


@sql(f"{_ADD}({DAYS},date)")
def _days_plus_date(interval: str, date: str, call: BoundCall, text: Text) -> str:
    return _date_and_days(text, call, date, interval, "+")


@sql(f"{_SUBTRACT}(date,{DAYS})")
def _date_minus_days(date: str, interval: str, call: BoundCall, text: Text) -> str:
    return _date_and_days(text, call, date, interval, "-")


def _months_later(date: int, interval: int) -> int:
    return checked_date(plus_months(date, interval))


def _months_earlier(date: int, interval: int) -> int:
    return _months_later(date, -interval)


def _date_and_months(text: Text, call: BoundCall, date: str, interval: str, sign: str) -> str:
    move = _months_later if sign == "+" else _months_earlier
    slow = text.python(move, (DATE, MONTH_INTERVAL), DATE, date, interval)
    fast = f"CAST({date} + to_months({sign}{interval}) AS DATE)"
    return guarded(fast, slow, *_common(call, date, interval))


@sql(f"{_ADD}(date,{MONTHS})")
def _date_plus_months(date: str, interval: str, call: BoundCall, text: Text) -> str:
    return _date_and_months(text, call, date, interval, "+")


@sql(f"{_ADD}({MONTHS},date)")
def _months_plus_date(interval: str, date: str, call: BoundCall, text: Text) -> str:
    return _date_and_months(text, call, date, interval, "+")


@sql(f"{_SUBTRACT}(date,{MONTHS})")
def _date_minus_months(date: str, interval: str, call: BoundCall, text: Text) -> str:
    return _date_and_months(text, call, date, interval, "-")


# ---- timestamps -------------------------------------------------------------------------------


def _later(moment: int, interval: int) -> int:
    return moments.checked_timestamp(moment + _micros(interval))


def _earlier(moment: int, interval: int) -> int:
    return moments.checked_timestamp(moment + _micros(-interval))


def _and_days(
    text: Text, call: BoundCall, of: Type, moment: str, interval: str, sign: str
) -> str:
    move = _later if sign == "+" else _earlier
    slow = text.python(move, (of, DAY_INTERVAL), of, moment, interval)
    fast = f"make_timestamp(epoch_us({moment}) {sign} {interval} * 1000)"
    return guarded(fast, slow, *_common(call, moment, interval))


@sql(f"{_ADD}({TIMESTAMP},{DAYS})")
def _plus_days(moment: str, interval: str, call: BoundCall, text: Text) -> str:
    return _and_days(text, call, call.type, moment, interval, "+")


@sql(f"{_ADD}({DAYS},{TIMESTAMP})")
def _days_plus(interval: str, moment: str, call: BoundCall, text: Text) -> str:
    return _and_days(text, call, call.type, moment, interval, "+")


@sql(f"{_SUBTRACT}({TIMESTAMP},{DAYS})")
def _minus_days(moment: str, interval: str, call: BoundCall, text: Text) -> str:
    return _and_days(text, call, call.type, moment, interval, "-")


def _many_months_later(moment: int, interval: int) -> int:
    days, of_day = divmod(moment, US_PER_DAY)
    found = plus_months(days, interval) * US_PER_DAY + of_day
    if not -(2**63) <= found // 1000 * 1000 < 2**63:
        raise _internal("long overflow")
    return moments.checked_timestamp(found)


def _many_months_earlier(moment: int, interval: int) -> int:
    return _many_months_later(moment, -interval)


def _and_months(
    text: Text, call: BoundCall, of: Type, moment: str, interval: str, sign: str
) -> str:
    move = _many_months_later if sign == "+" else _many_months_earlier
    slow = text.python(move, (of, MONTH_INTERVAL), of, moment, interval)
    fast = f"({moment} + to_months({sign}{interval}))"
    return guarded(fast, slow, *_common(call, moment, interval))


@sql(f"{_ADD}({TIMESTAMP},{MONTHS})")
def _plus_months(moment: str, interval: str, call: BoundCall, text: Text) -> str:
    return _and_months(text, call, call.type, moment, interval, "+")


@sql(f"{_ADD}({MONTHS},{TIMESTAMP})")
def _months_plus(interval: str, moment: str, call: BoundCall, text: Text) -> str:
    return _and_months(text, call, call.type, moment, interval, "+")


@sql(f"{_SUBTRACT}({TIMESTAMP},{MONTHS})")
def _minus_months(moment: str, interval: str, call: BoundCall, text: Text) -> str:
    return _and_months(text, call, call.type, moment, interval, "-")


def _milliseconds(a: int, b: int) -> int:
    """Of a difference in microseconds, rounded half up."""
    return (moments.checked_timestamp(a - b) + 500) // 1000


@sql(f"{_SUBTRACT}({TIMESTAMP},{TIMESTAMP})")
def _difference(a: str, b: str, call: BoundCall, text: Text, types: Signature) -> str:
    of = types.arguments[0]
    slow = text.python(_milliseconds, (of, of), DAY_INTERVAL, a, b)
    if (of.precision or 0) > 3:
        return slow
    fast = f"((epoch_us({a}) - epoch_us({b})) // 1000)"
    return guarded(fast, slow, common(a, call.arguments[0]), common(b, call.arguments[1]))


# ---- moments with a zone ----------------------------------------------------------------------


def _in_zone(micros: int, name: str, of: Type) -> zoned.Zoned:
    """Up to milliseconds Trino packs what it computed, finer ones only where it stores them."""
    if (of.precision or 0) <= 3 and not zoned.fits(micros):
        raise _internal(f"Millis overflow: {micros // 1000}")
    return zoned.checked(micros), name


@python(f"{_ADD}({ZONED},{DAYS})")
def _zoned_plus_days(moment: zoned.Zoned, interval: int, types: Signature) -> zoned.Zoned:
    return _in_zone(moment[0] + interval * 1000, moment[1], types.result)


@python(f"{_ADD}({DAYS},{ZONED})")
def _days_plus_zoned(interval: int, moment: zoned.Zoned, types: Signature) -> zoned.Zoned:
    return _in_zone(moment[0] + interval * 1000, moment[1], types.result)


@python(f"{_SUBTRACT}({ZONED},{DAYS})")
def _zoned_minus_days(moment: zoned.Zoned, interval: int, types: Signature) -> zoned.Zoned:
    return _in_zone(moment[0] - interval * 1000, moment[1], types.result)


def _zoned_and_months(moment: zoned.Zoned, interval: int, of: Type) -> zoned.Zoned:
    ms, part = divmod(moment[0], 1000)
    found = zoned_fields.add(zone(moment[1]), "month", ms, interval)
    return _in_zone(found * 1000 + part, moment[1], of)


@python(f"{_ADD}({ZONED},{MONTHS})")
def _zoned_plus_months(moment: zoned.Zoned, interval: int, types: Signature) -> zoned.Zoned:
    return _zoned_and_months(moment, interval, types.result)


@python(f"{_ADD}({MONTHS},{ZONED})")
def _months_plus_zoned(interval: int, moment: zoned.Zoned, types: Signature) -> zoned.Zoned:
    return _zoned_and_months(moment, interval, types.result)


@python(f"{_SUBTRACT}({ZONED},{MONTHS})")
def _zoned_minus_months(moment: zoned.Zoned, interval: int, types: Signature) -> zoned.Zoned:
    return _zoned_and_months(moment, -interval, types.result)


@python(f"{_SUBTRACT}({ZONED},{ZONED})")
def _zoned_difference(a: zoned.Zoned, b: zoned.Zoned) -> int:
    """Of milliseconds; the microseconds below them round it, away from zero at the half."""
    part = a[0] % 1000 - b[0] % 1000
    return a[0] // 1000 - b[0] // 1000 + (part >= 500) - (part <= -500)


# ---- times ------------------------------------------------------------------------------------


@python(f"{_ADD}(time(p),{DAYS})")
def _time_plus(time: int, interval: int) -> int:
    return _time_moved(time, interval)


def _time_moved(time: int, milliseconds: int) -> int:
    if abs(milliseconds) >= 2**63 // 10**9 - DAY_MS:
        # Java's product with picoseconds no longer fits.
        raise not_supported("times and such long intervals")
    return (time + milliseconds * 1000) % US_PER_DAY


@python(f"{_ADD}({DAYS},time(p))")
def _plus_time(interval: int, time: int) -> int:
    return _time_moved(time, interval)


@python(f"{_SUBTRACT}(time(p),{DAYS})")
def _time_minus(time: int, interval: int) -> int:
    return _time_moved(time, -interval)


@python(f"{_SUBTRACT}(time(p),time(p))")
def _time_difference(a: int, b: int) -> int:
    return (a - b + 500) // 1000
