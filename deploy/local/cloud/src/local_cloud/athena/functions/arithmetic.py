"""The operators + - * / % and the minus sign (trino-main: io.trino.type.*Operators)."""

from decimal import Context, Decimal

from local_cloud.athena import types as t
from local_cloud.athena.duck_sql.representation import cast
from local_cloud.athena.duck_sql.text import Text
from local_cloud.athena.failures import QueryError
from local_cloud.athena.functions.registry import Signature, python, sql
from local_cloud.athena.ir import Call, Constant
from local_cloud.athena.types import Type
from local_cloud.athena.values import moments, numbers
from local_cloud.athena.values.calendar import US_PER_DAY, checked_date, plus_months

EXACT = Context(prec=120)
_INTEGERS = ("tinyint", "smallint", "integer", "bigint")


def _pairs(name: str, *kinds: str) -> tuple[str, ...]:
    return tuple(f"$operator${name}({kind},{kind})" for kind in kinds)


# ---- whole numbers: DuckDB raises where they overflow -----------------------------------------


@sql(*_pairs("add", *_INTEGERS))
def _add(a: str, b: str) -> str:
    return f"({a} + {b})"


@sql(*_pairs("subtract", *_INTEGERS))
def _subtract(a: str, b: str) -> str:
    return f"({a} - {b})"


@sql(*_pairs("multiply", *_INTEGERS))
def _multiply(a: str, b: str) -> str:
    return f"({a} * {b})"


DIVISION_BY_ZERO = QueryError("DIVISION_BY_ZERO", "Division by zero")


def _nonzero(
    text: Text, call: Call, divisor: str, result: str, error: QueryError = DIVISION_BY_ZERO
) -> str:
    """`result`, unless the divisor is zero."""
    last = call.arguments[1]
    if isinstance(last, Constant) and last.value not in (None, 0):
        return result
    failing = text.raised(error, call.type)
    return f"(CASE WHEN {divisor} = 0 THEN {failing} ELSE {result} END)"


@sql(*_pairs("divide", *_INTEGERS))
def _divide(a: str, b: str, text: Text, call: Call) -> str:
    return _nonzero(text, call, b, f"({a} // {b})")


def remainder(a: str, b: str, text: Text, call: Call, error: QueryError) -> str:
    # A divisor of -1 would overflow where the dividend is the smallest number.
    made = f"(CASE WHEN {b} = -1 THEN {b} - {b} ELSE {a} % {b} END)"
    return _nonzero(text, call, b, made, error)


@sql(*_pairs("modulus", *_INTEGERS))
def _modulus(a: str, b: str, text: Text, call: Call) -> str:
    return remainder(a, b, text, call, DIVISION_BY_ZERO)


@sql(*(f"$operator$negation({kind})" for kind in (*_INTEGERS, "double", "real", "decimal(p,s)")))
def _negation(a: str) -> str:
    return f"(-{a})"


# ---- floating point: as IEEE 754 has it -------------------------------------------------------


@sql(*_pairs("add", "double", "real"), total=True)
def _add_floats(a: str, b: str) -> str:
    return f"({a} + {b})"


@sql(*_pairs("subtract", "double", "real"), total=True)
def _subtract_floats(a: str, b: str) -> str:
    return f"({a} - {b})"


@sql(*_pairs("multiply", "double", "real"), total=True)
def _multiply_floats(a: str, b: str) -> str:
    return f"({a} * {b})"


@sql(*_pairs("divide", "double", "real"), total=True)
def _divide_floats(a: str, b: str) -> str:
    return f"({a} / {b})"


@sql(*_pairs("modulus", "double", "real"), total=True)
def _modulus_floats(a: str, b: str) -> str:
    return f"({a} % {b})"


# ---- decimals ---------------------------------------------------------------------------------

_DECIMALS = "decimal(a_precision,a_scale),decimal(b_precision,b_scale)"


def _sum(a: str, operator: str, b: str, of: Type) -> str:
    # Both sides in the result's type: at 38 digits DuckDB would widen otherwise.
    return f"({cast(a, of)} {operator} {cast(b, of)})"


@sql(f"$operator$add({_DECIMALS})")
def _add_decimals(a: str, b: str, types: Signature) -> str:
    return _sum(a, "+", b, types.result)


@sql(f"$operator$subtract({_DECIMALS})")
def _subtract_decimals(a: str, b: str, types: Signature) -> str:
    return _sum(a, "-", b, types.result)


@sql(f"$operator$multiply({_DECIMALS})")
def _multiply_decimals(a: str, b: str, types: Signature) -> str:
    return cast(f"({a} * {b})", types.result)


