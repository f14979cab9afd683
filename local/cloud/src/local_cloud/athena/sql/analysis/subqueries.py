"""Queries inside of expressions: scalar, EXISTS, IN and quantified."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import RULES, analysed, coerced, negated_if
from local_cloud.athena.sql.analysis.scope import Scope, clause
from local_cloud.athena.sql.coercion import common_super_type
from local_cloud.athena.sql.ir import Expr, Special, Subquery
from local_cloud.athena.sql.types import Type
from trino_sql import tree


def subquery(
    context: AnalysisContext, scope: Scope, query: tree.Query, at: int, use: str
) -> Subquery:
    """The query of an expression, with the columns of `scope` visible in it.

    `use` is what is done with it: scalar, exists, in or quantified.
    """
    if scope.in_lambda:
        raise context.error("NOT_SUPPORTED", "Lambda expression cannot contain subqueries", at)
    # Equal queries in one place are one: GROUP BY finds its keys by comparing. The scope is
    # kept, so that its id stays its own.
    known = (id(scope), query, use)
    if known not in context.subqueries:
        boundary = Scope(parent=scope, boundary=True, use=use, narrows=query in scope.keeping)
        with clause(scope, "subquery"):
            made = context.query(query, boundary)
        context.subqueries[known] = (scope, made.as_subquery(boundary, use))
    return context.subqueries[known][1]


@RULES.rule(tree.ScalarSubquery)
def _scalar(context: AnalysisContext, scope: Scope, at: int, *, query: tree.Query) -> Expr:
    inner = subquery(context, scope, query, at, "scalar")
    kind = inner.columns[0] if len(inner.columns) == 1 else inner.type
    return Special(kind, "scalar", (inner,))


@RULES.rule(tree.Exists)
def _exists(context: AnalysisContext, scope: Scope, at: int, *, query: tree.Query) -> Expr:
    return Special(t.BOOLEAN, "exists", (subquery(context, scope, query, at, "exists"),))


@RULES.rule(tree.InSubquery)
def _in_subquery(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    value: tree.Expression,
    query: tree.Query,
    negated: bool,
) -> Expr:
    left, inner, common = _against_subquery(context, scope, value, query, at, "in")
    if not t.is_comparable(common):
        raise context.mismatch(f"{common} is not comparable", at)
    return negated_if(Special(t.BOOLEAN, "in_subquery", (left, inner), common), negated)


@RULES.rule(tree.QuantifiedComparison)
def _quantified(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    operator: str,
    quantifier: str,
    value: tree.Expression,
    query: tree.Query,
) -> Expr:
    left, inner, common = _against_subquery(context, scope, value, query, at, "quantified")
    allowed = t.is_comparable if operator in ("=", "<>") else t.is_orderable
    if not allowed(common):
        raise context.mismatch(
            f"Type [{common}] must be orderable or comparable in order to be used in "
            "quantified comparison",
            at,
        )
    return Special(t.BOOLEAN, quantifier.lower(), (left, inner), (operator, common))


def _against_subquery(
    context: AnalysisContext,
    scope: Scope,
    value: tree.Expression,
    query: tree.Query,
    at: int,
    use: str,
) -> tuple[Expr, Subquery, Type]:
    """(the value as a row, the subquery, their common type) (analyzePredicateWithSubquery)."""
    left = analysed(context, scope, value)
    if left.type.name not in ("row", "unknown"):
        left = Special(t.row((left.type,)), "row", (left,))
    inner = subquery(context, scope, query, at, use)
    common = common_super_type(left.type, inner.type)
    if common is None:
        raise context.mismatch(
            "Value expression and result of subquery must be of the same type: "
            f"{left.type} vs {inner.type}",
            at,
        )
    return coerced(left, common), inner, common
