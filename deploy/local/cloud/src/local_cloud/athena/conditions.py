"""Comparisons, logic and conditional expressions."""

from sqlglot import exp

from local_cloud.athena import types as t
from local_cloud.athena.compile_expr import Expressions, rule
from local_cloud.athena.failures import QueryError, not_supported, type_mismatch
from local_cloud.athena.scope import Scope
from local_cloud.athena.typed import Typed, require, unified

_COMPARE = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}


@rule(*_COMPARE)
def _compare(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    operator = _COMPARE[type(node)]
    left, right = self.arg(node, "this", scope), self.arg(node, "expression", scope)
    return compared(left, operator, right)


def compared(left: Typed, operator: str, right: Typed) -> Typed:
    try:
        (a, b), kind = unified([left, right], "comparison")
    except QueryError as error:
        raise type_mismatch(
            f"Cannot apply operator: {left.type} {operator} {right.type}"
        ) from error
    if kind.name in ("map", "json") and operator not in ("=", "<>"):
        raise type_mismatch(f"Cannot apply operator: {left.type} {operator} {right.type}")
    return Typed(f"({a.sql} {operator} {b.sql})", t.BOOLEAN)


@rule(exp.Between)
def _between(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = self.arg(node, "this", scope)
    low = compared(value, ">=", self.arg(node, "low", scope))
    high = compared(value, "<=", self.arg(node, "high", scope))
    return Typed(f"({low.sql} AND {high.sql})", t.BOOLEAN)


@rule(exp.And, exp.Or)
def _logic(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    word = "AND" if isinstance(node, exp.And) else "OR"
    parts = [self.boolean(part, scope, "Logical expression term") for part in node.flatten()]
    return Typed(f"({f' {word} '.join(parts)})", t.BOOLEAN)


@rule(exp.Not)
def _not(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    return Typed(f"(NOT {self.boolean(node.this, scope, 'Value of NOT')})", t.BOOLEAN)


@rule(exp.Is)
def _is(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    if not isinstance(node.expression, exp.Null):
        raise not_supported(f"{node.sql(dialect='athena')[:120]}")
    return Typed(f"({self.arg(node, 'this', scope).sql} IS NULL)", t.BOOLEAN)


@rule(exp.In)
def _in(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = self.arg(node, "this", scope)
    if query := node.args.get("query"):
        inner = query.this if isinstance(query, exp.Subquery) else query
        sql, kinds = self.subquery(inner, scope)
        if len(kinds) != 1:
            raise type_mismatch("Multiple columns returned by subquery")
        (a, _), kind = unified([value, Typed("NULL", kinds[0])], "IN")
        if kinds[0] != kind:
            sql = f"(SELECT CAST(c0 AS {t.duck_name(kind)}) FROM {sql})"
        return Typed(f"({a.sql} IN {sql})", t.BOOLEAN)
    if not node.expressions:
        raise not_supported(f"{node.sql(dialect='athena')[:120]}")
    values, _ = unified([value, *(self.typed(one, scope) for one in node.expressions)], "IN")
    listed = ", ".join(one.sql for one in values[1:])
    return Typed(f"({values[0].sql} IN ({listed}))", t.BOOLEAN)


@rule(exp.Exists)
def _exists(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    sql, _ = self.subquery(node.this, scope)
    return Typed(f"(EXISTS {sql})", t.BOOLEAN)


@rule(exp.Subquery, exp.Select)
def _scalar(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    inner = node.this if isinstance(node, exp.Subquery) else node
    sql, kinds = self.subquery(inner, scope)
    if len(kinds) != 1:
        raise type_mismatch("Multiple columns returned by subquery")
    return Typed(sql, kinds[0])


@rule(exp.Like, exp.Escape)
def _like(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    like = node.this if isinstance(node, exp.Escape) else node
    if not isinstance(like, exp.Like):
        raise not_supported(f"{node.sql(dialect='athena')[:120]}")
    value = require(self.arg(like, "this", scope), ("varchar", "char"), "LIKE")
    pattern = require(self.arg(like, "expression", scope), ("varchar", "char"), "LIKE")
    escape = ""
    if isinstance(node, exp.Escape):
        escape = f" ESCAPE {self.arg(node, 'expression', scope).sql}"
    return Typed(f"({value.sql} LIKE {pattern.sql}{escape})", t.BOOLEAN)


@rule(exp.Case)
def _case(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    subject = self.typed(node.this, scope) if node.this else None
    conditions = []
    for branch in node.args["ifs"]:
        if subject is None:
            conditions.append(self.boolean(branch.this, scope, "CASE WHEN clause"))
        else:
            conditions.append(compared(subject, "=", self.typed(branch.this, scope)).sql)
    results = [self.typed(branch.args["true"], scope) for branch in node.args["ifs"]]
    default = node.args.get("default")
    if default is not None:
        results.append(self.typed(default, scope))
    results, kind = unified(results, "CASE")
    pairs = zip(conditions, results, strict=False)
    whens = " ".join(f"WHEN {condition} THEN {result.sql}" for condition, result in pairs)
    tail = results[-1].sql if default is not None else f"CAST(NULL AS {t.duck_name(kind)})"
    return Typed(f"(CASE {whens} ELSE {tail} END)", kind)


@rule(exp.If)
def _if(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    condition = self.boolean(node.this, scope, "IF condition")
    values = [self.arg(node, "true", scope)]
    if node.args.get("false") is not None:
        values.append(self.arg(node, "false", scope))
    values, kind = unified(values, "IF")
    tail = values[1].sql if len(values) > 1 else f"CAST(NULL AS {t.duck_name(kind)})"
    return Typed(f"(CASE WHEN {condition} THEN {values[0].sql} ELSE {tail} END)", kind)


@rule(exp.Coalesce)
def _coalesce(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    nodes = [node.this, *node.expressions]
    values, kind = unified([self.typed(one, scope) for one in nodes], "COALESCE")
    return Typed(f"coalesce({', '.join(one.sql for one in values)})", kind)


@rule(exp.Nullif)
def _nullif(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    left, right = self.arg(node, "this", scope), self.arg(node, "expression", scope)
    equal = compared(left, "=", right)
    null = f"CAST(NULL AS {t.duck_name(left.type)})"
    return Typed(f"(CASE WHEN {equal.sql} THEN {null} ELSE {left.sql} END)", left.type)
