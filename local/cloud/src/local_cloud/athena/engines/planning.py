"""Whole queries: WITH, views, and the planner that all parts of a query share."""

from collections.abc import Sequence
from dataclasses import replace

from local_cloud.athena.engines.duck_functions import implemented
from local_cloud.athena.engines.duck_functions import json_forms as json_texts
from local_cloud.athena.engines.duck_sql import (
    formatting,
    forms,
    from_clause,
    joins,
    membership,
    ordering,
    select,
    set_operations,
    trying,
    unnesting,
    values_clause,
)
from local_cloud.athena.engines.duck_sql.constants import Constants
from local_cloud.athena.engines.duck_sql.from_clause import related
from local_cloud.athena.engines.duck_sql.relation import (
    BoundView,
    Planner,
    Relation,
    TableBinder,
)
from local_cloud.athena.engines.duck_sql.scalars import refuse_aggregates
from local_cloud.athena.engines.duck_sql.simplifying import Simplifier
from local_cloud.athena.engines.duck_sql.sort_keys import numbered, sort_key
from local_cloud.athena.engines.duck_sql.tail import keeps_order, limited, tail_limits
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.engines.duck_sql.udf import Udfs
from local_cloud.athena.sql import parsing
from local_cloud.athena.sql.analysis import (
    calls,
    column_names,
    conditionals,
    constructors,
    json_forms,
    literals,
    operators,
    predicates,
    special_forms,
    subqueries,
    windows,
)
from local_cloud.athena.sql.analysis.context import AnalysisContext, Names, Session
from local_cloud.athena.sql.analysis.expressions import analysed
from local_cloud.athena.sql.analysis.scope import NamedRelation, Scope, clause
from local_cloud.athena.sql.failures import QueryError, not_supported
from trino_sql import tree

# These register their rules and functions when they are imported.
REGISTERED = (
    calls,
    column_names,
    conditionals,
    constructors,
    formatting,
    forms,
    from_clause,
    implemented,
    joins,
    json_forms,
    json_texts,
    literals,
    membership,
    operators,
    predicates,
    select,
    set_operations,
    special_forms,
    subqueries,
    trying,
    unnesting,
    values_clause,
    windows,
)


def planned(
    sql: str,
    parameters: Sequence[tree.Expression],
    session: Session,
    tables: TableBinder,
    udfs: Udfs,
) -> Relation:
    """The query that `sql` is, as DuckDB's SQL."""
    query, count = parsing.query_with_parameters(sql)
    if count != len(parameters):
        raise QueryError(
            "INVALID_PARAMETER_USAGE",
            f"Incorrect number of parameters: expected {count} but found {len(parameters)}",
            error_type=1006,
        )
    constants, names = Constants(), Names()
    text = Text(
        udfs,
        lambda expr, all_: Simplifier(constants.of, constants.fails, all_).of(expr),
        constants.fails,
        constants.holds_null,
        names.is_marked,
    )
    return _planner(sql, parameters, session, tables, text, names, 0).query(query, None)


def _planner(
    sql: str,
    parameters: Sequence[tree.Expression],
    session: Session,
    tables: TableBinder,
    text: Text,
    names: Names,
    depth: int,
) -> "QueryPlanner":
    context = AnalysisContext(
        sql,
        session,
        names,
        lambda node, scope: made.query(node, scope),
        text.without_the_unneeded,
        parameters,
    )
    made = QueryPlanner(context, text, tables, depth)
    return made


class QueryPlanner(Planner):
    """Plans the queries of one statement or view."""

    __slots__ = ()

    def query(self, node: tree.Query, outer: Scope | None) -> Relation:
        self.level += 1
        scope, named = self._with(node.with_, outer)
        body = related(self, scope, node.body)
        made = self._tailed(body, node.tail, scope)
        self.level -= 1
        if named:
            return replace(
                made, sql=f"WITH {', '.join(named)} {made.sql}", open=None, push=None
            )
        return made

    def _with(
        self, node: tree.With | None, outer: Scope | None
    ) -> tuple[Scope | None, list[str]]:
        scope, parts = outer, []
        if node is None:
            return scope, []
        if node.recursive:
            raise not_supported("WITH RECURSIVE")
        seen: set[str] = set()
        for one in node.queries:
            name = one.name.name.lower()
            if name in seen:
                raise self.context.error(
                    "DUPLICATE_NAMED_QUERY",
                    f"WITH query name '{one.name.name}' specified more than once",
                    one.at,
                )
            seen.add(name)
            before = self.scans
            made = self.query(one.query, scope)
            if one.columns is not None:
                made = self._renamed(made, one)
            label = self.context.names.fresh("w")
            # Trino puts the query in each place that reads it: what one does not need, such as a
            # column that would fail, is not computed for it.
            parts.append(f"{label} AS NOT MATERIALIZED ({made.sql})")
            self.scans, scans = before, self.scans - before
            scope = Scope(
                parent=scope,
                queries={name: NamedRelation(label, made.fields, scans, made.push)},
            )
        return scope, parts

    def _renamed(self, made: Relation, named: tree.NamedQuery) -> Relation:
        assert named.columns is not None
        seen: set[str] = set()
        for column in named.columns:
            if column.name.lower() in seen:
                raise self.context.error(
                    "DUPLICATE_COLUMN_NAME",
                    f"WITH query name '{named.name.name}' has a column twice",
                    column.at,
                )
            seen.add(column.name.lower())
        return from_clause.aliased(self, made, named.name, named.columns, named.at)

    def _tailed(self, body: Relation, tail: tree.Tail, outer: Scope | None) -> Relation:
        """ORDER BY and LIMIT behind anything but a plain SELECT: output columns only."""
        if tail == tree.Tail():
            return body
        scope = Scope(body.fields, outer)
        keys = []
        for item in tail.order:
            value = numbered(self.context, item, [one.column for one in body.fields])
            if value is None:
                refuse_aggregates(self.context, item.key, "ORDER BY clause")
                with clause(outer, "order"):
                    value = analysed(self.context, scope, item.key)
            keys.append(sort_key(self.context, item, value))
        if not keeps_order(self, tail):
            return body
        order = [ordering.sort_text(self.text, (one,)) for one in keys]
        ordered = f" ORDER BY {', '.join(order)}" if order else ""
        limits = tail_limits(self, tail, bool(order))
        names = [one.column.name for one in body.fields]
        made = limited(self, body.sql, names, ordered, order, limits)
        return Relation(made, body.fields, shape=body.shape | {"tail"})

    def of_view(self, view: BoundView) -> Relation:
        session = Session(
            view.database,
            self.context.session.now_us,
            self.context.session.catalog,
            self.context.session.user,
        )
        inner = _planner(
            view.sql, (), session, self.tables, self.text, self.context.names, self.depth + 1
        )
        made = inner.query(parsing.query(view.sql), None)
        self.scanned(inner.scans)
        return made
