"""FROM: tables, views, subqueries, VALUES, UNNEST and joins (StatementAnalyzer)."""

from collections.abc import Sequence

from coinlake.sql import tree
from local_cloud.athena.analysis.expressions import analysed, coerced
from local_cloud.athena.analysis.rules import Rules
from local_cloud.athena.analysis.scope import Field, Scope, clause
from local_cloud.athena.coercion import common_super_type
from local_cloud.athena.duck_sql.relation import (
    BoundTable,
    Planner,
    Relation,
    Scan,
    View,
    retyped,
    selected,
)
from local_cloud.athena.duck_sql.text import can_fail
from local_cloud.athena.failures import QueryError, not_supported
from local_cloud.athena.ir import Aggregate, Column, Expr, Grouping, Special, Window, walk
from local_cloud.athena.types import Type

RELATIONS: Rules[Relation] = Rules("a relation")
MAX_VIEW_DEPTH = 16
JOINED = frozenset(("join",))


def related(planner: Planner, scope: Scope | None, node: tree.Relation) -> Relation:
    """The rows of a relation; `scope` is what is visible around it."""
    return RELATIONS.apply(node, planner, scope)


# ---- tables and views -----------------------------------------------------------------------


@RELATIONS.rule(tree.Table)
def _table(
    planner: Planner, scope: Scope | None, at: int, *, name: tree.QualifiedName
) -> Relation:
    parts = [part.name.lower() for part in name.parts]
    if len(parts) == 1 and scope is not None:
        named = scope.named_query(parts[0])
        if named is not None:
            planner.scanned(named.scans)
            return _renamed(planner, named.sql, named.fields, (parts[0],))
    if len(parts) > 3:
        raise planner.context.error(
            "SYNTAX_ERROR", f"Too many dots in table name: {name.text}", at
        )
    session = planner.context.session
    if len(parts) == 3 and parts[0] != session.catalog:
        raise planner.context.error("CATALOG_NOT_FOUND", f"Catalog '{parts[0]}' not found", at)
    database = parts[-2] if len(parts) > 1 else session.database
    try:
        found = planner.tables.bind(database, parts[-1])
    except QueryError as error:
        if error.name == "NOT_SUPPORTED":
            raise
        raise planner.context.error(error.name, error.message, at) from error
    alias = (session.catalog, database, parts[-1])
    if isinstance(found, View):
        return _view(planner, found, alias, at)
    planner.scanned(1)
    return _bound(planner, found, alias)


def _bound(planner: Planner, table: BoundTable, alias: tuple[str, ...]) -> Relation:
    fields, columns, keys = [], [], []
    for index, (name, kind) in enumerate(table.columns):
        column = planner.column(kind)
        columns.append(f"{table.relation}.c{index} AS {column.name}")
        fields.append(Field(name, column, alias))
        if name in table.keys:
            keys.append((column.name, name))
    sql = f"SELECT {', '.join(columns) or '1'} FROM {table.relation}"
    return Relation(sql, tuple(fields), (Scan(table.relation, tuple(keys)),))


def _renamed(
    planner: Planner, source: str, fields: Sequence[Field], alias: tuple[str, ...] | None
) -> Relation:
    """Another reference to the same rows, under fresh names."""
    made, columns = [], []
    names, firsts = planner.context.names, dict[Column, Column]()
    for one in fields:
        column = planner.column(one.type)
        names.is_first(column, firsts.setdefault(names.first(one.column), column))
        columns.append(f"{one.column.name} AS {column.name}")
        made.append(Field(one.name, column, alias))
    return Relation(f"SELECT {', '.join(columns) or '1'} FROM {source}", tuple(made))


def _view(planner: Planner, view: View, alias: tuple[str, ...], at: int) -> Relation:
    if planner.depth >= MAX_VIEW_DEPTH:
        raise planner.context.error(
            "VIEW_IS_RECURSIVE", "views refer to each other too deeply", at
        )
    inner = planner.of_view(view)
    if len(inner.fields) != len(view.columns):
        raise planner.context.error(
            "VIEW_IS_STALE", "the view's columns changed; create it again", at
        )
    kinds = tuple(kind for _, kind in view.columns)
    for have, want in zip(inner.types, kinds, strict=True):
        if common_super_type(have, want) is None:
            raise planner.context.error(
                "VIEW_IS_STALE", f"column of type {have} was {want} when the view was made", at
            )
    made = retyped(planner, inner, kinds, coerced)
    fields = tuple(
        Field(name, one.column, alias)
        for (name, _), one in zip(view.columns, made.fields, strict=True)
    )
    return Relation(made.sql, fields, inner=inner.inner if made is inner else ())


