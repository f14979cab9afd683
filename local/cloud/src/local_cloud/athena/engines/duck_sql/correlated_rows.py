"""The rows of a correlated query, with what Trino computes of them whichever row asks.

Trino makes a join of it: one side is the query's rows, kept by the conditions that say nothing of
a row outside, and what is computed of them alone is computed of each, also of those that no row
outside meets (PlanNodeDecorrelator, PushInequalityFilterExpressionBelowJoin). Where that fails, the
statement fails. Only a join of VALUES that keeps rows by an equality asks these first which are
wanted at all (DynamicFilterService; of a table's rows it knows too late).
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.relation import Planner, with_columns
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.ir import (
    Aggregate,
    ColumnRef,
    Expr,
    Grouping,
    Special,
    Subquery,
    WindowFunction,
    children,
    walk,
)
from local_cloud.athena.sql.properties import (
    all_terms,
    columns_of,
    is_constant,
    is_deterministic,
)

# What is made of all rows, or of the first ones, waits for all of them.
_OF_ALL_ROWS = frozenset(("aggregate", "limit"))
_COMPARED = ("=", "<", "<=", ">", ">=")
_OF_ITS_OWN = (Aggregate, WindowFunction, Grouping, Subquery)


@dataclass(frozen=True, slots=True)
class CorrelatedWhere:
    """A WHERE in two: terms on the query's own rows, and terms on a row outside of it, too.

    `early` are the parts of the query that are computed of each row that `own` keeps.
    """

    own: tuple[Expr, ...]
    others: tuple[Expr, ...]
    early: tuple[Expr, ...]


def split(
    outer: Scope | None, where: Expr | None, values: Sequence[Expr], shape: Set[str]
) -> CorrelatedWhere | None:
    """The WHERE of a correlated query of which a part may fail of rows that nothing meets.

    `values` is what the query computes of the rows that WHERE keeps, `shape` what it consists
    of. None where no part may, or where the rows outside decide which are computed.
    """
    boundary = outer.nearest_boundary() if outer is not None else None
    if boundary is None or where is None:
        return None
    outside = frozenset(boundary.captured)
    terms = tuple(all_terms(where))
    own = tuple(one for one in terms if not columns_of(one) & outside)
    others = tuple(one for one in terms if columns_of(one) & outside)
    if not others:
        return None
    grouped = "group" in shape
    found = () if boundary.use == "exists" else tuple(_parts(values, outside, grouped))
    narrows = (
        boundary.narrows and not shape & _OF_ALL_ROWS and not (found and boundary.use == "in")
    )
    if narrows and any(_is_equality(one, outside) for one in others):
        return None
    early = (*found, *_sides(others, outside))
    if not early and not any(map(can_fail, own)):
        return None
    return CorrelatedWhere(own, others, tuple(dict.fromkeys(early)))


def with_parts(
    planner: Planner, sql: str, parts: Sequence[Expr]
) -> tuple[str, dict[Expr, ColumnRef]]:
    """The rows of `sql` with the value of each part, which no condition around is asked before."""
    columns = {one: planner.column(one.type) for one in parts}
    return with_columns(planner, sql, columns), columns


def _parts(
    values: Sequence[Expr], outside: frozenset[ColumnRef], grouped: bool
) -> Iterator[Expr]:
    """What may fail of what a query computes of its own columns; of groups, of their rows."""
    aggregates = [part for one in values for part in walk(one) if isinstance(part, Aggregate)]
    if not aggregates and not grouped:
        yield from (one for one in values if _is_own(one, outside))
    for one in aggregates:
        # Rows that a filter leaves out are not computed where it is the only one.
        asked = children(one) if one.filter is None else (one.filter,)
        yield from (part for part in asked if _is_own(part, outside))


def _sides(terms: Sequence[Expr], outside: frozenset[ColumnRef]) -> Iterator[Expr]:
    """The sides of comparisons with a row outside that are about the query's rows alone."""
    for term in terms:
        if isinstance(term, Special) and term.form in _COMPARED:
            for one, other in (term.operands, term.operands[::-1]):
                if _is_own(one, outside) and columns_of(other) <= outside:
                    yield one


def _is_own(value: Expr, outside: frozenset[ColumnRef]) -> bool:
    return (
        can_fail(value)
        and not is_constant(value)
        and not columns_of(value) & outside
        and is_deterministic(value)
        and not any(isinstance(one, _OF_ITS_OWN) for one in walk(value))
    )


def _is_equality(term: Expr, outside: frozenset[ColumnRef]) -> bool:
    if not isinstance(term, Special) or term.form != "=":
        return False
    return any(
        not can_fail(one) and not columns_of(one) & outside and columns_of(other) <= outside
        for one, other in (term.operands, term.operands[::-1])
    )
