"""Predicates: comparisons, IS NULL, BETWEEN, LIKE and IN with a list."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import (
    RULES,
    analysed,
    coerced,
    negated_if,
    unified,
    wanted,
)
from local_cloud.athena.sql.analysis.failing import may_fail
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.coercion import common_super_type
from local_cloud.athena.sql.ir import Constant, Expr, Special
from local_cloud.athena.sql.properties import always_null, is_constant, is_deterministic
from local_cloud.athena.sql.types import Type
from trino_sql import tree


@RULES.rule(tree.Comparison)
def _comparison(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    operator: str,
    left: tree.Expression,
    right: tree.Expression,
) -> Expr:
    values = analysed(context, scope, left), analysed(context, scope, right)
    return compared(context, operator, *values, at)


def compared(context: AnalysisContext, operator: str, left: Expr, right: Expr, at: int) -> Expr:
    """`left operator right`, both made one type that can be compared so."""
    common = common_super_type(left.type, right.type)
    allowed = t.is_comparable if operator in ("=", "<>", "distinct") else t.is_orderable
    fits = common is not None and allowed(common)
    if common is None or not fits:
        raise context.mismatch(
            f"Cannot apply operator: {left.type} {operator} {right.type}", at
        )
    return Special(t.BOOLEAN, operator, (coerced(left, common), coerced(right, common)))


@RULES.rule(tree.DistinctFrom)
def _distinct_from(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    left: tree.Expression,
    right: tree.Expression,
    negated: bool,
) -> Expr:
    values = analysed(context, scope, left), analysed(context, scope, right)
    return negated_if(compared(context, "distinct", *values, at), negated)


@RULES.rule(tree.IsNull)
def _is_null(
    context: AnalysisContext, scope: Scope, at: int, *, value: tree.Expression, negated: bool
) -> Expr:
    inner = analysed(context, scope, value)
    return negated_if(Special(t.BOOLEAN, "is_null", (inner,)), negated)


@RULES.rule(tree.Between)
def _between(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    value: tree.Expression,
    lower: tree.Expression,
    upper: tree.Expression,
    negated: bool,
) -> Expr:
    values = [analysed(context, scope, one) for one in (value, lower, upper)]
    kind: Type | None = values[0].type
    for one in values[1:]:
        kind = common_super_type(kind, one.type) if kind is not None else None
    if kind is None or not t.is_orderable(kind):
        shown = f"{values[0].type} is BETWEEN {values[1].type} and {values[2].type}"
        raise context.mismatch(f"Cannot check if {shown}", at)
    made = tuple(coerced(one, kind) for one in values)
    return negated_if(_within(*made), negated)


def _within(value: Expr, low: Expr, high: Expr) -> Expr:
    """BETWEEN; with a null for an end it is false beyond the other end, else null.

    That is DesugarBetween of Trino: NaN is beyond no end, unless the value is a constant.
    """
    missing = [always_null(one) for one in (low, high)]
    if not any(missing):
        return Special(t.BOOLEAN, "between", (value, low, high))
    null = Constant(t.BOOLEAN, None)
    if all(missing):
        return null
    if is_constant(value):
        sides = (low, value) if missing[1] else (value, high)
        test = Special(t.BOOLEAN, "not", (Special(t.BOOLEAN, "<=", sides),))
    else:
        beyond = ("<", low) if missing[1] else (">", high)
        test = Special(t.BOOLEAN, beyond[0], (value, beyond[1]))
    return Special(t.BOOLEAN, "case", (test, Constant(t.BOOLEAN, False), null))


@RULES.rule(tree.Like)
def _like(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    value: tree.Expression,
    pattern: tree.Expression,
    escape: tree.Expression | None,
    negated: bool,
) -> Expr:
    operands = [analysed(context, scope, value)]
    if operands[0].type.name not in ("varchar", "char"):
        operands = [wanted(context, scope, value, t.VARCHAR, "Left side of LIKE expression")]
    for node, what in ((pattern, "Pattern"), (escape, "Escape")):
        if node is not None:
            operands.append(_varchar(context, scope, node, f"{what} for LIKE expression"))
    return negated_if(Special(t.BOOLEAN, "like", tuple(operands)), negated)


def _varchar(context: AnalysisContext, scope: Scope, node: tree.Expression, what: str) -> Expr:
    found = analysed(context, scope, node)
    if found.type.name == "varchar":
        return found
    return wanted(context, scope, node, t.VARCHAR, what)


@RULES.rule(tree.InList)
def _in_list(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    value: tree.Expression,
    items: tuple[tree.Expression, ...],
    negated: bool,
) -> Expr:
    nodes = (value, *items)
    values = [analysed(context, scope, one) for one in nodes]
    made = unified(context, values, nodes, "IN value and list items")
    if not t.is_comparable(made[0].type):
        raise context.mismatch(f"{made[0].type} is not comparable", at)
    return negated_if(_among(context, made[0], made[1:]), negated)


def _among(context: AnalysisContext, value: Expr, items: list[Expr]) -> Expr:
    """IN; a value is among others if it is one of them by its words (RemoveRedundantInItems).

    Then not even NaN is asked whether it is equal to itself.
    """
    value_, *items_ = map(context.plain, (value, *items))
    kept, seen = list[Expr](), set[Expr]()
    for item, one in zip(items, items_, strict=True):
        if one not in seen:
            kept.append(item)
        if is_deterministic(one):
            seen.add(one)

    def fails(item: Expr) -> bool:
        return may_fail(context.plain(item))

    if len(kept) < len(items):
        kept = sorted(kept, key=fails)
    if value_ in seen and not any(map(fails, kept)):
        unclear = Special(
            t.BOOLEAN, "indeterminate" if value.type.args else "is_null", (value,)
        )
        results = (unclear, Constant(t.BOOLEAN, None), Constant(t.BOOLEAN, True))
        return Special(t.BOOLEAN, "case", results)
    if len(kept) == 1:
        return Special(t.BOOLEAN, "=", (value, kept[0]))
    return Special(t.BOOLEAN, "in", (value, *kept))