# ---- subqueries, aliases --------------------------------------------------------------------


@RELATIONS.rule(tree.TableSubquery)
def _table_subquery(
    planner: Planner, scope: Scope | None, at: int, *, query: tree.Query
) -> Relation:
    inner = planner.query(query, scope)
    fields = tuple(Field(one.name, one.column) for one in inner.fields)
    return Relation(inner.sql, fields, inner=inner.inner, shape=inner.shape & {"emptied"})


@RELATIONS.rule(tree.Lateral)
def _lateral(planner: Planner, scope: Scope | None, at: int, *, query: tree.Query) -> Relation:
    inner = planner.query(query, scope)
    fields = tuple(Field(one.name, one.column) for one in inner.fields)
    return Relation(inner.sql, fields, shape=inner.shape)


@RELATIONS.rule(tree.Aliased)
def _aliased(
    planner: Planner,
    scope: Scope | None,
    at: int,
    *,
    relation: tree.Relation,
    alias: tree.Identifier,
    columns: tuple[tree.Identifier, ...] | None,
) -> Relation:
    return aliased(planner, related(planner, scope, relation), alias, columns, at)


def aliased(
    planner: Planner,
    inner: Relation,
    alias: tree.Identifier,
    columns: tuple[tree.Identifier, ...] | None,
    at: int,
) -> Relation:
    names = [one.name for one in inner.fields]
    if columns is not None:
        if len(columns) != len(names):
            raise planner.context.error(
                "MISMATCHED_COLUMN_ALIASES",
                f"Column alias list has {len(columns)} entries but '{alias.name}' has "
                f"{len(names)} columns available",
                at,
            )
        names = [one.name for one in columns]
    fields = tuple(
        Field(name, one.column, (alias.name.lower(),))
        for name, one in zip(names, inner.fields, strict=True)
    )
    return Relation(inner.sql, fields, inner.scans, inner.shape, inner.inner)


# ---- VALUES ---------------------------------------------------------------------------------


@RELATIONS.rule(tree.Values)
def _values(
    planner: Planner, scope: Scope | None, at: int, *, rows: tuple[tree.Expression, ...]
) -> Relation:
    context = planner.context
    around = Scope(parent=scope)
    made: list[tuple[Expr, ...]] = []
    for row in rows:
        with clause(scope, "values"):
            value = analysed(context, around, row)
        if any(isinstance(one, (Aggregate, Window, Grouping)) for one in walk(value)):
            raise not_supported("aggregates in VALUES")
        made.append(_cells(value))
    kinds: list[Type] = [one.type for one in made[0]]
    for cells in made:
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
    columns = [planner.column(kind) for kind in kinds]
    lines = [
        [planner.text.of(coerced(cell, kind)) for cell, kind in zip(cells, kinds, strict=True)]
        for cells in made
    ]
    names = ", ".join(one.name for one in columns)
    if any(can_fail(cell) for cells in made for cell in cells):
        # Trino leaves out a column that nothing reads; of VALUES DuckDB computes all of them.
        place = context.names.fresh("i")
        cases = [
            (_by_place(place, [line[at] for line in lines]), column.name)
            for at, column in enumerate(columns)
        ]
        numbers = ", ".join(f"({at})" for at in range(len(lines)))
        sql = f"SELECT * FROM (VALUES {numbers}) AS {context.names.fresh('v')}({place})"
        return Relation(selected(cases, sql), tuple(Field(None, one) for one in columns))
    listed = ", ".join(f"({', '.join(line)})" for line in lines)
    sql = f"SELECT {names} FROM (VALUES {listed}) AS {context.names.fresh('v')}({names})"
    return Relation(sql, tuple(Field(None, one) for one in columns))


def _by_place(place: str, cells: list[str]) -> str:
    whens = " ".join(f"WHEN {place} = {at} THEN {cell}" for at, cell in enumerate(cells))
    return f"CASE {whens} END"


def _cells(value: Expr) -> tuple[Expr, ...]:
    if isinstance(value, Special) and value.form == "row":
        return value.operands
    if value.type.name == "row":
        return tuple(
            Special(kind, "field", (value,), index)
            for index, kind in enumerate(value.type.args)
        )
    return (value,)
