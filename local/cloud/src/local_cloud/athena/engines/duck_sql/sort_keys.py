"""ORDER BY of a SELECT: its keys may name outputs, which come before the columns of FROM."""

from collections.abc import Mapping, Sequence

from local_cloud.athena.engines.duck_sql.grouping import grouping_without_groups
from local_cloud.athena.engines.duck_sql.outputs import SelectOutput
from local_cloud.athena.engines.duck_sql.relation import Planner
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import analysed
from local_cloud.athena.sql.analysis.scope import RelationField, Scope
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import (
    Aggregate,
    ColumnRef,
    Expr,
    Grouping,
    SortKey,
    Subquery,
    walk,
)
from local_cloud.athena.sql.properties import is_random
from local_cloud.athena.sql.substitution import rewritten
from trino_sql import tree


def order_keys(
    planner: Planner,
    within: Scope,
    outputs: Sequence[SelectOutput],
    tail: tree.Tail,
    distinct: bool,
    has_groups: bool,
) -> list[SortKey]:
    """Keys that may name outputs, which come before the columns of FROM."""
    context = planner.context
    stand_ins = [planner.column(one.value.type) for one in outputs]
    fields = tuple(
        RelationField(one.name, column)
        for one, column in zip(outputs, stand_ins, strict=True)
        if one.name is not None
    )
    scope = Scope(fields, within, windows=within.windows)
    by_name = {column: one.value for column, one in zip(stand_ins, outputs, strict=True)}

    def meant(part: Expr) -> Expr | None:
        return by_name.get(part) if isinstance(part, ColumnRef) else None

    keys = []
    for item in tail.order:
        value = numbered(context, item, [one.value for one in outputs])
        if value is None:
            read = analysed(context, scope, item.key)
            if not has_groups and any(isinstance(one, Grouping) for one in walk(read)):
                raise grouping_without_groups(context, item.at)
            _refuse_outputs_inside(context, read, by_name, item.at)
            _refuse_outputs_in_queries(read, by_name)
            value = rewritten(read, meant)
            shown = read in by_name or (
                read in by_name.values() and not any(map(is_random, walk(read)))
            )
            if distinct and not shown:
                raise context.error(
                    "EXPRESSION_NOT_IN_DISTINCT",
                    "For SELECT DISTINCT, ORDER BY expressions must appear in select list",
                    item.at,
                )
        keys.append(sort_key(context, item, value))
    return keys


def numbered(
    context: AnalysisContext, item: tree.SortItem, outputs: Sequence[Expr]
) -> Expr | None:
    """The output that a key of ORDER BY names by its number; None where it is no number."""
    if not isinstance(item.key, tree.IntegerLiteral):
        return None
    place = item.key.value
    if not 1 <= place <= len(outputs):
        raise context.error(
            "INVALID_COLUMN_REFERENCE",
            f"ORDER BY position {place} is not in select list",
            item.at,
        )
    return outputs[place - 1]


def sort_key(context: AnalysisContext, item: tree.SortItem, value: Expr) -> SortKey:
    """The key that `item` means, of this value; nulls come last unless it says otherwise."""
    if not t.is_orderable(value.type):
        raise context.mismatch(
            f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY",
            item.at,
        )
    return SortKey(value, item.descending, bool(item.nulls_first))


def _refuse_outputs_inside(
    context: AnalysisContext, key: Expr, outputs: Mapping[ColumnRef, Expr], at: int
) -> None:
    """An aggregate or grouping() in ORDER BY is over rows, not over outputs."""
    for part in walk(key):
        if isinstance(part, (Aggregate, Grouping)) and any(
            isinstance(one, ColumnRef) and one in outputs for one in walk(part)
        ):
            name = "COLUMN_NOT_FOUND" if isinstance(part, Aggregate) else "INVALID_ARGUMENTS"
            raise context.error(
                name, "Invalid reference to output projection attribute from ORDER BY", at
            )


def _refuse_outputs_in_queries(key: Expr, outputs: Mapping[ColumnRef, Expr]) -> None:
    """A subquery's text is written when it is read: nothing in it can be replaced then."""
    for part in walk(key):
        if isinstance(part, Subquery) and any(one in outputs for one in part.outer):
            raise not_supported("a subquery in ORDER BY that uses an output column")
