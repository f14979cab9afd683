"""Counts, and what is true of all, of some or of any row (trino-main: operator.aggregation)."""

from local_cloud.athena.engines.duck_sql import ordering
from local_cloud.athena.engines.duck_sql.aggregating import AggregateText
from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.folding import folded
from local_cloud.athena.engines.duck_sql.registry import aggregate
from local_cloud.athena.engines.duck_sql.sealing import opened, sealed


@aggregate("count()")
def _count_rows(call: AggregateText) -> str:
    return f"count(*){call.suffix}"


@aggregate("count(t)")
def _count(call: AggregateText) -> str:
    value = call.arguments[0]
    if call.distinct:
        value = ordering.group_value(call.text, value, call.types.arguments[0])
    elif can_fail(call.exprs[0]):
        value = call.text.perhaps_null(value)
    return f"count({call.distinct}{value}){call.suffix}"


@aggregate("count_if(boolean)")
def _count_if(call: AggregateText) -> str:
    return call.call("count", f"CASE WHEN {call.arguments[0]} THEN TRUE END")


@aggregate("arbitrary(t)", "any_value(t)")
def _any(call: AggregateText) -> str:
    # The first value that is not null: Trino's choice too, where the rows come in one order.
    of = call.types.result
    value = sealed(call.text, call.arguments[0], of)
    return opened(call.text, f"any_value({value}{call.order}){call.suffix}", of)


@aggregate("bool_and(boolean)", "every(boolean)")
def _all(call: AggregateText) -> str:
    return f"bool_and({call.arguments[0]}){call.suffix}"


@aggregate("bool_or(boolean)")
def _some(call: AggregateText) -> str:
    return f"bool_or({call.arguments[0]}){call.suffix}"


@aggregate("bitwise_and_agg(bigint)")
def _bits_of_all(call: AggregateText) -> str:
    return f"bit_and({call.arguments[0]}){call.suffix}"


@aggregate("bitwise_or_agg(bigint)")
def _bits_of_some(call: AggregateText) -> str:
    return f"bit_or({call.arguments[0]}){call.suffix}"


@aggregate("bitwise_xor_agg(bigint)")
def _bits_of_odd(call: AggregateText) -> str:
    return call.call("bit_xor", call.arguments[0])


@aggregate("array_agg(t)")
def _array_agg(call: AggregateText) -> str:
    if call.distinct:
        # The first of equal values stays, in the place where it is.
        return folded(call, lambda rows: [one for (one,) in rows] or None, "array_agg")
    return call.gathered(call.arguments[0])
