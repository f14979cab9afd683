"""Aggregates (trino-main: io.trino.operator.aggregation)."""

from decimal import Decimal
from typing import Any

from local_cloud.athena import types as t
from local_cloud.athena.duck_sql import comparing, ordering
from local_cloud.athena.duck_sql.aggregating import AggregateText
from local_cloud.athena.duck_sql.representation import cast, quoted
from local_cloud.athena.duck_sql.sealing import opened, sealed
from local_cloud.athena.failures import QueryError, not_supported
from local_cloud.athena.functions.arithmetic import EXACT, unscaled
from local_cloud.athena.functions.registry import aggregate
from local_cloud.athena.ir import Constant
from local_cloud.athena.types import Type
from local_cloud.athena.values import compare


@aggregate("count()")
def _count_rows(call: AggregateText) -> str:
    return f"count(*){call.suffix}"


@aggregate("count(t)")
def _count(call: AggregateText) -> str:
    return call.call("count", call.arguments[0])


@aggregate("count_if(boolean)")
def _count_if(call: AggregateText) -> str:
    return call.call("count", f"CASE WHEN {call.arguments[0]} THEN {call.arguments[0]} END")


# ---- sums and means ---------------------------------------------------------------------------


@aggregate("sum(bigint)")
def _sum(call: AggregateText) -> str:
    # DuckDB adds in 128 bits; the cast fails where 64 are too few.
    return cast(call.call("sum", call.arguments[0]), t.BIGINT)


@aggregate("sum(double)")
def _sum_doubles(call: AggregateText) -> str:
    return call.call("sum", call.arguments[0])


@aggregate("sum(real)")
def _sum_reals(call: AggregateText) -> str:
    return cast(call.call("sum", cast(call.arguments[0], t.DOUBLE)), t.REAL)


@aggregate("sum(interval_day_to_second)")
def _sum_days(call: AggregateText) -> str:
    return cast(call.call("sum", call.arguments[0]), t.BIGINT)


@aggregate("sum(interval_year_to_month)")
def _sum_months(call: AggregateText) -> str:
    return cast(call.call("sum", call.arguments[0]), t.INTEGER)


def _digits(of: Type) -> int:
    return of.precision or 0


@aggregate("sum(decimal(p,s))")
def _sum_decimals(call: AggregateText) -> str:
    of, result = call.types.arguments[0], call.types.result
    if _digits(of) <= 28:
        # 10^10 rows of 28 digits stay within 38.
        return cast(call.call("sum", cast(call.arguments[0], result)), result)
    return _wide(call, lambda total, _: unscaled(total, result), result)


@aggregate("avg(decimal(p,s))")
def _avg_decimals(call: AggregateText) -> str:
    of = call.types.result

    def mean(total: int, count: int) -> Decimal:
        whole, rest = divmod(abs(total), count)
        whole += 2 * rest >= count
        return unscaled(-whole if total < 0 else whole, of)

    return _wide(call, mean, of)


def _wide(call: AggregateText, compute: Any, result: Type) -> str:
    """`compute(sum of the unscaled values, their count)` in exact numbers.

    DuckDB's own sum of 38 digits wraps around or fails on the way.
    """
    of = call.types.arguments[0]
    scale = of.scale
    halves = t.decimal(38, 0)
    shifted = call.text.python(
        lambda value: int(value.scaleb(scale, EXACT)) // 10**18,
        (of,),
        t.BIGINT if _digits(of) <= 36 else halves,
        call.arguments[0],
        key=("upper", of),
    )
    lower = call.text.python(
        lambda value: int(value.scaleb(scale, EXACT)) % 10**18,
        (of,),
        t.BIGINT,
        call.arguments[0],
        key=("lower", of),
    )
    if call.distinct:
        raise not_supported(f"sums and means of distinct {of}")
    sums = [cast(call.call("sum", one), halves) for one in (shifted, lower)]
    return call.text.python(
        lambda upper, low, count: (
            None if count == 0 else compute(int(upper) * 10**18 + int(low), count)
        ),
        (halves, halves, t.BIGINT),
        result,
        *sums,
        call.call("count", call.arguments[0]),
        key=("wide", call.types),
    )


