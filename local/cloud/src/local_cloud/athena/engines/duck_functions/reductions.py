"""reduce_agg: DuckDB's list_reduce over the rows of a group (ReduceAggregationFunction)."""

from local_cloud.athena.engines.duck_functions.lambdas import part
from local_cloud.athena.engines.duck_sql.aggregating import AggregateText
from local_cloud.athena.engines.duck_sql.registry import aggregate
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import Cast, ColumnRef, Expr, Lambda, Subquery, walk
from local_cloud.athena.sql.substitution import rewritten
from local_cloud.athena.sql.values.numbers import SHORT_DIGITS

_SLICES = ("varchar", "char", "varbinary", "json", "uuid")


@aggregate("reduce_agg(t,s,function(s,t,s),function(s,s,s))")
def _reduce_agg(call: AggregateText) -> str:
    """The combining function is for states of several machines: here there is one."""
    element, state = call.types.arguments[:2]
    if state.args or (state.name == "decimal" and (state.precision or 0) > SHORT_DIGITS):
        raise QueryError("NOT_SUPPORTED", f"State type not supported for reduce_agg: {state}")
    if call.distinct:
        raise not_supported("reduce_agg of distinct values")
    if call.windowed and isinstance(call.exprs[1], Cast):
        # There Trino looks for the function without making another type of the state.
        raise not_supported("reduce_agg as a window function with a state that is cast")
    initial, step = call.exprs[1], call.exprs[2]
    if any(isinstance(one, (ColumnRef, Subquery)) for one in walk(initial)):
        raise not_supported("reduce_agg with an initial state that is no constant")
    assert isinstance(step, Lambda)
    # list_reduce wants states and elements of one type: rows of both.
    row = t.row((state, element))
    value = cast(call.arguments[0], element)
    items = f"list({call.projected(_row(cast('NULL', state), value))}{call.order})"
    items += call.kept(f"{call.arguments[0]} IS NOT NULL").suffix
    before, one = "reduced", "next_one"
    body = call.text.of(_with(step, part(before, row, 0), part(one, row, 1)))
    # Trino cannot write a state that is null, nor hold one that is a primitive for Java.
    null = QueryError("GENERIC_INTERNAL_ERROR", "reduce_agg made a state that is null")
    failing = call.text.raised(null, state)
    if state.name not in _SLICES:
        body = f"coalesce({body}, {failing})"
    no_element = cast("NULL", element)
    made = f"lambda {before}, {one}: {_row(cast(body, state), no_element)}"
    start = _row(cast(call.arguments[1], state), no_element)
    found = f"struct_extract(list_reduce({items}, {made}, {start}), 'f0')"
    is_there = f"{call.arguments[1]} IS NOT NULL AND {items} IS NOT NULL"
    return f"(CASE WHEN {is_there} THEN coalesce({found}, {failing}) END)"


def _row(state: str, element: str) -> str:
    return f"struct_pack(f0 := {state}, f1 := {element})"


def _with(of: Lambda, *values: Expr) -> Expr:
    """The lambda's body, `values` in the place of its parameters."""
    given: dict[Expr, Expr] = dict(zip(of.parameters, values, strict=True))
    inner = {
        name for one in walk(of.body) if isinstance(one, Lambda) for name in one.parameters
    }
    for one in walk(of.body):
        if isinstance(one, ColumnRef) and one not in given and one not in inner:
            raise not_supported("reduce_agg with a lambda that uses columns")
    return rewritten(of.body, lambda one: given.get(one))
