"""Conditional forms: IF, CASE, COALESCE, NULLIF and TRY (ExpressionAnalyzer)."""

from dataclasses import replace

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import (
    RULES,
    analysed,
    coerced,
    condition,
    unified,
    wanted,
)
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.coercion import common_super_type
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import Constant, Expr, Special
from local_cloud.athena.sql.properties import (
    always_null,
    columns_of,
    is_constant,
    is_deterministic,
)
from trino_sql import tree


@RULES.rule(tree.If)
def _if(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    condition: tree.Expression,
    then: tree.Expression,
    otherwise: tree.Expression | None,
) -> Expr:
    when = wanted(context, scope, condition, t.BOOLEAN, "IF condition")
    if otherwise is None:
        value = analysed(context, scope, then)
        return Special(value.type, "case", (when, value))
    values = [analysed(context, scope, one) for one in (then, otherwise)]
    common = common_super_type(values[0].type, values[1].type)
    if common is None:
        raise context.mismatch(
            f"Result types for IF must be the same: {values[0].type} vs {values[1].type}", at
        )
    return Special(common, "case", (when, *(coerced(one, common) for one in values)))


@RULES.rule(tree.SearchedCase)
def _searched_case(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    whens: tuple[tree.When, ...],
    default: tree.Expression | None,
) -> Expr:
    conditions = [condition(context, scope, one.operand, "CASE WHEN clause") for one in whens]
    results = _results(context, scope, whens, default)
    return _case(conditions, results)


@RULES.rule(tree.SimpleCase)
def _simple_case(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    operand: tree.Expression,
    whens: tuple[tree.When, ...],
    default: tree.Expression | None,
) -> Expr:
    value = analysed(context, scope, operand)
    others = [analysed(context, scope, one.operand) for one in whens]
    kind = value.type
    for other, when in zip(others, whens, strict=True):
        common = common_super_type(kind, other.type)
        if common is None:
            raise context.mismatch(
                "CASE operand type does not match WHEN clause operand type: "
                f"{value.type} vs {other.type}",
                when.operand.at,
            )
        kind = common
    left = coerced(value, kind)
    if kind.name == "decimal" and left != value and any(map(always_null, others)):
        # Trino makes the type of the operand before it looks at what it is compared with.
        raise not_supported("CASE WHEN NULL with an operand of another type")
    conditions = [_same_as(context, left, coerced(one, kind)) for one in others]
    results = _results(context, scope, whens, default)
    if not isinstance(left, Constant) and any(map(_may_be_null, others)):
        # It is computed whatever it is compared with (SwitchCodeGenerator); null meets nothing.
        otherwise = results[len(whens)] if default is not None else None
        conditions = [Special(t.BOOLEAN, "is_null", (left,)), *conditions]
        results = [otherwise or Constant(results[0].type, None), *results]
    return replace(_case(conditions, results), detail="simple")


def _may_be_null(constant: Expr) -> bool:
    known = isinstance(constant, Constant) and constant.value is not None
    return is_constant(constant) and not known


def _same_as(context: AnalysisContext, left: Expr, right: Expr) -> Expr:
    """The condition of a WHEN; a value is the same as itself even if it is null or NaN.

    (RemoveRedundantSwitchClauses of Trino. Constants are compared before it.)
    """
    left_, right_ = map(context.plain, (left, right))
    if left_ == right_ and is_deterministic(left_) and not is_constant(left_):
        return Constant(t.BOOLEAN, True)
    if left.type == t.BOOLEAN and left_ != right_ and _share_columns(left_, right_):
        # There are many ways in which Trino makes one condition of two.
        raise not_supported("CASE of a condition with a condition for WHEN")
    return Special(t.BOOLEAN, "=", (left, right))


def _share_columns(left: Expr, right: Expr) -> bool:
    return bool(columns_of(left) & columns_of(right))


def _results(
    context: AnalysisContext,
    scope: Scope,
    whens: tuple[tree.When, ...],
    default: tree.Expression | None,
) -> list[Expr]:
    nodes = [one.result for one in whens] + ([default] if default is not None else [])
    values = [analysed(context, scope, one) for one in nodes]
    return unified(context, values, nodes, "All CASE results")


def _case(conditions: list[Expr], results: list[Expr]) -> Special:
    operands: list[Expr] = []
    for when, then in zip(conditions, results, strict=False):
        operands += [when, then]
    operands += results[len(conditions) :]
    return Special(results[0].type, "case", tuple(operands))


@RULES.rule(tree.Coalesce)
def _coalesce(
    context: AnalysisContext, scope: Scope, at: int, *, items: tuple[tree.Expression, ...]
) -> Expr:
    values = [analysed(context, scope, one) for one in items]
    made = unified(context, values, items, "All COALESCE operands")
    return Special(made[0].type, "coalesce", tuple(made))


@RULES.rule(tree.NullIf)
def _null_if(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    first: tree.Expression,
    second: tree.Expression,
) -> Expr:
    left, right = analysed(context, scope, first), analysed(context, scope, second)
    common = common_super_type(left.type, right.type)
    if common is None or not t.is_comparable(common):
        raise context.mismatch(
            f"Types are not comparable with NULLIF: {left.type} vs {right.type}", at
        )
    compared = Special(t.BOOLEAN, "=", (coerced(left, common), coerced(right, common)))
    return Special(left.type, "nullif", (left, compared))


@RULES.rule(tree.Try)
def _try(context: AnalysisContext, scope: Scope, at: int, *, value: tree.Expression) -> Expr:
    inner = analysed(context, scope, value)
    return Special(inner.type, "try", (inner,))
