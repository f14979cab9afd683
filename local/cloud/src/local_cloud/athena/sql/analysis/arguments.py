"""Arguments of calls: which function they mean, and of what types it takes them."""

from collections.abc import Sequence

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import analysed, coerced
from local_cloud.athena.sql.analysis.scope import RelationField, Scope
from local_cloud.athena.sql.analysis.type_names import can_cast, fine
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import (
    Aggregate,
    ColumnRef,
    Expr,
    Grouping,
    Lambda,
    WindowFunction,
    walk,
)
from local_cloud.athena.sql.signatures.binding import Argument, Bound, LambdaType
from local_cloud.athena.sql.signatures.declared import catalogue
from local_cloud.athena.sql.signatures.resolution import resolve
from local_cloud.athena.sql.types import Type
from trino_sql import tree

MAX_ARGUMENTS = 127


def call_arguments(
    context: AnalysisContext, scope: Scope, name: str, nodes: Sequence[tree.Expression], at: int
) -> tuple[Bound, tuple[Expr, ...]]:
    """The declared function that a call means, and its arguments of the types it takes."""
    if len(nodes) > MAX_ARGUMENTS:
        raise context.error(
            "TOO_MANY_ARGUMENTS", f"Too many arguments for function call {name}()", at
        )
    values: list[Expr | None] = [
        None if isinstance(one, tree.Lambda) else analysed(context, scope, one) for one in nodes
    ]
    return bound_call(context, scope, name, nodes, values, at)


def bound_call(
    context: AnalysisContext,
    scope: Scope,
    name: str,
    nodes: Sequence[tree.Expression],
    values: Sequence[Expr | None],
    at: int,
) -> tuple[Bound, tuple[Expr, ...]]:
    actual: list[Argument] = []
    for node, value in zip(nodes, values, strict=True):
        if value is not None:
            actual.append(value.type)
        else:
            assert isinstance(node, tree.Lambda)
            actual.append(_lambda_type(context, scope, node))
    try:
        bound = resolve(name, catalogue().get(name, ()), actual, can_cast)
    except QueryError as error:
        if error.name == "NOT_SUPPORTED" or error.message.startswith("line "):
            raise
        raise context.error(error.name, error.message, at) from error
    _check_special(bound)
    made: list[Expr] = []
    for node, value, kind in zip(nodes, values, bound.arguments, strict=True):
        if value is not None:
            fine(kind)
            made.append(coerced(value, kind))
        else:
            assert isinstance(node, tree.Lambda)
            made.append(_lambda(context, scope, node, kind))
    fine(bound.result)
    return bound, tuple(made)


def _check_special(bound: Bound) -> None:
    """What a function asks of its types besides its declaration (ArrayJoin.specialize)."""
    if bound.declared.name == "array_join":
        of = bound.arguments[0].args[0]
        if not can_cast(of, t.VARCHAR):
            raise QueryError("OPERATOR_NOT_FOUND", f"Cannot cast {of} to varchar")


def _lambda_type(context: AnalysisContext, scope: Scope, node: tree.Lambda) -> LambdaType:
    def made(kinds: tuple[Type, ...]) -> Type:
        return _opened(context, scope, node, kinds).body.type

    return made


def _opened(
    context: AnalysisContext, scope: Scope, node: tree.Lambda, kinds: tuple[Type, ...]
) -> Lambda:
    if len(kinds) != len(node.parameters):
        raise context.error(
            "INVALID_PARAMETER_USAGE",
            f"Expected a lambda that takes {len(kinds)} argument(s) but got "
            f"{len(node.parameters)}",
            node.at,
        )
    # Two lambdas with the same text are the same expression, to GROUP BY for one.
    depth = scope.lambdas()
    columns = tuple(ColumnRef(kind, f"p{depth}_{place}") for place, kind in enumerate(kinds))
    fields = tuple(
        RelationField(one.name, column)
        for one, column in zip(node.parameters, columns, strict=True)
    )
    body = analysed(context, Scope(fields, scope, is_lambda=True), node.body)
    for part in walk(body):
        if isinstance(part, (Aggregate, WindowFunction, Grouping)):
            raise context.error(
                "EXPRESSION_NOT_SCALAR",
                "Lambda expression cannot contain aggregations, window functions or grouping "
                "operations",
                node.at,
            )
    return Lambda(t.function(kinds, body.type), columns, body)


def _lambda(context: AnalysisContext, scope: Scope, node: tree.Lambda, kind: Type) -> Lambda:
    opened = _opened(context, scope, node, kind.args[:-1])
    body = coerced(opened.body, kind.args[-1])
    return Lambda(kind, opened.parameters, body)
