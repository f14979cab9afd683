"""FROM: tables, views and subqueries (StatementAnalyzer)."""

from collections.abc import Sequence, Set
from dataclasses import replace

from local_cloud.athena.engines.duck_sql.relation import (
    BoundTable,
    BoundView,
    Planner,
    Relation,
    Scan,
    retyped,
)
from local_cloud.athena.sql.analysis.expressions import coerced
from local_cloud.athena.sql.analysis.rules import NodeRules
from local_cloud.athena.sql.analysis.scope import NamedRelation, RelationField, Scope
from local_cloud.athena.sql.coercion import common_super_type
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import ColumnRef, Expr
from local_cloud.athena.sql.substitution import renamed
from trino_sql import tree

RELATIONS: NodeRules[Relation] = NodeRules("a relation")
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
            return _renamed(planner, named, (parts[0],))
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
    if isinstance(found, BoundView):
        return _view(planner, found, alias, at)
    planner.scanned(1)
    return _bound(planner, found, alias)


def _bound(planner: Planner, table: BoundTable, alias: tuple[str, ...]) -> Relation:
    fields, columns, keys = [], [], []
    for index, (name, kind) in enumerate(table.columns):
        column = planner.column(kind)
        columns.append(f"{table.relation}.c{index} AS {column.name}")
        fields.append(RelationField(name, column, alias))
        if name in table.keys:
            keys.append((column.name, name))
    sql = f"SELECT {', '.join(columns) or '1'} FROM {table.relation}"
    return Relation(sql, tuple(fields), (Scan(table.relation, tuple(keys)),))


def _renamed(planner: Planner, named: NamedRelation, alias: tuple[str, ...] | None) -> Relation:
    """Another reference to the same rows, under fresh names."""
    made, columns = [], dict[ColumnRef, ColumnRef]()
    names, firsts = planner.context.names, dict[ColumnRef, ColumnRef]()
    for one in named.fields:
        column = columns[one.column] = planner.column(one.type)
        names.is_first(column, firsts.setdefault(names.first(one.column), column))
        made.append(RelationField(one.name, column, alias))
    listed = ", ".join(f"{old.name} AS {new.name}" for old, new in columns.items())

    def push(terms: Sequence[Expr], used: Set[ColumnRef]) -> tuple[str, list[Expr]] | None:
        olds = {new: old for old, new in columns.items()}
        asked = [renamed(one, olds) for one in terms]
        found = named.push(asked, {olds.get(one, one) for one in used}) if named.push else None
        if found is None:
            return None
        sql, rest = found
        news = [renamed(one, columns) for one in rest]
        return f"SELECT {listed or '1'} FROM ({sql})", news

    return Relation(f"SELECT {listed or '1'} FROM {named.sql}", tuple(made), push=push)


def _view(planner: Planner, view: BoundView, alias: tuple[str, ...], at: int) -> Relation:
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
        RelationField(name, one.column, alias)
        for (name, _), one in zip(view.columns, made.fields, strict=True)
    )
    if made is inner:
        return Relation(made.sql, fields, inner=inner.inner, push=inner.push)
    return Relation(made.sql, fields)


# ---- subqueries, aliases --------------------------------------------------------------------


@RELATIONS.rule(tree.TableSubquery)
def _table_subquery(
    planner: Planner, scope: Scope | None, at: int, *, query: tree.Query
) -> Relation:
    inner = planner.query(query, scope)
    fields = tuple(RelationField(one.name, one.column) for one in inner.fields)
    shape = inner.shape & {"emptied"}
    return replace(inner, fields=fields, scans=(), shape=shape, open=None, fails=False)


@RELATIONS.rule(tree.Lateral)
def _lateral(planner: Planner, scope: Scope | None, at: int, *, query: tree.Query) -> Relation:
    inner = planner.query(query, scope)
    fields = tuple(RelationField(one.name, one.column) for one in inner.fields)
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
        RelationField(name, one.column, (alias.name.lower(),))
        for name, one in zip(names, inner.fields, strict=True)
    )
    return replace(inner, fields=fields, open=None, fails=False)
