"""VALUES: rows that are written out (StatementAnalyzer.visitValues)."""

from collections.abc import Sequence

from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.from_clause import RELATIONS
from local_cloud.athena.engines.duck_sql.refusals import NULL_INSIDE
from local_cloud.athena.engines.duck_sql.relation import Planner, Relation, selected
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import analysed, coerced
from local_cloud.athena.sql.analysis.scope import RelationField, Scope, clause
from local_cloud.athena.sql.coercion import common_super_type
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import (
    Aggregate,
    ColumnRef,
    Expr,
    Grouping,
    Special,
    Subquery,
    WindowFunction,
    walk,
)
from local_cloud.athena.sql.properties import is_constant
from local_cloud.athena.sql.types import Type
from trino_sql import tree

Cells = tuple[Expr, ...]


@RELATIONS.rule(tree.Values)
def _values(
    planner: Planner, scope: Scope | None, at: int, *, rows: tuple[tree.Expression, ...]
) -> Relation:
    around = Scope(parent=scope)
    with clause(scope, "values"):
        made = [_cells(planner.context, around, row) for row in rows]
    kinds = _kinds(planner.context, made, at)
    made = [
        tuple(coerced(cell, kind) for cell, kind in zip(cells, kinds, strict=True))
        for cells in made
    ]
    columns = [planner.column(kind) for kind in kinds]
    for column, cells in zip(columns, zip(*made, strict=True), strict=True):
        if any(map(planner.text.holds_null, cells)):
            planner.context.names.mark(column, NULL_INSIDE)
    fields = tuple(RelationField(None, one) for one in columns)
    is_row = len(made) == 1 and all(map(is_constant, made[0]))
    return Relation(_listed(planner, columns, made), fields, is_row=is_row)


def _cells(context: AnalysisContext, scope: Scope, row: tree.Expression) -> Cells:
    value = analysed(context, scope, row)
    for one in walk(value):
        if isinstance(one, (Aggregate, WindowFunction, Grouping)):
            raise not_supported("aggregates in VALUES")
        if isinstance(one, Subquery):
            # Trino 476 says GENERIC_INTERNAL_ERROR: Unsupported expression.
            raise not_supported("queries in VALUES")
    if isinstance(value, Special) and value.form == "row":
        return value.operands
    if value.type.name == "row":
        return tuple(
            Special(kind, "field", (value,), index)
            for index, kind in enumerate(value.type.args)
        )
    return (value,)


def _kinds(context: AnalysisContext, rows: Sequence[Cells], at: int) -> list[Type]:
    """The one type of each column."""
    kinds: list[Type] = [one.type for one in rows[0]]
    for cells in rows:
        if len(cells) != len(kinds):
            raise context.mismatch(
                f"Values rows have mismatched sizes: {len(kinds)} vs {len(cells)}", at
            )
        for index, cell in enumerate(cells):
            common = common_super_type(cell.type, kinds[index])
            if common is None:
                raise context.mismatch(
                    f"Values rows have mismatched types: {kinds[index]} vs {cell.type}", at
                )
            kinds[index] = common
    return kinds


def _listed(planner: Planner, columns: Sequence[ColumnRef], rows: Sequence[Cells]) -> str:
    lines = [planner.text.each(cells) for cells in rows]
    fresh = planner.context.names.fresh
    if any(can_fail(cell) for cells in rows for cell in cells):
        # Trino leaves out a column that nothing reads; of VALUES DuckDB computes all of them.
        place = fresh("i")
        cases = [
            (_by_place(place, [line[at] for line in lines]), column.name)
            for at, column in enumerate(columns)
        ]
        numbers = ", ".join(f"({at})" for at in range(len(lines)))
        return selected(cases, f"SELECT * FROM (VALUES {numbers}) AS {fresh('v')}({place})")
    names = ", ".join(one.name for one in columns)
    listed = ", ".join(f"({', '.join(line)})" for line in lines)
    return f"SELECT {names} FROM (VALUES {listed}) AS {fresh('v')}({names})"


def _by_place(place: str, cells: list[str]) -> str:
    whens = " ".join(f"WHEN {place} = {at} THEN {cell}" for at, cell in enumerate(cells))
    return f"CASE {whens} END"
