"""Operators that are declared functions: arithmetic, signs, subscripts."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.column_names import field_of
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import RULES, analysed, coerced
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.analysis.type_names import can_cast, fine
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import BoundCall, Expr
from local_cloud.athena.sql.signatures.declared import OPERATORS, catalogue
from local_cloud.athena.sql.signatures.resolution import resolve
from trino_sql import tree


@RULES.rule(tree.Arithmetic)
def _arithmetic(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    operator: str,
    left: tree.Expression,
    right: tree.Expression,
) -> Expr:
    values = (analysed(context, scope, left), analysed(context, scope, right))
    return called_operator(context, OPERATORS[operator], values, at, operator)


@RULES.rule(tree.Signed)
def _signed(
    context: AnalysisContext, scope: Scope, at: int, *, negative: bool, value: tree.Expression
) -> Expr:
    inner = analysed(context, scope, value)
    if negative:
        return called_operator(context, "negation", (inner,), at, "-")
    if inner.type.name not in (*t.INTEGERS, "real", "double"):
        raise context.mismatch(f"Unary '+' operator cannot by applied to {inner.type} type", at)
    return inner


def called_operator(
    context: AnalysisContext, name: str, values: tuple[Expr, ...], at: int, shown: str
) -> Expr:
    """A call of the declared operator that takes these operands."""
    full = f"$operator${name}"
    try:
        bound = resolve(full, catalogue()[full], [one.type for one in values], can_cast)
    except QueryError as error:
        if error.name != "FUNCTION_NOT_FOUND":
            raise context.error(error.name, error.message, at) from error
        kinds = f" {shown} ".join(str(one.type) for one in values)
        raise context.mismatch(f"Cannot apply operator: {kinds}", at) from error
    for kind in (bound.result, *bound.arguments):
        fine(kind)
    arguments = tuple(
        coerced(one, kind) for one, kind in zip(values, bound.arguments, strict=True)
    )
    return BoundCall(bound.result, bound, arguments)


@RULES.rule(tree.Subscript)
def _subscript(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    base: tree.Expression,
    index: tree.Expression,
) -> Expr:
    value = analysed(context, scope, base)
    if value.type.name != "row":
        place = analysed(context, scope, index)
        return called_operator(context, "subscript", (value, place), at, "[]")
    if not isinstance(index, tree.IntegerLiteral):
        raise context.error(
            "EXPRESSION_NOT_CONSTANT",
            "Subscript expression on ROW requires a constant index",
            index.at,
        )
    if index.value >= 2**31:
        raise context.mismatch(
            "Subscript expression on ROW requires integer index, found bigint", index.at
        )
    if not 1 <= index.value <= len(value.type.args):
        raise context.error(
            "INVALID_FUNCTION_ARGUMENT", f"Invalid subscript index: {index.value}", index.at
        )
    return field_of(value, index.value - 1)
