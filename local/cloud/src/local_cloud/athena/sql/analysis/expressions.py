"""Expressions: the rule of each node gives a typed expression (ExpressionAnalyzer)."""

from collections.abc import Sequence

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.rules import NodeRules
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.coercion import can_coerce, common_super_type
from local_cloud.athena.sql.ir import Cast, Constant, Expr, Special
from local_cloud.athena.sql.types import Type
from trino_sql import tree

RULES: NodeRules[Expr] = NodeRules("an expression")


def analysed(context: AnalysisContext, scope: Scope, node: tree.Expression) -> Expr:
    """The typed expression of a node, its names looked up in `scope`."""
    return RULES.apply(node, context, scope)


def coerced(value: Expr, to: Type) -> Expr:
    """`value` as a `to`, which the caller knows to be possible."""
    if value.type == to:
        return value
    if isinstance(value, Constant) and value.value is None:
        return Constant(to, None)
    return Cast(to, value)


def wanted(
    context: AnalysisContext, scope: Scope, node: tree.Expression, to: Type, what: str
) -> Expr:
    """The node as a value of type `to`; TYPE_MISMATCH where it cannot silently become one."""
    value = analysed(context, scope, node)
    if not can_coerce(value.type, to):
        raise context.mismatch(
            f"{what} must evaluate to a {to} (actual: {value.type})", node.at
        )
    return coerced(value, to)


def condition(context: AnalysisContext, scope: Scope, node: tree.Expression, what: str) -> Expr:
    return wanted(context, scope, node, t.BOOLEAN, what)


def unified(
    context: AnalysisContext,
    values: Sequence[Expr],
    nodes: Sequence[tree.Expression],
    what: str,
) -> list[Expr]:
    """All values coerced to their one type (coerceToSingleType)."""
    kind = t.UNKNOWN
    for value, node in zip(values, nodes, strict=True):
        common = common_super_type(kind, value.type)
        if common is None:
            raise context.mismatch(
                f"{what} must be the same type or coercible to a common type. "
                f"Cannot find common type between {kind} and {value.type}",
                node.at,
            )
        kind = common
    for value, node in zip(values, nodes, strict=True):
        if not can_coerce(value.type, kind):
            raise context.mismatch(f"{what}: cannot coerce {value.type} to {kind}", node.at)
    return [coerced(value, kind) for value in values]


# ---- logic ----------------------------------------------------------------------------------


@RULES.rule(tree.Not)
def _not(context: AnalysisContext, scope: Scope, at: int, *, value: tree.Expression) -> Expr:
    inner = condition(context, scope, value, "Value of logical NOT expression")
    return negation(inner)


def negation(value: Expr) -> Expr:
    return Special(t.BOOLEAN, "not", (value,))


def negated_if(value: Expr, negated: bool) -> Expr:
    """A predicate, or its opposite where NOT was written in it."""
    return negation(value) if negated else value


@RULES.rule(tree.Logical)
def _logical(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    operator: str,
    terms: tuple[tree.Expression, ...],
) -> Expr:
    made = tuple(condition(context, scope, one, "Logical expression term") for one in terms)
    return Special(t.BOOLEAN, operator.lower(), made)
