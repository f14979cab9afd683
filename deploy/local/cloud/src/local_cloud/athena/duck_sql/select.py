"""SELECT: outputs, WHERE, GROUP BY, HAVING, windows, DISTINCT, ORDER BY and LIMIT, in stages.

Each stage is a SELECT from the one before, so that DuckDB never has to guess what a name means:
rows that WHERE keeps, one row per group, windows over those, outputs with the keys of ORDER BY.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from coinlake.sql import tree
from local_cloud.athena import types as t
from local_cloud.athena.analysis.context import Context
from local_cloud.athena.analysis.expressions import condition
from local_cloud.athena.analysis.scope import Field, Scope, clause
from local_cloud.athena.analysis.windows import over, window_name
from local_cloud.athena.duck_sql import aggregating, filtering, ordering, sealing
from local_cloud.athena.duck_sql.from_clause import RELATIONS, related
from local_cloud.athena.duck_sql.grouping import Groups, grouped, grouping_without_groups
from local_cloud.athena.duck_sql.outlook import is_failing, outlook
from local_cloud.athena.duck_sql.outputs import Output, outputs
from local_cloud.athena.duck_sql.quantified import as_filter
from local_cloud.athena.duck_sql.relation import Planner, Relation, Scan, selected, single_row
from local_cloud.athena.duck_sql.scalars import has_window, refuse_aggregates
from local_cloud.athena.duck_sql.shape import shape_of
from local_cloud.athena.duck_sql.sort_keys import order_keys
from local_cloud.athena.duck_sql.tail import keeps_order, limited, tail_limits
from local_cloud.athena.duck_sql.text import can_fail
from local_cloud.athena.ir import (
    Aggregate,
    Column,
    Expr,
    Grouping,
    Over,
    SortKey,
    Subquery,
    Window,
    children,
    is_deterministic,
    rewritten,
    walk,
)

Part = TypeVar("Part", bound=Expr)
# A SELECT with one of these does not let the conditions around it choose its rows.
_CHOOSING = frozenset(("group", "aggregate", "having", "distinct", "window", "limit", "offset"))
_NEVER_FAILING = frozenset(
    ("count", "count_if", "min", "max", "avg", "arbitrary", "any_value", "bool_and", "bool_or")
)


@dataclass(slots=True)
class _Select:
    """One SELECT on its way."""

    planner: Planner
    source: Relation
    scope: Scope
    outputs: list[Output]
    windows: list[Expr]
    keys: list[SortKey] = field(default_factory=list)
    having: Expr | None = None


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
    sql = filtering.kept_rows(planner, outer, source, kept)
    with clause(outer, "select"):
        found = outputs(planner, scope, items, from_, at)
    over_values = [value for one in named.values() for value in one.values()]
    made = _Select(planner, source, scope, found, over_values)
    if distinct:
        _check_distinct(context, found, at)
    with clause(outer, "group"):
        groups = grouped(planner, scope, group_by, [one.value for one in found])
    if having is not None:
        made.having = _having(context, outer, scope, having)
    with clause(outer, "order"):
        made.keys = order_keys(planner, scope, made.outputs, tail, distinct, groups is not None)
    for error in context.late:
        raise error
    clauses = {"where": where, "group": group_by, "having": having, "distinct": distinct}
    parts = [part for one in _exprs(made) for part in walk(one)]
    shape = shape_of(clauses, tail, from_, parts)
    shape |= outlook(planner, outer, source, kept, _exprs(made))
    sql = _staged(made, groups, sql, tail, at)
    done = _finished(made, sql, distinct, tail, at)
    inner = () if shape & _CHOOSING else _inner_scans(source, found, done.fields)
    done = replace(done, shape=shape, inner=inner)
    return _as_seen_by_in(planner, source, kept, found, done)


def _staged(made: _Select, groups: Groups | None, sql: str, tail: tree.Tail, at: int) -> str:
    sql = _aggregated(made, groups, sql, at)
    if not keeps_order(made.planner, tail):
        made.keys = []
    return _windowed(made, sql)


def _as_seen_by_in(
    planner: Planner,
    source: Relation,
    kept: Expr | None,
    found: Sequence[Output],
    done: Relation,
) -> Relation:
    """The query with what IN has to know of it (Subquery)."""
    values = [one.value for one in found]
    done = replace(done, fails=any(is_failing(planner, one) for one in values))
    if kept is None or done.shape & (_CHOOSING - {"distinct"}):
        return done
    columns = [one.column.name for one in done.fields]
    return replace(done, open=filtering.opened(planner, source, kept, values, columns))


def _check_distinct(context: Context, found: Sequence[Output], at: int) -> None:
    for one in found:
        if not t.is_comparable(one.value.type):
            raise context.mismatch(
                f"DISTINCT can only be applied to comparable types (actual: {one.value.type})",
                at,
            )


def _where(
    context: Context,
    outer: Scope | None,
    scope: Scope,
    node: tree.Expression,
    source: Relation,
) -> Expr:
    with clause(outer, "where"):
        refuse_aggregates(context, node, "WHERE clause")
        made = condition(context, scope, node, "WHERE clause")
    return as_filter(made, of_tables=bool(source.scans or source.inner))


def _having(context: Context, outer: Scope | None, scope: Scope, node: tree.Expression) -> Expr:
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
    source: Relation, found: Sequence[Output], fields: Sequence[Field]
) -> tuple[Scan, ...]:
    """What a WHERE around this query still says of its scans: that which is about their keys."""
    names = {
        one.value.name: field.column.name
        for one, field in zip(found, fields, strict=True)
        if isinstance(one.value, Column)
    }
    return tuple(
        Scan(one.relation, tuple((names[name], key) for name, key in one.keys if name in names))
        for one in (*source.scans, *source.inner)
    )


# ---- stages ---------------------------------------------------------------------------------


def _exprs(made: _Select) -> list[Expr]:
    found = [one.value for one in made.outputs] + [one.value for one in made.keys]
    return found + made.windows + ([made.having] if made.having is not None else [])


def _replace(made: _Select, computed: Iterable[tuple[Expr, Column]]) -> None:
    """What a stage has computed is a column from now on."""
    known = dict(computed)

    def change(part: Expr) -> Expr | None:
        return known.get(part)

    made.outputs = [Output(one.name, rewritten(one.value, change)) for one in made.outputs]
    made.keys = [
        SortKey(rewritten(one.value, change), one.descending, one.nulls_first)
        for one in made.keys
    ]
    made.windows = [rewritten(one, change) for one in made.windows]
    if made.having is not None:
        made.having = rewritten(made.having, change)


def _columns_of(made: _Select, kind: type[Part]) -> dict[Part, Column]:
    """The different expressions of one kind, each with the column that will hold its value."""
    found: dict[Part, Column] = {}
    for value in _exprs(made):
        for part in walk(value):
            if isinstance(part, kind) and part not in found:
                found[part] = made.planner.column(part.type)
    return found


def _aggregated(made: _Select, groups: Groups | None, sql: str, at: int) -> str:
    planner, text = made.planner, made.planner.text
    found = _columns_of(made, Aggregate)
    operations = _columns_of(made, Grouping)
    if groups is None and operations:
        raise grouping_without_groups(planner.context, at)
    if groups is None and not found and made.having is None:
        return sql
    groups = groups or Groups({}, None)
    sql = groups.keyed(planner, sql)
    _replace(made, [*groups.keys.items(), *found.items(), *operations.items()])
    _check_grouped(made, groups, at)
    found = _needed(made, found)
    split = aggregating.in_two_steps(sql, found)
    columns = groups.kept(planner)
    columns += [(aggregating.written(text, p, split), one.name) for p, one in found.items()]
    columns += [(groups.operation(planner, p, at), one.name) for p, one in operations.items()]
    if not columns:
        columns.append(("count(*)", planner.context.names.fresh()))
    sql = f"{selected(columns, sql)}{groups.clause()}"
    if made.having is not None:
        keys = groups.asked_early()
        fenced = any(map(_may_fail, found))
        sql = filtering.kept_groups(planner, sql, made.having, keys, fenced=fenced)
    return sql


def _may_fail(one: Aggregate) -> bool:
    nested = any(argument.type.args for argument in one.arguments)
    # With two arguments max and min count, up to a number that may be wrong.
    return nested or len(one.arguments) > 1 or one.bound.declared.name not in _NEVER_FAILING


def _needed(made: _Select, found: dict[Aggregate, Column]) -> dict[Aggregate, Column]:
    """The aggregates without those that may fail and that decide nothing (`simplifying`)."""
    if not any(can_fail(one) for part in found for one in children(part)):
        return found
    simplify = made.planner.text.without_the_unneeded
    made.outputs = [Output(one.name, simplify(one.value)) for one in made.outputs]
    used = {part.name for one in _exprs(made) for part in walk(one) if isinstance(part, Column)}
    return {part: column for part, column in found.items() if column.name in used}


def _check_grouped(made: _Select, groups: Groups, at: int) -> None:
    """Only keys and aggregates are left of a group (AggregationAnalyzer)."""
    allowed = {one.name for one in groups.keys.values()}
    names = {one.column.name: one.name for one in made.source.fields}
    for value in _exprs(made):
        for part in walk(value):
            inside = part.outer if isinstance(part, Subquery) else (part,)
            for one in inside:
                if isinstance(one, Column) and one.name in names and one.name not in allowed:
                    raise made.planner.context.error(
                        "EXPRESSION_NOT_AGGREGATE",
                        f"'{names[one.name]}' must be an aggregate expression or appear in "
                        "GROUP BY clause",
                        at,
                    )


def _windowed(made: _Select, sql: str) -> str:
    found = _columns_of(made, Window)
    if not found:
        return sql
    listed = []
    # A struct that is made among a window's arguments has garbage in it behind some joins
    # (DuckDB 1.5.5); one that is made before has not.
    before: dict[str, str] = {}

    def projected(value: str) -> str:
        return before.setdefault(value, made.planner.context.names.fresh("w"))

    for part, column in found.items():
        _no_nested(made, part)
        text = aggregating.written(made.planner.text, part, projected=projected)
        listed.append(f"{text} AS {column.name}")
    _replace(made, found.items())
    for value, name in before.items():
        # One by one: a later one may be made of an earlier one.
        sql = f"SELECT *, {value} AS {name} FROM ({sql})"
    return f"SELECT *, {', '.join(listed)} FROM ({sql})"


def _no_nested(made: _Select, part: Window) -> None:
    for value in part.arguments:
        if any(isinstance(one, Window) for one in walk(value)):
            raise made.planner.context.error(
                "NESTED_WINDOW",
                "Cannot nest window functions or row pattern measures inside window function "
                "arguments",
                -1,
            )


def _finished(made: _Select, sql: str, distinct: bool, tail: tree.Tail, at: int) -> Relation:
    planner, text = made.planner, made.planner.text
    columns: list[tuple[str, str]] = []
    fields: list[Field] = []
    by_value: dict[Expr, str] = {}
    firsts: dict[Expr, Column] = {}
    for one in made.outputs:
        column = planner.column(one.value.type)
        columns.append((text.of(one.value), column.name))
        fields.append(Field(one.name, column))
        by_value.setdefault(one.value, column.name)
        if isinstance(one.value, Column):
            planner.context.names.is_first(column, one.value)
        elif is_deterministic(one.value):
            planner.context.names.is_first(column, firsts.setdefault(one.value, column))
    names = [one.column.name for one in fields]
    order = []
    for key in made.keys:
        name = by_value.get(key.value)
        if name is None:
            name = planner.context.names.fresh("s")
            columns.append((text.of(key.value), name))
            by_value[key.value] = name
        order.append(ordering.sort_item(text, name, key.value.type, key))
    sql = selected(columns, sql)
    if distinct:
        sql = _distinct(planner, sql, fields)
    ordered = f" ORDER BY {', '.join(order)}" if order else ""
    limits = tail_limits(planner, tail, bool(order))
    if ordered or limits is not None or len(columns) > len(names):
        sql = limited(planner, sql, names, ordered, order, limits)
    return Relation(sql, tuple(fields))


def _distinct(planner: Planner, sql: str, fields: Sequence[Field]) -> str:
    if all(ordering.groups_as_is(one.type) for one in fields):
        return f"SELECT DISTINCT * FROM ({sql})"
    keys = ", ".join(
        ordering.group_value(planner.text, one.column.name, one.type) for one in fields
    )
    columns = [one.column for one in fields]
    safe = [(sealing.sealed(planner.text, one.name, one.type), one.name) for one in columns]
    back = [(sealing.opened(planner.text, one.name, one.type), one.name) for one in columns]
    chosen = (
        f"SELECT DISTINCT ON ({keys}) {', '.join(f'{s} AS {n}' for s, n in safe)} FROM ({sql})"
    )
    return selected(back, chosen)
