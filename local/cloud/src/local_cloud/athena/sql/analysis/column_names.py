"""Names of columns, and of fields of rows (ExpressionAnalyzer)."""

from collections.abc import Sequence

from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import RULES, analysed
from local_cloud.athena.sql.analysis.scope import RelationField, Scope
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import Expr, Special
from trino_sql import tree


@RULES.rule(tree.Identifier)
def _identifier(
    context: AnalysisContext, scope: Scope, at: int, *, name: str, quoted: bool
) -> Expr:
    del quoted  # Trino resolves both kinds of names without regard to case.
    found = resolved(context, scope, (name.lower(),), at)
    if found is None:
        raise _missing(context, (name,), at)
    return found.column


def resolved(
    context: AnalysisContext, scope: Scope, parts: tuple[str, ...], at: int
) -> RelationField | None:
    """The column that a dotted name means, where it means one as a whole."""
    try:
        return scope.resolve(parts)
    except QueryError as error:
        raise context.error(error.name, error.message, at) from error


def _missing(context: AnalysisContext, parts: Sequence[str], at: int) -> QueryError:
    if parts[-1].startswith("$"):
        # "$path" and its kin (Trino's Hive connector): there in Athena, and not here.
        return not_supported(f"the hidden column {parts[-1]}")
    return context.error(
        "COLUMN_NOT_FOUND",
        f"Column '{'.'.join(parts)}' cannot be resolved or requester is not authorized "
        "to access requested resources",
        at,
    )


def dotted(node: tree.Expression) -> tuple[str, ...] | None:
    """The parts of `a.b.c`, or None for what is no chain of names."""
    if isinstance(node, tree.Identifier):
        return (node.name.lower(),)
    if isinstance(node, tree.Dereference):
        base = dotted(node.base)
        return None if base is None else (*base, node.field.name.lower())
    return None


@RULES.rule(tree.Dereference)
def _dereference(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    base: tree.Expression,
    field: tree.Identifier,
) -> Expr:
    parts = dotted(tree.Dereference(base, field))
    if parts is not None:
        found = resolved(context, scope, parts, at)
        if found is not None:
            return found.column
        if not scope.is_column_reference(parts):
            raise _missing(context, parts, at)
    value = analysed(context, scope, base)
    if value.type.name != "row":
        raise context.mismatch("Expression is not of type ROW", base.at)
    matching = [
        index
        for index, name in enumerate(value.type.fields)
        if name is not None and name.lower() == field.name.lower()
    ]
    if len(matching) > 1:
        raise context.error(
            "AMBIGUOUS_NAME", f"Ambiguous row field reference: {field.name}", field.at
        )
    if not matching:
        raise context.error(
            "INVALID_COLUMN_REFERENCE",
            f"Column '{'.'.join(parts or (field.name,))}' cannot be resolved",
            at,
        )
    return field_of(value, matching[0])


def field_of(value: Expr, index: int) -> Expr:
    """A field of a row, by its place from 0."""
    return Special(value.type.args[index], "field", (value,), index)