@python(f"$operator$divide({_DECIMALS})")
def _divide_decimals(a: Decimal, b: Decimal, types: Signature) -> Decimal:
    """Rounded half up to the result's scale (DecimalOperators.divide)."""
    if b == 0:
        raise DIVISION_BY_ZERO
    of = types.result
    above = abs(int(a.scaleb(types.arguments[0].scale, EXACT)))
    below = abs(int(b.scaleb(types.arguments[1].scale, EXACT)))
    shift = of.scale + types.arguments[1].scale - types.arguments[0].scale
    whole, rest = divmod(above * 10**shift, below)
    whole += 2 * rest >= below
    return unscaled(-whole if (a < 0) != (b < 0) else whole, of)


@python(f"$operator$modulus({_DECIMALS})")
def remainder_of_decimals(a: Decimal, b: Decimal, types: Signature) -> Decimal:
    if b == 0:
        raise DIVISION_BY_ZERO
    scale = types.result.scale
    whole, rest = divmod(abs(int(a.scaleb(scale, EXACT))), abs(int(b.scaleb(scale, EXACT))))
    if whole >= 2**127:
        # Int128Math.remainder computes the quotient too.
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    return unscaled(-rest if a < 0 else rest, types.result)


def unscaled(value: int, of: Type) -> Decimal:
    """The decimal of these digits. NUMERIC_VALUE_OUT_OF_RANGE beyond 38 of them."""
    if abs(value) >= 10**38:
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    return Decimal(value).scaleb(-of.scale, EXACT)


# ---- dates, times and intervals ---------------------------------------------------------------

_DAYS, _MONTHS = "interval_day_to_second", "interval_year_to_month"
_TIMESTAMP, _ZONED = "timestamp(p)", "timestamp(p)_with_time_zone"


@sql(
    f"$operator$add({_DAYS},{_DAYS})",
    f"$operator$add({_MONTHS},{_MONTHS})",
)
def _add_intervals(a: str, b: str) -> str:
    return f"({a} + {b})"


@sql(
    f"$operator$subtract({_DAYS},{_DAYS})",
    f"$operator$subtract({_MONTHS},{_MONTHS})",
)
def _subtract_intervals(a: str, b: str) -> str:
    return f"({a} - {b})"


@sql(f"$operator$negation({_DAYS})", f"$operator$negation({_MONTHS})")
def _negate_interval(a: str) -> str:
    return f"(-{a})"


@sql(f"$operator$multiply({_DAYS},bigint)", f"$operator$multiply(bigint,{_DAYS})")
def _multiply_days(a: str, b: str) -> str:
    return f"({a} * {b})"


def _long(value: float, of: str) -> int:
    """A double as Java casts it to a whole number."""
    bits = numbers.BITS[of]
    if value != value:
        return 0
    return int(max(-(2.0 ** (bits - 1)), min(value, 2.0 ** (bits - 1) - 1)))


@python(f"$operator$multiply({_MONTHS},bigint)")
def _multiply_months(a: int, b: int) -> int:
    return numbers.in_range(a * b, "integer")


@python(f"$operator$multiply(bigint,{_MONTHS})")
def _times_months(a: int, b: int) -> int:
    return numbers.in_range(a * b, "integer")


@python(f"$operator$multiply({_DAYS},double)", f"$operator$multiply(double,{_DAYS})")
def _multiply_days_double(a: float, b: float) -> int:
    return _long(a * b, "bigint")


@python(f"$operator$multiply({_MONTHS},double)", f"$operator$multiply(double,{_MONTHS})")
def _multiply_months_double(a: float, b: float) -> int:
    return _long(a * b, "integer")


@python(f"$operator$divide({_DAYS},double)")
def _divide_days(a: int, b: float) -> int:
    if b == 0:
        raise DIVISION_BY_ZERO
    return _long(a / b, "bigint")


@python(f"$operator$divide({_MONTHS},double)")
def _divide_months(a: int, b: float) -> int:
    if b == 0:
        raise DIVISION_BY_ZERO
    return _long(a / b, "integer")


def _whole_days(milliseconds: int) -> int:
    if milliseconds % 86_400_000:
        raise QueryError(
            "INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date"
        )
    return milliseconds // 86_400_000


def _date_plus_days(date: int, interval: int) -> int:
    return checked_date(date + _whole_days(interval))


def _moved(date: str, days: str, call: Call, at: int, sign: int, text: Text) -> str:
    """A constant of whole days is added by DuckDB, within its dates; the rest by Python."""
    interval = call.arguments[at]
    if isinstance(interval, Constant) and interval.value is not None:
        whole = _whole_days(interval.value) * sign
        if abs(whole) < 10**6:
            return f"({date} + {whole})"
    kinds = (t.DATE, t.DAY_INTERVAL)
    moved = _date_plus_days if sign > 0 else _date_minus_days
    return text.python(moved, kinds, t.DATE, date, days)


@sql(f"$operator$add(date,{_DAYS})")
def _add_days(date: str, days: str, call: Call, text: Text) -> str:
    return _moved(date, days, call, 1, 1, text)