@aggregate("avg(bigint)", "avg(double)")
def _avg(call: AggregateText) -> str:
    # AverageAggregations adds doubles, also of whole numbers.
    return call.call("avg", cast(call.arguments[0], t.DOUBLE))


@aggregate("avg(real)")
def _avg_reals(call: AggregateText) -> str:
    return cast(call.call("avg", cast(call.arguments[0], t.DOUBLE)), t.REAL)


@aggregate("avg(interval_day_to_second)", "avg(interval_year_to_month)")
def _avg_intervals(call: AggregateText) -> str:
    of = call.types.result
    mean = call.call("avg", cast(call.arguments[0], t.DOUBLE))
    return cast(f"round({mean})", of)


# ---- extremes ---------------------------------------------------------------------------------


def _extreme(call: AggregateText, name: str) -> str:
    of, value = call.types.arguments[0], call.arguments[0]
    if of.args:
        sorted_by = ordering.sort_value(call.text, value, of)
        chosen = f"arg_{name}({sealed(call.text, value, of)}, {sorted_by}){call.suffix}"
        return opened(call.text, chosen, of)
    if of.name in ("double", "real"):
        # NaN counts only where there is nothing else (COMPARISON_UNORDERED_FIRST and _LAST).
        found = call.kept(f"NOT isnan({value})").call(name, value)
        return f"coalesce({found}, {call.call(name, value)})"
    if comparing.is_plain(of):
        return call.call(name, value)
    return f"arg_{name}({value}, {comparing.key(value, of)}){call.suffix}"


@aggregate("max(t)")
def _max(call: AggregateText) -> str:
    return _extreme(call, "max")


@aggregate("min(t)")
def _min(call: AggregateText) -> str:
    return _extreme(call, "min")


def _by(call: AggregateText, name: str) -> str:
    value, key = call.arguments
    of = call.types.arguments[1]
    if call.distinct:
        raise not_supported("max_by and min_by of distinct values")
    if of.name in ("double", "real"):
        raise not_supported(f"max_by and min_by by {of}")
    result, by = call.types.result, ordering.sort_value(call.text, key, of)
    chosen = f"arg_{name}_null({sealed(call.text, value, result)}, {by}){call.suffix}"
    return opened(call.text, chosen, result)


@aggregate("max_by(v,k)")
def _max_by(call: AggregateText) -> str:
    return _by(call, "max")


@aggregate("min_by(v,k)")
def _min_by(call: AggregateText) -> str:
    return _by(call, "min")


def _top(call: AggregateText, largest: bool) -> str:
    """max(x, n), min(x, n): the n extremes, the most extreme one first."""
    of = call.types.arguments[0]
    key = compare.sort_key(of)

    def chosen(values: list[Any], count: int | None) -> list[Any] | None:
        found = sorted((one for one in values if one is not None), key=key, reverse=largest)
        if count is None or count <= 0:
            raise QueryError(
                "INVALID_FUNCTION_ARGUMENT", "third argument of max_n/min_n must be positive"
            )
        return found[:count] if found else None

    if not isinstance(call.exprs[1], Constant):
        raise not_supported("max(x, n) and min(x, n) with an n that is no constant")
    return call.text.python(
        chosen,
        (t.array(of), t.BIGINT),
        t.array(of),
        call.call("list", call.arguments[0]),
        call.arguments[1],
        key=("top", of, largest),
    )


@aggregate("max(e,bigint)")
def _max_n(call: AggregateText) -> str:
    return _top(call, True)


@aggregate("min(e,bigint)")
def _min_n(call: AggregateText) -> str:
    return _top(call, False)


# ---- any, all, some ---------------------------------------------------------------------------


@aggregate("arbitrary(t)", "any_value(t)")
def _any(call: AggregateText) -> str:
    of = call.types.result
    return opened(call.text, call.call("any_value", sealed(call.text, call.arguments[0], of)), of)


@aggregate("bool_and(boolean)", "every(boolean)")
def _all(call: AggregateText) -> str:
    return call.call("bool_and", call.arguments[0])


