"""Conditions around a query that are asked beside its own (Trino's PredicatePushDown).

One that may fail is then asked of rows that the query does not have: beside a condition that is
null of a row, since a null does not decide (AndCodeGenerator). A condition goes down through what
computes columns, groups by them, puts queries together or fills the other side of a join, with
each column replaced by what it is there.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from local_cloud.athena.engines.duck_sql import filtering
from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.relation import Planner, Push, Relation
from local_cloud.athena.sql.ir import ColumnRef, Constant, Expr, walk
from local_cloud.athena.sql.properties import columns_of, has_try, is_plain, terms_of
from local_cloud.athena.sql.substitution import renamed

Pushed = tuple[str, list[Expr]] | None


@dataclass(frozen=True, slots=True)
class Computing:
    """A query that computes columns of rows: `values` by them, as far as a condition may use them.

    `again` makes the query of the rows that its WHERE keeps; `kept` are the columns that a
    condition may use where one of the others is read, None for all. `grouped`: equal rows are one.
    """

    source: Relation
    where: Expr | None
    values: Mapping[ColumnRef, Expr]
    again: Callable[[str], str]
    kept: frozenset[ColumnRef] | None = None
    grouped: bool = False

    def push(self, planner: Planner) -> Push | None:
        """How it takes in conditions. None where that makes no difference."""
        own = terms_of(self.where) if self.where is not None else ()
        if self.source.push is None and self._is_same(own):
            return None
        return lambda terms, used: self._pushed(planner, own, terms, used)

    def _is_same(self, own: Sequence[Expr]) -> bool:
        """Whether conditions around it are asked of the same rows, in the same order."""
        return not self.grouped and all(map(filtering.is_never_null, own))

    def _pushed(
        self, planner: Planner, own: Sequence[Expr], terms: Sequence[Expr], used: Set[ColumnRef]
    ) -> Pushed:
        values = self.values
        if self.kept is not None and used - values.keys():
            values = {one: value for one, value in values.items() if one in self.kept}
        down = [one for one in terms if _goes_down(one, values)]
        inside = [renamed(one, values) for one in down]
        if not any(map(can_fail, inside)):
            return None
        if self.grouped:
            inside = filtering.equalities_first(inside)
        asked = [*own, *inside]
        read = {column for one in self.values.values() for column in columns_of(one)}
        sql = filtering.pushed(planner, self.source, asked, read)
        if sql is None:
            if self._is_same(own):
                return None
            sql = filtering.filtered(planner, self.source, asked)
        return self.again(sql), [one for one in terms if one not in down]


@dataclass(frozen=True, slots=True)
class UnionSide:
    """One of the queries of a UNION, by what its columns are called in that."""

    relation: Relation
    columns: Mapping[ColumnRef, ColumnRef]

    def pushed(
        self, planner: Planner, terms: Sequence[Expr], used: Set[ColumnRef]
    ) -> str | None:
        relation, columns = self.relation, self.columns
        asked = [renamed(one, columns) for one in terms]
        read = {columns[one] for one in used if one in columns}
        return filtering.pushed(planner, relation, asked, read)

    def filtered(self, planner: Planner, terms: Sequence[Expr]) -> str:
        asked = [renamed(one, self.columns) for one in terms]
        return filtering.filtered(planner, self.relation, asked)


def into_sides(
    planner: Planner,
    sides: Sequence[UnionSide],
    again: Callable[[list[str]], str],
    distinct: bool,
) -> Push | None:
    """How a set operation takes in conditions; `again` makes it of its sides' texts.

    `distinct`: equal rows are one.
    """
    if not distinct and all(side.relation.push is None for side in sides):
        return None

    def push(terms: Sequence[Expr], used: Set[ColumnRef]) -> Pushed:
        down = [one for one in terms if is_plain(one)]
        if distinct:
            down = filtering.equalities_first(down)
        made = [side.pushed(planner, down, used) for side in sides]
        if not any(made) and not (distinct and any(map(can_fail, down))):
            return None
        texts = [
            sql or side.filtered(planner, down) for sql, side in zip(made, sides, strict=True)
        ]
        return again(texts), [one for one in terms if one not in down]

    return push


def _goes_down(term: Expr, values: Mapping[ColumnRef, Expr]) -> bool:
    """Whether nothing is computed twice where its columns are what they are inside.

    See PredicatePushDown.isInliningCandidate.
    """
    used = [one for one in walk(term) if isinstance(one, ColumnRef)]
    known = {one: values[one] for one in used if one in values}
    return (
        set(used) == set(known)
        and is_plain(term)
        and all(
            isinstance(value, (ColumnRef, Constant))
            or (used.count(one) == 1 and is_plain(value) and not has_try(value))
            for one, value in known.items()
        )
    )
