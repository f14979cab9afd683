"""Functions of arrays, maps and rows."""

from sqlglot import exp

from local_cloud.athena import types as t
from local_cloud.athena.compile_expr import Expressions, named, rule
from local_cloud.athena.failures import not_supported, type_mismatch
from local_cloud.athena.scope import Scope
from local_cloud.athena.typed import Typed, cast_text, coerced, quoted, raised, require, unified
from local_cloud.athena.types import Type


@rule(exp.Array)
def _array(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    values = [self.typed(one, scope) for one in node.expressions]
    if not values:
        return Typed("CAST([] AS INTEGER[])", t.array(t.UNKNOWN))
    values, kind = unified(values, "ARRAY")
    listed = ", ".join(one.sql for one in values)
    return Typed(f"CAST([{listed}] AS {t.duck_name(kind)}[])", t.array(kind))


@rule(exp.Map)
def _map(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    keys, values = self.arg(node, "keys", scope), self.arg(node, "values", scope)
    require(keys, ("array",), "map")
    require(values, ("array",), "map")
    return Typed(
        f"map({keys.sql}, {values.sql})", Type("map", (keys.type.args[0], values.type.args[0]))
    )


@rule(exp.ArraySize)
def _size(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), ("array", "map"), "function cardinality")
    function = "len" if value.type.name == "array" else "cardinality"
    return Typed(f"CAST({function}({value.sql}) AS BIGINT)", t.BIGINT)


@rule(exp.Bracket)
def _bracket(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = self.arg(node, "this", scope)
    if len(node.expressions) != 1:
        raise not_supported(f"{node.sql(dialect='athena')[:120]}")
    safe = bool(node.args.get("safe"))
    index_node = node.expressions[0]
    if value.type.name == "map":
        return _map_value(value, self.typed(index_node, scope), safe)
    require(value, ("array",), "subscript")
    index = self.typed(index_node, scope)
    require(index, t.INTEGERS, "subscript")
    # sqlglot made the plain subscript zero-based and kept element_at's.
    position = (
        cast_text(index.sql, t.BIGINT) if safe else f"({cast_text(index.sql, t.BIGINT)} + 1)"
    )
    kind = value.type.args[0]
    found = f"list_extract({value.sql}, {position})"
    if safe:
        return Typed(found, kind)
    outside = raised(
        "INVALID_FUNCTION_ARGUMENT: Array subscript out of bounds: ", position, kind
    )
    return Typed(
        f"(CASE WHEN {position} < 1 OR {position} > len({value.sql}) THEN {outside} "
        f"ELSE {found} END)",
        kind,
    )


def _map_value(value: Typed, key: Typed, safe: bool) -> Typed:
    of_key, kind = value.type.args
    found = f"list_extract(map_extract({value.sql}, {coerced(key, of_key, 'map key').sql}), 1)"
    if not safe:
        raise not_supported("map[key], which fails on a missing key; use element_at(map, key)")
    return Typed(found, kind)


@rule(exp.ArrayContains)
def _contains(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), ("array",), "function contains")
    wanted = coerced(self.arg(node, "expression", scope), value.type.args[0], "contains")
    return Typed(f"list_contains({value.sql}, {wanted.sql})", t.BOOLEAN)


@rule(exp.ArrayDistinct)
def _distinct(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    raise not_supported("array_distinct, whose order DuckDB does not keep")


@rule(exp.ArraySort)
def _sort(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), ("array",), "function array_sort")
    if isinstance(node.args.get("expression"), exp.Lambda):
        raise not_supported("array_sort with a comparator")
    return Typed(f"list_sort({value.sql}, 'ASC', 'NULLS LAST')", value.type)


@rule(exp.ArrayToString)
def _join(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), ("array",), "function array_join")
    if value.type.args[0].name != "varchar" or node.args.get("null"):
        raise not_supported("array_join of other than plain varchar arrays")
    by = coerced(self.arg(node, "expression", scope), t.VARCHAR, "array_join")
    return Typed(f"array_to_string({value.sql}, {by.sql})", t.VARCHAR)