@sql(f"$operator$add({_DAYS},date)")
def _add_to_days(days: str, date: str, call: Call, text: Text) -> str:
    return _moved(date, days, call, 0, 1, text)


@sql(f"$operator$subtract(date,{_DAYS})")
def _subtract_days(date: str, days: str, call: Call, text: Text) -> str:
    return _moved(date, days, call, 1, -1, text)


def _date_minus_days(date: int, interval: int) -> int:
    return _date_plus_days(date, -interval)


@python(f"$operator$add(date,{_MONTHS})")
def _date_plus_months(date: int, interval: int) -> int:
    return checked_date(plus_months(date, interval))


@python(f"$operator$add({_MONTHS},date)")
def _months_plus_date(interval: int, date: int) -> int:
    return _date_plus_months(date, interval)


@python(f"$operator$subtract(date,{_MONTHS})")
def _date_minus_months(date: int, interval: int) -> int:
    return _date_plus_months(date, -interval)


@python(f"$operator$add({_TIMESTAMP},{_DAYS})")
def _timestamp_plus_days(moment: int, interval: int) -> int:
    return moments.checked_timestamp(moment + interval * 1000)


@python(f"$operator$add({_DAYS},{_TIMESTAMP})")
def _days_plus_timestamp(interval: int, moment: int) -> int:
    return _timestamp_plus_days(moment, interval)


@python(f"$operator$subtract({_TIMESTAMP},{_DAYS})")
def _timestamp_minus_days(moment: int, interval: int) -> int:
    return _timestamp_plus_days(moment, -interval)


@python(f"$operator$add({_TIMESTAMP},{_MONTHS})")
def _timestamp_plus_months(moment: int, interval: int) -> int:
    days, of_day = divmod(moment, US_PER_DAY)
    return moments.checked_timestamp(plus_months(days, interval) * US_PER_DAY + of_day)


@python(f"$operator$add({_MONTHS},{_TIMESTAMP})")
def _months_plus_timestamp(interval: int, moment: int) -> int:
    return _timestamp_plus_months(moment, interval)


@python(f"$operator$subtract({_TIMESTAMP},{_MONTHS})")
def _timestamp_minus_months(moment: int, interval: int) -> int:
    return _timestamp_plus_months(moment, -interval)


@python(f"$operator$subtract({_TIMESTAMP},{_TIMESTAMP})")
def _timestamp_difference(a: int, b: int) -> int:
    """Milliseconds, rounded from microseconds (TimestampOperators.Subtract)."""
    return _interval(a - b)


def _interval(micros: int) -> int:
    # DateTimes.roundDiv: half up, away from zero's other side for negative ones.
    return (micros + 500) // 1000 if micros >= 0 else -((-micros + 499) // 1000)


@python(f"$operator$add({_ZONED},{_DAYS})")
def _zoned_plus_days(moment: tuple[int, str], interval: int) -> tuple[int, str]:
    return moments.checked_timestamp(moment[0] + interval * 1000), moment[1]


@python(f"$operator$add({_DAYS},{_ZONED})")
def _days_plus_zoned(interval: int, moment: tuple[int, str]) -> tuple[int, str]:
    return _zoned_plus_days(moment, interval)


@python(f"$operator$subtract({_ZONED},{_DAYS})")
def _zoned_minus_days(moment: tuple[int, str], interval: int) -> tuple[int, str]:
    return _zoned_plus_days(moment, -interval)


@python(f"$operator$add({_ZONED},{_MONTHS})")
def _zoned_plus_months(moment: tuple[int, str], interval: int) -> tuple[int, str]:
    local = _timestamp_plus_months(moments.to_local(*moment), interval)
    return moments.to_utc(local, moment[1]), moment[1]


@python(f"$operator$add({_MONTHS},{_ZONED})")
def _months_plus_zoned(interval: int, moment: tuple[int, str]) -> tuple[int, str]:
    return _zoned_plus_months(moment, interval)


@python(f"$operator$subtract({_ZONED},{_MONTHS})")
def _zoned_minus_months(moment: tuple[int, str], interval: int) -> tuple[int, str]:
    return _zoned_plus_months(moment, -interval)


@python(f"$operator$subtract({_ZONED},{_ZONED})")
def _zoned_difference(a: tuple[int, str], b: tuple[int, str]) -> int:
    return a[0] // 1000 - b[0] // 1000


@python(f"$operator$add(time(p),{_DAYS})")
def _time_plus(time: int, interval: int) -> int:
    return (time + interval * 1000) % US_PER_DAY


@python(f"$operator$add({_DAYS},time(p))")
def _plus_time(interval: int, time: int) -> int:
    return _time_plus(time, interval)


@python(f"$operator$subtract(time(p),{_DAYS})")
def _time_minus(time: int, interval: int) -> int:
    return _time_plus(time, -interval)


@python("$operator$subtract(time(p),time(p))")
def _time_difference(a: int, b: int) -> int:
    return _interval(a - b)
