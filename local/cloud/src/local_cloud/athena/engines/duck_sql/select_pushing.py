"""Which conditions around a SELECT, and of its own HAVING, are asked beside its WHERE."""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import replace

from local_cloud.athena.engines.duck_sql import filtering, pushing
from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.relation import Push, selected
from local_cloud.athena.engines.duck_sql.select_stages import (
    PlannedSelect,
    exprs,
    finished,
    staged,
)
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.scope import RelationField, Scope
from local_cloud.athena.sql.ir import (
    Aggregate,
    ColumnRef,
    Constant,
    Expr,
    Grouping,
    Subquery,
    WindowFunction,
    walk,
)
from local_cloud.athena.sql.properties import columns_of, is_deterministic, terms_of
from local_cloud.athena.sql.substitution import rewritten


def with_having(made: PlannedSelect) -> Expr | None:
    """WHERE, with what HAVING says of the keys: it is asked of rows where that may fail."""
    if made.having is None or made.groups is None:
        return made.where
    keys = made.groups.everywhere()
    terms = [one for one in terms_of(made.having) if _is_of(one, keys) and columns_of(one)]
    own = terms_of(made.where) if made.where is not None else ()
    decided = made.source.push is None and all(map(filtering.is_never_null, own))
    if decided or not any(map(can_fail, terms)):
        return made.where
    return filtering.all_of([*own, *filtering.equalities_first(terms)])


def takes_in(outer: Scope | None, shape: Set[str], asked: Sequence[Expr]) -> bool:
    """Whether conditions around it can be asked inside of it; `asked` is all that it computes."""
    used = {column for one in asked for column in columns_of(one)}
    correlated = outer is not None and outer.is_outside(used)
    return not correlated and shape.isdisjoint(("aggregate", "sets", "limit", "offset"))


def push_of(made: PlannedSelect, fields: Sequence[RelationField]) -> Push | None:
    """How conditions on the columns of `fields` are taken in."""
    groups = made.groups.keys if made.groups is not None else None
    parts = [part for one in exprs(made) for part in walk(one)]
    windows = {part for part in parts if isinstance(part, WindowFunction)}
    values = {
        field.column: one.value
        for one, field in zip(made.outputs, fields, strict=True)
        if windows.isdisjoint(walk(one.value)) and (groups is None or _is_of(one.value, groups))
    }

    def again(sql: str) -> str:
        one = replace(made)
        done = finished(one, staged(one, sql))
        names = zip(done.fields, fields, strict=True)
        return selected([(new.column.name, old.column.name) for new, old in names], done.sql)

    kept = _partitioned(windows, values) if windows else None
    by_key = made.distinct or made.groups is not None
    computing = pushing.Computing(made.source, made.where, values, again, kept, by_key)
    return computing.push(made.planner)


def _partitioned(
    windows: Set[WindowFunction], values: Mapping[ColumnRef, Expr]
) -> frozenset[ColumnRef]:
    """The columns by which all windows are partitioned."""
    common = frozenset.intersection(*(frozenset(one.partition) for one in windows))
    return frozenset(one for one, value in values.items() if _is_of(value, common))


def _is_of(value: Expr, keys: Collection[Expr]) -> bool:
    """Whether nothing but these is used by it."""
    null = Constant(t.UNKNOWN, None)
    rest = rewritten(value, lambda one: null if one in keys else None)
    others = (ColumnRef, Aggregate, Grouping, WindowFunction, Subquery)
    return is_deterministic(value) and not any(isinstance(one, others) for one in walk(rest))
