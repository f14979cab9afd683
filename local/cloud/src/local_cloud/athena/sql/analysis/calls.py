"""Calls of functions, aggregates and window functions (ExpressionAnalyzer.visitFunctionCall)."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.applied import (
    Applied,
    aggregate,
    check_distinct_order,
    check_modifiers,
    windowed,
)
from local_cloud.athena.sql.analysis.arguments import call_arguments
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import RULES, analysed, condition
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.analysis.windows import over, sort_keys
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import BoundCall, Constant, Expr, Grouping
from local_cloud.athena.sql.signatures.binding import Bound
from local_cloud.athena.sql.signatures.declared import AGGREGATE, WINDOW, catalogue
from local_cloud.athena.sql.values.moments import rounded
from trino_sql import tree

# What may say IGNORE NULLS or RESPECT NULLS.
_TREATS_NULLS = ("lag", "lead", "first_value", "last_value", "nth_value")


@RULES.rule(tree.FunctionCall)
def _function_call(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    name: tree.QualifiedName,
    arguments: tuple[tree.Expression, ...],
    star: bool,
    star_label: tree.Identifier | None,
    distinct: bool,
    order: tuple[tree.SortItem, ...],
    filter: tree.Expression | None,
    nulls: str | None,
    window: tree.WindowReference | tree.WindowSpecification | None,
) -> Expr:
    _check_star(context, name.text, star, star_label, at)
    if len(name.parts) > 1:
        raise not_supported(f"functions with a schema ({name.text})")
    _check_null_treatment(context, name.text, nulls, at)
    opened = over(context, scope, window) if window is not None else None
    if distinct and opened is None and not _is_aggregate(name.text):
        raise context.error(
            "FUNCTION_NOT_AGGREGATE",
            "DISTINCT is not supported for non-aggregation functions",
            at,
        )
    where = condition(context, scope, filter, "Filter expression") if filter else None
    bound, values = call_arguments(context, scope, name.text, arguments, at)
    keys = sort_keys(context, scope, order, "an aggregate's ORDER BY")
    applied = Applied(bound, values, distinct, keys, where)
    check_modifiers(context, applied, opened, at)
    if opened is not None:
        return windowed(context, applied, opened, nulls, at)
    if applied.kind == WINDOW:
        raise context.error(
            "MISSING_OVER", f"Window function {applied.name} requires an OVER clause", at
        )
    if applied.kind == AGGREGATE:
        check_distinct_order(context, applied, arguments, order, at)
        return aggregate(context, applied, at)
    return _of_session(context, bound) or BoundCall(bound.result, bound, values)


def _is_aggregate(name: str) -> bool:
    return any(one.kind == AGGREGATE for one in catalogue().get(name, ()))


def _check_star(
    context: AnalysisContext,
    name: str,
    star: bool,
    label: tree.Identifier | None,
    at: int,
) -> None:
    if label is not None:
        raise context.error(
            "INVALID_FUNCTION_ARGUMENT",
            "label.* syntax is only supported as the only argument of row pattern count function",
            at,
        )
    if star and name != "count":
        raise context.error(
            "FUNCTION_NOT_FOUND", f"Unexpected parameters (*) for function {name}", at
        )


def _check_null_treatment(
    context: AnalysisContext, name: str, nulls: str | None, at: int
) -> None:
    if nulls is not None and name not in _TREATS_NULLS:
        raise context.error(
            "NULL_TREATMENT_NOT_ALLOWED",
            f"Cannot specify null treatment clause for {name} function",
            at,
        )


def _of_session(context: AnalysisContext, bound: Bound) -> Expr | None:
    """What does not change within a statement."""
    if bound.declared.key == "now()":
        return Constant(bound.result, (rounded(context.session.now_us, 3), "UTC"))
    return None


@RULES.rule(tree.Lambda)
def _stray_lambda(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    parameters: tuple[tree.Identifier, ...],
    body: tree.Expression,
) -> Expr:
    raise context.mismatch(
        f"Lambda expression of {len(parameters)} should always be used inside a function, "
        f"also {type(body).__name__}",
        at,
    )


@RULES.rule(tree.ListAgg)
def _list_agg(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    value: tree.Expression,
    separator: str,
    distinct: bool,
    overflow: str,
    filler: str,
    with_count: bool,
    order: tuple[tree.SortItem, ...],
    filter: tree.Expression | None,
    window: tree.WindowReference | tree.WindowSpecification | None,
) -> Expr:
    inner = analysed(context, scope, value)
    if inner.type.name != "varchar":
        raise context.mismatch(
            f"Expected expression of varchar, but it has {inner.type} type", at
        )
    nodes: tuple[tree.Expression, ...] = (
        value,
        tree.StringLiteral(separator),
        tree.BooleanLiteral(overflow == "ERROR"),
        tree.StringLiteral(filler),
        tree.BooleanLiteral(with_count),
    )
    name = tree.QualifiedName((tree.Identifier("listagg"),))
    return _function_call(
        context,
        scope,
        at,
        name=name,
        arguments=nodes,
        star=False,
        star_label=None,
        distinct=distinct,
        order=order,
        filter=filter,
        nulls=None,
        window=window,
    )


@RULES.rule(tree.Grouping)
def _grouping(
    context: AnalysisContext, scope: Scope, at: int, *, columns: tuple[tree.Expression, ...]
) -> Expr:
    keys = tuple(analysed(context, scope, one) for one in columns)
    if len(keys) > 63:
        raise context.error(
            "TOO_MANY_ARGUMENTS", "GROUPING supports up to 63 column arguments", at
        )
    # Analysis.GROUPING: a bit for each argument.
    return Grouping(t.INTEGER if len(keys) < 32 else t.BIGINT, keys)
