"""Aggregates and window functions."""

from sqlglot import exp

from local_cloud.athena import arithmetic
from local_cloud.athena import types as t
from local_cloud.athena.compile_expr import Expressions, named, rule
from local_cloud.athena.failures import not_supported, type_mismatch
from local_cloud.athena.scope import Scope
from local_cloud.athena.typed import NUMERIC, Typed, cast_text, coerced, require
from local_cloud.athena.types import Type


def _argument(self: Expressions, node: exp.Expression, scope: Scope) -> tuple[str, Typed]:
    """("DISTINCT " or "", the one argument), compiled without the outer suffix."""
    inner, distinct = node.this, ""
    if isinstance(inner, exp.Distinct):
        if len(inner.expressions) != 1:
            raise not_supported("DISTINCT over several columns in an aggregate")
        inner, distinct = inner.expressions[0], "DISTINCT "
    return distinct, plain(self, inner, scope)


def plain(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    """`node` outside of the aggregate around it: its own calls get no FILTER or OVER."""
    suffix, self.suffix = self.suffix, ""
    try:
        return self.typed(node, scope)
    finally:
        self.suffix = suffix


@rule(exp.Count)
def _count(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    if node.this is None or isinstance(node.this, exp.Star):
        return Typed(f"count(*){self.suffix}", t.BIGINT)
    distinct, value = _argument(self, node, scope)
    return Typed(f"count({distinct}{value.sql}){self.suffix}", t.BIGINT)


@rule(exp.CountIf)
def _count_if(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(plain(self, node.this, scope), ("boolean",), "function count_if")
    # Not count_if(): DuckDB's gives a hugeint.
    return Typed(f"count(CASE WHEN {value.sql} THEN 1 END){self.suffix}", t.BIGINT)


@rule(exp.Sum)
def _sum(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    distinct, value = _argument(self, node, scope)
    require(value, NUMERIC, "function sum")
    kind = value.type
    if kind.name in t.INTEGERS:
        kind = t.BIGINT
    elif kind.name == "decimal":
        kind = t.decimal(t.MAX_DECIMAL, kind.scale)
    return Typed(cast_text(f"sum({distinct}{value.sql}){self.suffix}", kind), kind)


@rule(exp.Avg)
def _avg(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    distinct, value = _argument(self, node, scope)
    require(value, NUMERIC, "function avg")
    if value.type.name != "decimal":
        kind = value.type if value.type.name == "real" else t.DOUBLE
        return Typed(cast_text(f"avg({distinct}{value.sql}){self.suffix}", kind), kind)
    total = t.decimal(t.MAX_DECIMAL, value.type.scale)
    whole = t.decimal(19, 0)
    summed = cast_text(f"sum({distinct}{value.sql}){self.suffix}", total)
    counted = f"nullif(count({distinct}{value.sql}){self.suffix}, 0)"
    # A divisor that is null instead of zero; "1" says that it needs no check.
    quotient = arithmetic.divided(
        Typed(summed, total), Typed(cast_text(counted, whole), whole, "1")
    )
    return Typed(cast_text(quotient.sql, value.type), value.type)


@rule(exp.Min, exp.Max)
def _extreme(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    if node.expressions:
        raise not_supported(f"{node.key}(x, n)")
    _, value = _argument(self, node, scope)
    return Typed(f"{node.key}({value.sql}){self.suffix}", value.type)


@rule(exp.ArgMax, exp.ArgMin)
def _extreme_by(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    if node.args.get("count"):
        raise not_supported("max_by(x, y, n)")
    value, by = plain(self, node.this, scope), plain(self, node.expression, scope)
    function = "arg_max_null" if isinstance(node, exp.ArgMax) else "arg_min_null"
    return Typed(f"{function}({value.sql}, {by.sql}){self.suffix}", value.type)


@rule(exp.AnyValue)
def _any(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    _, value = _argument(self, node, scope)
    return Typed(f"any_value({value.sql}){self.suffix}", value.type)


@rule(exp.ApproxDistinct)
def _approx_distinct(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = plain(self, node.this, scope)
    # Exact is within Trino's error bound, and needs no sketch here.
    return Typed(f"count(DISTINCT {value.sql}){self.suffix}", t.BIGINT)


@rule(exp.LogicalAnd, exp.LogicalOr)
def _bool(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(plain(self, node.this, scope), ("boolean",), "function bool_and")
    function = "bool_and" if isinstance(node, exp.LogicalAnd) else "bool_or"
    return Typed(f"{function}({value.sql}){self.suffix}", t.BOOLEAN)


@named("every")
def _every(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(plain(self, node.expressions[0], scope), ("boolean",), "function every")
    return Typed(f"bool_and({value.sql}){self.suffix}", t.BOOLEAN)


_SPREADS = {
    exp.Stddev: "stddev_samp",
    exp.StddevSamp: "stddev_samp",
    exp.StddevPop: "stddev_pop",
    exp.Variance: "var_samp",
    exp.VariancePop: "var_pop",
}


@rule(*_SPREADS)
def _spread(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    distinct, value = _argument(self, node, scope)
    value = coerced(value, t.DOUBLE, node.key)
    return Typed(f"{_SPREADS[type(node)]}({distinct}{value.sql}){self.suffix}", t.DOUBLE)


def ordered(self: Expressions, node: exp.Expression, scope: Scope) -> tuple[str, str, Typed]:
    """Argument of an aggregate that may be `x ORDER BY y`: (distinct, order text, x)."""
    order = ""
    if isinstance(node, exp.Order):
        keys = ", ".join(order_key(self, one, scope) for one in node.expressions)
        node, order = node.this, f" ORDER BY {keys}"
    distinct = ""
    if isinstance(node, exp.Distinct):
        node, distinct = node.expressions[0], "DISTINCT "
    return distinct, order, plain(self, node, scope)


def order_key(self: Expressions, node: exp.Expression, scope: Scope) -> str:
    """`expr ASC|DESC NULLS FIRST|LAST`, nulls always said (Trino puts them last)."""
    value = plain(self, node.this, scope)
    return f"{value.sql} {direction(node)}"


def direction(node: exp.Expression) -> str:
    nulls = "FIRST" if node.args.get("nulls_first") else "LAST"
    return f"{'DESC' if node.args.get('desc') else 'ASC'} NULLS {nulls}"


@rule(exp.ArrayAgg)
def _array_agg(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    distinct, order, value = ordered(self, node.this, scope)
    return Typed(f"list({distinct}{value.sql}{order}){self.suffix}", t.array(value.type))


@rule(exp.GroupConcat)
def _listagg(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    distinct, order, value = ordered(self, node.this, scope)
    require(value, ("varchar",), "function listagg")
    separator = node.args.get("separator")
    by = plain(self, separator, scope).sql if separator is not None else "''"
    return Typed(f"string_agg({distinct}{value.sql}, {by}{order}){self.suffix}", t.VARCHAR)


@rule(exp.ApproxQuantile)
def _percentile(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    if node.args.get("accuracy") or node.args.get("weight"):
        raise not_supported("approx_percentile with weight or accuracy")
    value = coerced(plain(self, node.this, scope), t.DOUBLE, "approx_percentile")
    share = node.args["quantile"]
    if not isinstance(share, exp.Literal) or share.is_string:
        raise not_supported("approx_percentile with a percentage that is no literal")
    # Exact, and so within the bound of an approximation.
    return Typed(f"quantile_disc({value.sql}, {float(share.name)}){self.suffix}", t.DOUBLE)


@named("histogram")
def _histogram(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = plain(self, node.expressions[0], scope)
    kind = Type("map", (value.type, t.BIGINT))
    return Typed(cast_text(f"histogram({value.sql}){self.suffix}", kind), kind)


@rule(exp.Grouping)
def _grouping(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    listed = ", ".join(self.typed(one, scope).sql for one in node.expressions)
    return Typed(f"CAST(grouping({listed}) AS INTEGER)", t.INTEGER)


@rule(exp.Filter)
def _filter(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    condition = self.boolean(node.expression.this, scope, "FILTER")
    return _with_suffix(self, node.this, scope, f" FILTER (WHERE {condition})")


def _with_suffix(self: Expressions, node: exp.Expression, scope: Scope, suffix: str) -> Typed:
    if not isinstance(node, (exp.AggFunc, exp.Anonymous, exp.Filter, *_RANKS, exp.IgnoreNulls)):
        raise type_mismatch(f"{node.sql(dialect='athena')[:80]} is no aggregate")
    before, self.suffix = self.suffix, suffix + self.suffix
    try:
        return self.typed(node, scope)
    finally:
        self.suffix = before


@rule(exp.Window)
def _window(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    over = f" OVER ({window_text(self, node, scope)})"
    return _with_suffix(self, node.this, scope, over)


def window_text(self: Expressions, node: exp.Expression, scope: Scope) -> str:
    """What stands between the brackets of OVER."""
    if node.args.get("alias"):
        known = scope.windows.get(node.args["alias"].name.lower())
        if not isinstance(known, exp.Window):
            raise type_mismatch(f"WINDOW {node.args['alias'].name} is not defined")
        return window_text(self, known, scope)
    parts = []
    if keys := node.args.get("partition_by"):
        parts.append("PARTITION BY " + ", ".join(plain(self, key, scope).sql for key in keys))
    if order := node.args.get("order"):
        listed = ", ".join(order_key(self, one, scope) for one in order.expressions)
        parts.append(f"ORDER BY {listed}")
    if spec := node.args.get("spec"):
        parts.append(_frame(spec))
    return " ".join(parts)


def _frame(spec: exp.Expression) -> str:
    kind = str(spec.args.get("kind") or "").upper()
    if kind not in ("ROWS", "RANGE") or spec.args.get("exclude"):
        raise not_supported(f"the window frame {spec.sql(dialect='athena')}")
    start = _edge(spec, "start")
    end = _edge(spec, "end") if spec.args.get("end") else ""
    return f"{kind} BETWEEN {start} AND {end}" if end else f"{kind} {start}"


def _edge(spec: exp.Expression, which: str) -> str:
    value, side = spec.args[which], str(spec.args.get(f"{which}_side") or "").upper()
    if isinstance(value, exp.Literal) and value.name.isdigit():
        return f"{value.name} {side}"
    word = str(value).upper()
    if word not in ("UNBOUNDED", "CURRENT ROW"):
        raise not_supported(f"the window frame {spec.sql(dialect='athena')}")
    return f"{word} {side}".strip()


_RANKS = {
    exp.RowNumber: ("row_number", t.BIGINT),
    exp.Rank: ("rank", t.BIGINT),
    exp.DenseRank: ("dense_rank", t.BIGINT),
    exp.PercentRank: ("percent_rank", t.DOUBLE),
    exp.CumeDist: ("cume_dist", t.DOUBLE),
}


@rule(*_RANKS)
def _rank(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    if " OVER (" not in self.suffix:
        raise type_mismatch(f"{node.key} needs an OVER clause")
    name, kind = _RANKS[type(node)]
    return Typed(f"{name}(){self.suffix}", kind)


@rule(exp.Ntile)
def _ntile(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = coerced(plain(self, node.this, scope), t.BIGINT, "ntile")
    return Typed(f"ntile({value.sql}){self.suffix}", t.BIGINT)


_NEIGHBOURS = {
    exp.Lag: "lag",
    exp.Lead: "lead",
    exp.FirstValue: "first_value",
    exp.LastValue: "last_value",
}


@rule(*_NEIGHBOURS)
def _neighbour(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    return _neighbour_sql(self, node, scope, "")


def _neighbour_sql(self: Expressions, node: exp.Expression, scope: Scope, nulls: str) -> Typed:
    if " OVER (" not in self.suffix:
        raise type_mismatch(f"{node.key} needs an OVER clause")
    value = plain(self, node.this, scope)
    arguments = [value.sql]
    if node.args.get("offset") is not None:
        arguments.append(plain(self, node.args["offset"], scope).sql)
    if node.args.get("default") is not None:
        arguments.append(coerced(plain(self, node.args["default"], scope), value.type).sql)
    name = _NEIGHBOURS[type(node)]
    return Typed(f"{name}({', '.join(arguments)}{nulls}){self.suffix}", value.type)


@rule(exp.IgnoreNulls)
def _ignore_nulls(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    if type(node.this) not in _NEIGHBOURS:
        raise not_supported(f"IGNORE NULLS on {node.this.key}")
    return _neighbour_sql(self, node.this, scope, " IGNORE NULLS")
