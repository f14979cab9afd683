"""A SELECT in stages: groups, windows, outputs, DISTINCT, ORDER BY and LIMIT.

Each stage is a SELECT from the one before, so that DuckDB never has to guess what a name means:
rows that WHERE keeps, one row per group, windows over those, outputs with the keys of ORDER BY.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from local_cloud.athena.engines.duck_sql import aggregating, filtering, ordering, sealing
from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.forms import nested_comparison
from local_cloud.athena.engines.duck_sql.grouping import Groups, grouping_without_groups
from local_cloud.athena.engines.duck_sql.outputs import SelectOutput
from local_cloud.athena.engines.duck_sql.refusals import COMPARES_NESTED
from local_cloud.athena.engines.duck_sql.relation import Planner, Relation, selected
from local_cloud.athena.engines.duck_sql.tail import keeps_order, limited, tail_limits
from local_cloud.athena.sql.analysis.scope import RelationField, Scope
from local_cloud.athena.sql.ir import (
    Aggregate,
    ColumnRef,
    Expr,
    Grouping,
    SortKey,
    Subquery,
    WindowFunction,
    children,
    walk,
)
from local_cloud.athena.sql.properties import is_deterministic
from local_cloud.athena.sql.substitution import rewritten
from trino_sql import tree

Part = TypeVar("Part", bound=Expr)
# Whose value depends on the order of its rows (AggregationFunction.isOrderSensitive).
_ORDER_SENSITIVE = ("array_agg", "listagg", "map_agg", "merge", "multimap_agg", "qdigest_agg")
_NEVER_FAILING = frozenset(
    ("count", "count_if", "min", "max", "avg", "arbitrary", "any_value", "bool_and", "bool_or")
)


@dataclass(slots=True)
class PlannedSelect:
    """One SELECT on its way."""

    planner: Planner
    source: Relation
    scope: Scope
    outputs: list[SelectOutput]
    windows: list[Expr]
    tail: tree.Tail
    distinct: bool
    at: int
    where: Expr | None = None
    groups: Groups | None = None
    keys: list[SortKey] = field(default_factory=list)
    having: Expr | None = None


def staged(made: PlannedSelect, sql: str) -> str:
    """The rows of `sql` with what is computed of groups and over windows."""
    sql = _aggregated(made, sql)
    if not keeps_order(made.planner, made.tail):
        made.keys = []
    return _windowed(made, sql)


def exprs(made: PlannedSelect) -> list[Expr]:
    """All that is computed of the rows that WHERE keeps."""
    found = [one.value for one in made.outputs] + [one.value for one in made.keys]
    return found + made.windows + ([made.having] if made.having is not None else [])


def replace_computed(made: PlannedSelect, computed: Iterable[tuple[Expr, ColumnRef]]) -> None:
    """What a stage has computed is a column from now on."""
    known = dict(computed)
    _change(made, known.get)


def drop_needless_orders(made: PlannedSelect) -> None:
    """An ORDER BY stays where the function's value depends on it (PruneOrderByInAggregation)."""

    def change(part: Expr) -> Expr | None:
        if isinstance(part, Aggregate) and part.order and not _is_sensitive(part):
            return replace(part, order=())
        if isinstance(part, WindowFunction) and part.inner_order and not _is_sensitive(part):
            return rewritten(replace(part, inner_order=()), change)
        return None

    _change(made, change)


def _is_sensitive(part: Aggregate | WindowFunction) -> bool:
    return part.bound.declared.name in _ORDER_SENSITIVE


def _change(made: PlannedSelect, change: Callable[[Expr], Expr | None]) -> None:
    made.outputs = [
        SelectOutput(one.name, rewritten(one.value, change)) for one in made.outputs
    ]
    made.keys = [
        SortKey(rewritten(one.value, change), one.descending, one.nulls_first)
        for one in made.keys
    ]
    made.windows = [rewritten(one, change) for one in made.windows]
    if made.having is not None:
        made.having = rewritten(made.having, change)


def _columns_of(made: PlannedSelect, kind: type[Part]) -> dict[Part, ColumnRef]:
    """The different expressions of one kind, each with the column that will hold its value."""
    found: dict[Part, ColumnRef] = {}
    for value in exprs(made):
        for part in walk(value):
            if isinstance(part, kind) and part not in found:
                found[part] = made.planner.column(part.type)
    return found


