"""SELECT: what its clauses mean, and the query that it is (`select_stages`)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from local_cloud.athena.engines.duck_sql import filtering
from local_cloud.athena.engines.duck_sql.from_clause import RELATIONS, related
from local_cloud.athena.engines.duck_sql.grouping import grouped
from local_cloud.athena.engines.duck_sql.outlook import is_failing, outlook
from local_cloud.athena.engines.duck_sql.outputs import SelectOutput, outputs
from local_cloud.athena.engines.duck_sql.quantified import as_filter
from local_cloud.athena.engines.duck_sql.relation import Planner, Relation, Scan, single_row
from local_cloud.athena.engines.duck_sql.scalars import has_window, refuse_aggregates
from local_cloud.athena.engines.duck_sql.select_pushing import push_of, takes_in, with_having
from local_cloud.athena.engines.duck_sql.select_stages import (
    PlannedSelect,
    drop_needless_orders,
    exprs,
    finished,
    replace_computed,
    staged,
)
from local_cloud.athena.engines.duck_sql.shape import shape_of
from local_cloud.athena.engines.duck_sql.sort_keys import order_keys
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import condition
from local_cloud.athena.sql.analysis.scope import RelationField, Scope, clause
from local_cloud.athena.sql.analysis.windows import over, window_name
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import ColumnRef, Expr, Over, Special, walk
from trino_sql import tree

# A SELECT with one of these does not let the conditions around it choose its rows.
_CHOOSING = frozenset(("group", "aggregate", "having", "distinct", "window", "limit", "offset"))


@RELATIONS.rule(tree.Select)
def _select(
    planner: Planner,
    outer: Scope | None,
    at: int,
    *,
    distinct: bool,
    items: tuple[tree.SingleColumn | tree.AllColumns, ...],
    from_: tree.Relation | None,
    where: tree.Expression | None,
    group_by: tree.GroupBy | None,
    having: tree.Expression | None,
    windows: tuple[tree.WindowDefinition, ...],
    tail: tree.Tail,
) -> Relation:
    context = planner.context
    with clause(outer, "from"):
        source = related(planner, outer, from_) if from_ is not None else single_row()
    scope = Scope(source.fields, outer)
    named = _windows(planner, scope, windows)
    scope = replace(scope, windows=named)
    kept = _where(context, outer, scope, where, source) if where is not None else None
    with clause(outer, "select"):
        found = outputs(planner, scope, items, from_, at)
    over_values = [value for one in named.values() for value in one.values()]
    made = PlannedSelect(planner, source, scope, found, over_values, tail, distinct, at, kept)
    if distinct:
        _check_distinct(context, found, at)
    with clause(outer, "group"):
        made.groups = grouped(planner, scope, group_by, [one.value for one in found])
    if having is not None:
        made.having = _having(context, outer, scope, having)
    with clause(outer, "order"):
        is_grouped = made.groups is not None
        made.keys = order_keys(planner, scope, made.outputs, tail, distinct, is_grouped)
    for error in context.late:
        raise error
    drop_needless_orders(made)
    if from_ is None:
        _refuse_left_out(made)
    clauses = {"where": where, "group": group_by, "having": having, "distinct": distinct}
    parts = [part for one in exprs(made) for part in walk(one)]
    shape = shape_of(clauses, tail, from_, parts)
    return _planned(made, outer, shape | outlook(planner, outer, source, kept, exprs(made)))


def _planned(made: PlannedSelect, outer: Scope | None, shape: frozenset[str]) -> Relation:
    planner, source, kept, found = made.planner, made.source, made.where, made.outputs
    where = with_having(made)
    sql, computed = filtering.kept_rows(planner, outer, source, where, exprs(made), shape)
    before = replace(made)
    replace_computed(made, computed.items())
    done = finished(made, staged(made, sql))
    inner = () if shape & _CHOOSING else _inner_scans(source, found, done.fields)
    asked = [*exprs(before), *([kept] if kept is not None else [])]
    push = push_of(before, done.fields) if takes_in(outer, shape, asked) else None
    done = replace(done, shape=shape, inner=inner, push=push)
    # What is computed already is computed of more rows than IN would ask for.
    return _as_seen_by_in(planner, source, None if computed else kept, found, done)


def _as_seen_by_in(
    planner: Planner,
    source: Relation,
    kept: Expr | None,
    found: Sequence[SelectOutput],
    done: Relation,
) -> Relation:
    """The query with what IN has to know of it (Subquery)."""
    values = [one.value for one in found]
    done = replace(done, fails=any(is_failing(planner, one) for one in values))
    if kept is None or done.shape & (_CHOOSING - {"distinct"}):
        return done
    columns = [one.column.name for one in done.fields]
    return replace(done, open=filtering.opened(planner, source, kept, values, columns))


def _check_distinct(context: AnalysisContext, found: Sequence[SelectOutput], at: int) -> None:
    for one in found:
        if not t.is_comparable(one.value.type):
            raise context.mismatch(
                f"DISTINCT can only be applied to comparable types (actual: {one.value.type})",
                at,
            )


def _where(
    context: AnalysisContext,
    outer: Scope | None,
    scope: Scope,
    node: tree.Expression,
    source: Relation,
) -> Expr:
    if not source.of_tables:
        scope = replace(scope, keeping=frozenset(_keeping(node)))
    with clause(outer, "where"):
        refuse_aggregates(context, node, "WHERE clause")
        made = condition(context, scope, node, "WHERE clause")
    return as_filter(made, of_tables=source.of_tables)


def _refuse_left_out(made: PlannedSelect) -> None:
    """Beside no table Trino asks a query also where its value is not needed.

    It fails where that has two rows.
    """
    for one in (*exprs(made), *((made.where,) if made.where is not None else ())):
        if _scalars(one) - _scalars(made.planner.text.without_the_unneeded(one)):
            raise not_supported("scalar subqueries without FROM whose value is not needed")


def _scalars(value: Expr) -> set[Expr]:
    return {one for one in walk(value) if isinstance(one, Special) and one.form == "scalar"}


def _keeping(where: tree.Expression) -> Iterator[tree.Query]:
    """The queries of which one row, or one that is equal, is enough to keep a row."""
    if isinstance(where, tree.Logical) and where.operator == "AND":
        for one in where.terms:
            yield from _keeping(one)
    elif isinstance(where, tree.Exists) or (
        isinstance(where, tree.InSubquery) and not where.negated
    ):
        yield where.query


def _having(
    context: AnalysisContext, outer: Scope | None, scope: Scope, node: tree.Expression
) -> Expr:
    if has_window(node):
        raise context.error(
            "NESTED_WINDOW", "HAVING clause cannot contain window functions", node.at
        )
    with clause(outer, "having"):
        return as_filter(condition(context, scope, node, "HAVING clause"))


def _windows(
    planner: Planner, scope: Scope, nodes: Sequence[tree.WindowDefinition]
) -> dict[str, Over]:
    """The WINDOW clause: windows by name. One that nobody uses must be right all the same."""
    named: dict[str, Over] = {}
    for one in nodes:
        name = window_name(one.name)
        if name in named:
            raise planner.context.error(
                "DUPLICATE_WINDOW_NAME",
                f"WINDOW name '{one.name.name}' specified more than once",
                one.at,
            )
        named[name] = over(planner.context, replace(scope, windows=dict(named)), one.window)
    return named


def _inner_scans(
    source: Relation, found: Sequence[SelectOutput], fields: Sequence[RelationField]
) -> tuple[Scan, ...]:
    """What a WHERE around this query still says of its scans: that which is about their keys."""
    names = {
        one.value.name: field.column.name
        for one, field in zip(found, fields, strict=True)
        if isinstance(one.value, ColumnRef)
    }
    return tuple(
        Scan(one.relation, tuple((names[name], key) for name, key in one.keys if name in names))
        for one in (*source.scans, *source.inner)
    )
