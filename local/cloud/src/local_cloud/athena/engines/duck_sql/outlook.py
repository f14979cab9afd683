"""What can be told of a SELECT before it runs: that it has no rows, that a constant fails."""

from collections.abc import Iterator, Sequence

from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.relation import Planner, Relation
from local_cloud.athena.engines.duck_sql.shape import unequal
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.ir import Constant, Expr, Special, Subquery, children, walk
from local_cloud.athena.sql.properties import is_constant


def outlook(
    planner: Planner,
    outer: Scope | None,
    source: Relation,
    where: Expr | None,
    values: Sequence[Expr],
) -> frozenset[str]:
    """Words for the SELECT's shape: unequal, emptied, failing (see `correlation`).

    `values` is all that it computes of the rows that WHERE keeps.
    """
    asked = [*values, where] if where is not None else list(values)
    found = {
        "unequal": where is not None and unequal(where, outer),
        "emptied": "emptied" in source.shape
        or (any(map(_has_query, asked)) and where is not None and _is_never(planner, where)),
        "failing": outer is not None
        and outer.in_query
        and (source.fails or any(_asks_failing(planner, one) for one in asked)),
    }
    return frozenset(word for word, holds in found.items() if holds)


def is_failing(planner: Planner, value: Expr) -> bool:
    """Whether it is a constant that fails."""
    return is_constant(value) and can_fail(value) and planner.text.fails(value)


def _has_query(value: Expr) -> bool:
    return any(isinstance(one, Subquery) for one in walk(value))


def _is_never(planner: Planner, where: Expr) -> bool:
    """Whether a condition is false or null, as far as can be told now."""
    found = planner.text.without_the_unneeded(Special(t.BOOLEAN, "and", (where,)))
    return isinstance(found, Constant) and not found.value


def _asks_failing(planner: Planner, value: Expr) -> bool:
    """Whether a constant inside of it fails, as far as it is asked."""
    return can_fail(value) and any(
        is_failing(planner, one)
        for one in _outside_of_try(planner.text.without_the_unneeded(value))
    )


def _outside_of_try(value: Expr) -> Iterator[Expr]:
    yield value
    if not (isinstance(value, Special) and value.form == "try"):
        for one in children(value):
            yield from _outside_of_try(one)