def _aggregated(made: PlannedSelect, sql: str) -> str:
    planner, text, groups, at = made.planner, made.planner.text, made.groups, made.at
    found = _columns_of(made, Aggregate)
    operations = _columns_of(made, Grouping)
    if groups is None and operations:
        raise grouping_without_groups(planner.context, at)
    if groups is None and not found and made.having is None:
        return sql
    groups = groups or Groups({}, None)
    sql = groups.keyed(planner, sql)
    replace_computed(made, [*groups.keys.items(), *found.items(), *operations.items()])
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


def _needed(
    made: PlannedSelect, found: dict[Aggregate, ColumnRef]
) -> dict[Aggregate, ColumnRef]:
    """The aggregates without those that may fail and that decide nothing (`simplifying`)."""
    if not any(can_fail(one) for part in found for one in children(part)):
        return found
    simplify = made.planner.text.without_the_unneeded
    made.outputs = [SelectOutput(one.name, simplify(one.value)) for one in made.outputs]
    used = {
        part.name for one in exprs(made) for part in walk(one) if isinstance(part, ColumnRef)
    }
    return {part: column for part, column in found.items() if column.name in used}


def _check_grouped(made: PlannedSelect, groups: Groups, at: int) -> None:
    """Only keys and aggregates are left of a group (AggregationAnalyzer)."""
    allowed = {one.name for one in groups.keys.values()}
    names = {one.column.name: one.name for one in made.source.fields}
    for value in exprs(made):
        for part in walk(value):
            inside = part.outer if isinstance(part, Subquery) else (part,)
            for one in inside:
                if isinstance(one, ColumnRef) and one.name in names and one.name not in allowed:
                    raise made.planner.context.error(
                        "EXPRESSION_NOT_AGGREGATE",
                        f"'{names[one.name]}' must be an aggregate expression or appear in "
                        "GROUP BY clause",
                        at,
                    )


def _windowed(made: PlannedSelect, sql: str) -> str:
    found = _columns_of(made, WindowFunction)
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
    replace_computed(made, found.items())
    for value, name in before.items():
        # One by one: a later one may be made of an earlier one.
        sql = f"SELECT *, {value} AS {name} FROM ({sql})"
    return f"SELECT *, {', '.join(listed)} FROM ({sql})"


def _no_nested(made: PlannedSelect, part: WindowFunction) -> None:
    for value in part.arguments:
        if any(isinstance(one, WindowFunction) for one in walk(value)):
            raise made.planner.context.error(
                "NESTED_WINDOW",
                "Cannot nest window functions or row pattern measures inside window function "
                "arguments",
                -1,
            )


def finished(made: PlannedSelect, sql: str) -> Relation:
    """The outputs of the rows of `sql`, in their order."""
    planner, text = made.planner, made.planner.text
    columns: list[tuple[str, str]] = []
    fields: list[RelationField] = []
    by_value: dict[Expr, str] = {}
    firsts: dict[Expr, ColumnRef] = {}
    for one in made.outputs:
        column = planner.column(one.value.type)
        columns.append((text.of(one.value), column.name))
        fields.append(RelationField(one.name, column))
        by_value.setdefault(one.value, column.name)
        _note(planner, column, one.value, firsts)
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
    if made.distinct:
        sql = _distinct(planner, sql, fields)
    ordered = f" ORDER BY {', '.join(order)}" if order else ""
    limits = tail_limits(planner, made.tail, bool(order))
    if ordered or limits is not None or len(columns) > len(names):
        sql = limited(planner, sql, names, ordered, order, limits)
    return Relation(sql, tuple(fields))


def _note(
    planner: Planner, column: ColumnRef, value: Expr, firsts: dict[Expr, ColumnRef]
) -> None:
    """What is known of an output's column; `firsts` are those of different values before it."""
    names = planner.context.names
    if isinstance(value, ColumnRef):
        names.is_first(column, value)
    elif is_deterministic(value):
        names.is_first(column, firsts.setdefault(value, column))
    if nested_comparison(value) is not None:
        names.mark(column, COMPARES_NESTED)


def _distinct(planner: Planner, sql: str, fields: Sequence[RelationField]) -> str:
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
