"""sum and avg (LongSumAggregation, DecimalSumAggregation, DecimalAverageAggregation …)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from local_cloud.athena.engines.duck_functions.arithmetic import decimal_of
from local_cloud.athena.engines.duck_sql.aggregating import AggregateText
from local_cloud.athena.engines.duck_sql.folding import Row, folded
from local_cloud.athena.engines.duck_sql.registry import aggregate
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import Cast
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import java_math, numbers
from local_cloud.athena.sql.values.numbers import unscaled

# Up to here 10^10 values add up to 38 digits at most.
_NARROW = 28


def _out_of_range(what: str) -> QueryError:
    return QueryError("NUMERIC_VALUE_OUT_OF_RANGE", what)


# ---- whole numbers ----------------------------------------------------------------------------


def _checked_long(total: Any, above: Any, below: Any) -> int | None:
    """The sum, if no sum of some of the values can have left the 64 bits."""
    if total is None:
        return None
    if not -(2**63) <= total < 2**63:
        raise _out_of_range("bigint addition overflow")
    if (above or 0) >= 2**63 or (below or 0) < -(2**63):
        # Trino adds one by one, and fails where a sum on the way is too large.
        raise not_supported("sums that leave 64 bits on their way")
    return int(total)


def _sum_of_longs(call: AggregateText) -> str:
    value = call.arguments[0]
    total = call.call("sum", value)
    source = call.exprs[0]
    if isinstance(source, Cast) and source.value.type.name in (
        "tinyint",
        "smallint",
        "integer",
    ):
        # 2^32 of them would be needed for an overflow.
        return cast(total, t.BIGINT)
    wide = t.decimal(38, 0)
    parts = [total] + [
        call.call("sum", f"CASE WHEN {value} {sign} 0 THEN {value} END") for sign in "><"
    ]
    kinds = (wide, wide, wide)
    listed = (cast(one, wide) for one in parts)
    return call.text.python(_checked_long, kinds, t.BIGINT, *listed, nullable=True)


@aggregate("sum(bigint)")
def _sum(call: AggregateText) -> str:
    if call.windowed:
        # LongSumWindowAccumulator adds without a check: the sum wraps around.
        total = cast(call.call("sum", call.arguments[0]), t.decimal(38, 0))
        return call.text.python(_wrapped, (t.decimal(38, 0),), t.BIGINT, total)
    return _sum_of_longs(call)


def _wrapped(total: Any) -> int:
    return java_math.wrapped(int(total))


@aggregate("sum(interval_day_to_second)")
def _sum_days(call: AggregateText) -> str:
    return _sum_of_longs(call)


@aggregate("sum(interval_year_to_month)")
def _sum_months(call: AggregateText) -> str:
    total = cast(call.call("sum", call.arguments[0]), t.BIGINT)
    return call.text.python(_checked_months, (t.BIGINT,), call.types.result, total)


def _checked_months(total: int) -> int:
    if not -(2**31) <= total < 2**31:
        raise QueryError(
            "GENERIC_INTERNAL_ERROR", f"Value {total} exceeds MAX_INT for type interval"
        )
    return total


# ---- floating point ---------------------------------------------------------------------------


def _added(call: AggregateText, name: str) -> str:
    """sum or avg of doubles; of distinct ones in the order of the rows, which DuckDB has not."""
    if not call.distinct:
        return call.call(name, cast(call.arguments[0], t.DOUBLE))

    def fold(rows: list[Row]) -> float | None:
        if not rows:
            return None
        total = 0.0
        for (one,) in rows:
            total += one
        return total / len(rows) if name == "avg" else total

    return folded(call, fold, name, t.DOUBLE)


@aggregate("sum(double)")
def _sum_doubles(call: AggregateText) -> str:
    return _added(call, "sum")


@aggregate("sum(real)")
def _sum_reals(call: AggregateText) -> str:
    return _as_single(call, _added(call, "sum"))


@aggregate("avg(bigint)", "avg(double)")
def _avg(call: AggregateText) -> str:
    # AverageAggregations adds doubles, also of whole numbers.
    return _added(call, "avg")


@aggregate("avg(real)")
def _avg_reals(call: AggregateText) -> str:
    return _as_single(call, _added(call, "avg"))


def _as_single(call: AggregateText, double: str) -> str:
    return call.text.python(numbers.single, (t.DOUBLE,), t.REAL, double)


@aggregate("avg(interval_day_to_second)", "avg(interval_year_to_month)")
def _avg_intervals(call: AggregateText) -> str:
    mean = _added(call, "avg")
    return call.text.python(java_math.rounded, (t.DOUBLE,), call.types.result, mean)


# ---- decimals ---------------------------------------------------------------------------------


def _digits(of: Type) -> int:
    return of.precision or 0


@aggregate("sum(decimal(p,s))")
def _sum_decimals(call: AggregateText) -> str:
    of, result = call.types.arguments[0], call.types.result
    if _digits(of) <= _NARROW and not call.distinct:
        return cast(call.call("sum", cast(call.arguments[0], result)), result)
    return _exactly(call, lambda total, _: decimal_of(total, result), result)


@aggregate("avg(decimal(p,s))")
def _avg_decimals(call: AggregateText) -> str:
    of = call.types.result
    return _exactly(call, lambda total, count: _mean(total, count, of), of)


def _mean(total: int, count: int, of: Type) -> Decimal:
    """Half up, also where the sum has more than 128 bits, which Trino then takes for a number
    without a fraction (DecimalAverageAggregation.average)."""
    kept = (total + 2**127) % 2**128 - 2**127
    beyond = (total - kept) // 2**128
    above = kept + beyond * 2**128 * 10**of.scale if beyond else total
    whole, rest = divmod(abs(above), count)
    whole += 2 * rest >= count
    if whole >= 10**38:
        raise QueryError("GENERIC_INTERNAL_ERROR", "Decimal overflow")
    return decimal_of(-whole if above < 0 else whole, of)


def _exactly(call: AggregateText, compute: Callable[[int, int], Any], result: Type) -> str:
    """`compute(sum of the unscaled values, their count)` in whole numbers of any size."""
    of = call.types.arguments[0]
    scale = of.scale
    if call.distinct:

        def fold(rows: list[Row]) -> Any:
            found = [unscaled(one, scale) for (one,) in rows]
            return compute(sum(found), len(found)) if found else None

        return folded(call, fold, (compute.__qualname__, result), result)
    if _digits(of) <= _NARROW:
        wide = t.decimal(38, scale)
        return call.text.python(
            lambda total, count: compute(unscaled(total, scale), count),
            (wide, t.BIGINT),
            result,
            cast(call.call("sum", cast(call.arguments[0], wide)), wide),
            call.call("count", call.arguments[0]),
            key=("narrow", compute.__qualname__, call.types),
        )
    if 38 - _NARROW <= scale <= _NARROW:
        return _at_the_point(call, compute, result)
    return _in_halves(call, compute, result)


def _at_the_point(call: AggregateText, compute: Callable[[int, int], Any], result: Type) -> str:
    """DuckDB adds what stands before the point, and what behind it: both have digits to spare."""
    of = call.types.arguments[0]
    wide, whole = t.decimal(38, of.scale), t.decimal(38, 0)
    value = cast(call.arguments[0], wide)
    before = f"trunc({value})"
    behind = f"({value} - {cast(before, wide)})"

    def total(above: Any, below: Any, count: int) -> Any:
        if not count:
            return None
        up, down = below.as_integer_ratio()
        return compute(int(above) * 10**of.scale + up * 10**of.scale // down, count)

    return call.text.python(
        total,
        (whole, wide, t.BIGINT),
        result,
        cast(call.call("sum", before), whole),
        cast(call.call("sum", behind), wide),
        call.call("count", call.arguments[0]),
        key=("at the point", compute.__qualname__, call.types),
    )


def _in_halves(call: AggregateText, compute: Callable[[int, int], Any], result: Type) -> str:
    """DuckDB's own sum of 38 digits wraps around or fails on the way."""
    of, halves = call.types.arguments[0], t.decimal(38, 0)
    scale = of.scale
    upper = call.text.python(
        lambda value: unscaled(value, scale) // 10**18,
        (of,),
        t.BIGINT if _digits(of) <= 36 else halves,
        call.arguments[0],
        key=("upper", of),
    )
    lower = call.text.python(
        lambda value: unscaled(value, scale) % 10**18,
        (of,),
        t.BIGINT,
        call.arguments[0],
        key=("lower", of),
    )
    sums = [cast(call.call("sum", one), halves) for one in (upper, lower)]
    return call.text.python(
        lambda high, low, count: (
            compute(int(high) * 10**18 + int(low), count) if count else None
        ),
        (halves, halves, t.BIGINT),
        result,
        *sums,
        call.call("count", call.arguments[0]),
        key=("wide", compute.__qualname__, call.types),
    )