@rule(exp.MapKeys)
def _keys(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), ("map",), "function map_keys")
    return Typed(f"map_keys({value.sql})", t.array(value.type.args[0]))


@named("map_values")
def _values(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.typed(node.expressions[0], scope), ("map",), "function map_values")
    return Typed(f"map_values({value.sql})", t.array(value.type.args[1]))


@rule(exp.GenerateSeries)
def _sequence(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    start, end = self.arg(node, "start", scope), self.arg(node, "end", scope)
    step = node.args.get("step")
    if start.type.name == "date":
        return _dates(self, start, coerced(end, t.DATE, "sequence"), step, scope)
    values = [start, end, *([self.typed(step, scope)] if step is not None else [])]
    for one in values:
        require(one, t.INTEGERS, "sequence")
    listed = ", ".join(cast_text(one.sql, t.BIGINT) for one in values)
    return Typed(f"generate_series({listed})", t.array(t.BIGINT))


def _dates(
    self: Expressions, start: Typed, end: Typed, step: exp.Expression | None, scope: Scope
) -> Typed:
    by = self.typed(step, scope).sql if step is not None else "INTERVAL 1 DAY"
    series = (
        f"generate_series(CAST({start.sql} AS TIMESTAMP), CAST({end.sql} AS TIMESTAMP), {by})"
    )
    return Typed(f"CAST({series} AS DATE[])", t.array(t.DATE))


def _inner(
    scope: Scope, lambda_node: exp.Expression, kinds: list[Type]
) -> tuple[Scope, list[str]]:
    names = [one.name.lower() for one in lambda_node.expressions]
    if len(names) != len(kinds):
        raise type_mismatch(f"lambda takes {len(kinds)} arguments")
    # Names of our own: a query's could capture a column, or carry quotes into the text.
    depth, around = 0, scope.outer
    while around is not None:
        depth, around = depth + 1, around.outer
    own = [f"x{depth}_{index}" for index in range(len(names))]
    inner = Scope(outer=scope)
    inner.lambdas = {
        name: Typed(mine, kind) for name, mine, kind in zip(names, own, kinds, strict=True)
    }
    return inner, own


@rule(exp.Transform)
def _transform(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), ("array",), "function transform")
    inner, names = _inner(scope, node.expression, [value.type.args[0]])
    body = self.typed(node.expression.this, inner)
    return Typed(
        f"list_transform({value.sql}, lambda {names[0]}: {body.sql})", t.array(body.type)
    )


@rule(exp.ArrayFilter)
def _filter(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), ("array",), "function filter")
    inner, names = _inner(scope, node.expression, [value.type.args[0]])
    body = self.boolean(node.expression.this, inner, "filter")
    return Typed(f"list_filter({value.sql}, lambda {names[0]}: {body})", value.type)


@rule(exp.Reduce)
def _reduce(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), ("array",), "function reduce")
    if value.type.args[0] not in (t.BIGINT, t.DOUBLE):
        raise not_supported("reduce over other than array(bigint) and array(double)")
    start = coerced(self.arg(node, "initial", scope), value.type.args[0], "reduce")
    inner, names = _inner(scope, node.args["merge"], [start.type, value.type.args[0]])
    body = coerced(self.typed(node.args["merge"].this, inner), start.type, "reduce")
    state = f"list_reduce({value.sql}, lambda {', '.join(names)}: {body.sql}, {start.sql})"
    after, last = _inner(scope, node.args["finish"], [start.type])
    final = self.typed(node.args["finish"].this, after)
    return Typed(
        f"list_extract(list_transform([{state}], lambda {last[0]}: {final.sql}), 1)", final.type
    )


def entries(value: Typed) -> list[tuple[str, Type]]:
    """How UNNEST spreads one array or map: SQL of `e`, the element, and type per column."""
    if value.type.name == "map":
        return [("e.key", value.type.args[0]), ("e.value", value.type.args[1])]
    require(value, ("array",), "UNNEST")
    element = value.type.args[0]
    if element.name != "row":
        return [("e", element)]
    return [
        (f"struct_extract(e, {quoted(t.field_key(element, i))})", kind)
        for i, kind in enumerate(element.args)
    ]