@aggregate("bool_or(boolean)")
def _some(call: AggregateText) -> str:
    return call.call("bool_or", call.arguments[0])


@aggregate("approx_distinct(t)", "approx_distinct(boolean)", "approx_distinct(unknown)")
def _distinct(call: AggregateText) -> str:
    # Exact, and so within the error that Trino allows itself.
    of = call.types.arguments[0]
    value = ordering.group_value(call.text, call.arguments[0], of)
    return f"count(DISTINCT {value}){call.suffix}"


# ---- collections ------------------------------------------------------------------------------


@aggregate("array_agg(t)")
def _array_agg(call: AggregateText) -> str:
    return call.call("list", call.arguments[0])


@aggregate("listagg(varchar,varchar,boolean,varchar,boolean)")
def _listagg(call: AggregateText) -> str:
    separator, on_error = call.exprs[1], call.exprs[2]
    assert isinstance(separator, Constant)
    assert isinstance(on_error, Constant)
    if not on_error.value:
        raise not_supported("LISTAGG … ON OVERFLOW TRUNCATE")
    return call.call("string_agg", call.arguments[0], quoted(str(separator.value)))


def _pairs_of(call: AggregateText) -> str:
    """The key and value of every row as a list of rows, null where there is none."""
    key, value = call.arguments[:2]
    kinds = call.types.arguments[:2]
    packed = f"struct_pack(f0 := {cast(key, kinds[0])}, f1 := {cast(value, kinds[1])})"
    return call.call("list", packed)


@aggregate("map_agg(k,v)")
def _map_agg(call: AggregateText) -> str:
    key, value = call.types.arguments

    def made(pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]] | None:
        found: dict[Any, tuple[Any, Any]] = {}
        for k, v in pairs:
            # A null key is passed over, and the first of equal keys stays.
            if k is not None:
                found.setdefault(compare.hashable(k, key), (k, v))
        return list(found.values()) or None

    return call.text.python(
        made,
        (t.array(t.row((key, value))),),
        call.types.result,
        _pairs_of(call),
        key=("map_agg", key, value),
    )


@aggregate("multimap_agg(k,v)")
def _multimap_agg(call: AggregateText) -> str:
    key, value = call.types.arguments

    def made(pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]] | None:
        found: dict[Any, tuple[Any, list[Any]]] = {}
        for k, v in pairs:
            if k is not None:
                found.setdefault(compare.hashable(k, key), (k, []))[1].append(v)
        return list(found.values()) or None

    return call.text.python(
        made,
        (t.array(t.row((key, value))),),
        call.types.result,
        _pairs_of(call),
        key=("multimap_agg", key, value),
    )


@aggregate("histogram(t)")
def _histogram(call: AggregateText) -> str:
    (of,) = call.types.arguments

    def made(values: list[Any]) -> list[tuple[Any, int]] | None:
        found: dict[Any, list[Any]] = {}
        for one in values:
            if one is not None:
                found.setdefault(compare.hashable(one, of), [one, 0])[1] += 1
        return [(one, count) for one, count in found.values()] or None

    return call.text.python(
        made,
        (t.array(of),),
        call.types.result,
        call.call("list", call.arguments[0]),
        key=("histogram", of),
    )


# ---- statistics -------------------------------------------------------------------------------

_ONE = {
    "stddev": "stddev_samp",
    "stddev_samp": "stddev_samp",
    "stddev_pop": "stddev_pop",
    "variance": "var_samp",
    "var_samp": "var_samp",
    "var_pop": "var_pop",
}


def _spread(name: str) -> Any:
    def write(call: AggregateText) -> str:
        return call.call(name, cast(call.arguments[0], t.DOUBLE))

    return write


for _trino, _duck in _ONE.items():
    aggregate(f"{_trino}(double)", f"{_trino}(bigint)")(_spread(_duck))


@aggregate("geometric_mean(double)", "geometric_mean(bigint)")
def _geometric_mean(call: AggregateText) -> str:
    return f"exp({call.call('avg', f'ln({cast(call.arguments[0], t.DOUBLE)})')})"

