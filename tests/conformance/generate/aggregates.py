"""Aggregate calls: DISTINCT, FILTER, ORDER BY between their brackets, LISTAGG's own syntax."""

from functools import cache

from local_cloud.athena.engines.duck_sql.registry import IMPLEMENTATIONS
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.signatures.declared import AGGREGATE, Declared, catalogue
from local_cloud.athena.sql.types import Type
from tests.conformance.generate import texts
from tests.conformance.generate.calls import (
    UNKNOWN_SHARE,
    Arguments,
    arguments,
    usable,
)
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.node import NOTHING, Node, listed, optional, part, value
from tests.conformance.generate.scope import Column, Scope
from tests.conformance.generate.values import condition, expression, producer

# What they give depends on the order of the rows.
ORDERED = ("array_agg", "map_agg", "multimap_agg", "arbitrary", "any_value", "reduce_agg")
# One of several equal ones: without an order of their own SQL does not settle which.
_TIED = ("max_by", "min_by")
LISTAGG = "listagg(varchar,varchar,boolean,varchar,boolean)"


@cache
def aggregates() -> tuple[Declared, ...]:
    """The aggregate functions that statements call, by their keys."""
    found = [one for ones in catalogue().values() for one in ones]
    called = (one for one in found if one.kind == AGGREGATE and usable(one))
    return tuple(sorted(called, key=lambda one: one.key))


@producer(70)
def any_aggregate(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node | None:
    """An aggregate that gives about this type, where rows are grouped."""
    if scope.grouped is None:
        return None
    for _ in range(60):
        one = draw.pick(aggregates())
        if one.result.base != kind.name and one.result.base not in one.variables:
            continue
        if one.key not in IMPLEMENTATIONS and not draw.maybe(UNKNOWN_SHARE / 2):
            continue
        if (made := aggregate(draw, scope, one, depth, kind)) is not None:
            return made
    return None


def aggregate(
    draw: Draw, scope: Scope, declared: Declared, depth: int, wanted: Type | None = None
) -> Node | None:
    """A call of an aggregate over the rows of a group."""
    assert scope.grouped is not None
    inside = scope.grouped.plain()
    if declared.name == "listagg":
        return _list_aggregate(draw, inside, depth)
    made = arguments(draw, inside, declared, min(depth, 2), wanted)
    if made is None or made.meant is None:
        return None
    distinct = draw.maybe(0.15) and bool(made.nodes) and _comparable(made)
    order = _order(draw, inside, declared, made, distinct)
    body = (
        listed(made.nodes, least=len(made.nodes))
        if made.nodes
        else part("*" * (declared.name == "count"))
    )
    return value(
        made.meant[1],
        f"{declared.name}(",
        optional("distinct ", uses=("DISTINCT aggregate",)) if distinct else NOTHING,
        body,
        order,
        ")",
        filter_(draw, inside),
        uses=(made.meant[0],),
        atom=True,
    )


def _comparable(made: Arguments) -> bool:
    return all(one.type is not None and t.is_comparable(one.type) for one in made.nodes)


def filter_(draw: Draw, inside: Scope) -> Node:
    """` filter (where …)`, now and then."""
    if not draw.maybe(0.15):
        return NOTHING
    return optional(" filter (where ", condition(draw, inside, 1), ")", uses=("FILTER",))


def _order(
    draw: Draw, inside: Scope, declared: Declared, made: Arguments, distinct: bool
) -> Node:
    """` order by …` between the brackets: always where the answer depends on it."""
    needed = declared.name in (*ORDERED, *_TIED)
    if not made.nodes or not draw.maybe(0.9 if needed else 0.05):
        return NOTHING
    if declared.name == "array_agg" and (distinct or draw.maybe(0.5)):
        first = made.nodes[0]
        if first.type is None or not t.is_orderable(first.type):
            return NOTHING
        return part(" order by ", first, direction(draw), uses=("ORDER BY in aggregate",))
    keys = inside.row_keys()
    if distinct or not keys:
        return NOTHING
    return part(" order by ", total_order(draw, keys), uses=("ORDER BY in aggregate",))


def total_order(draw: Draw, keys: tuple[Column, ...]) -> Node:
    """All columns that tell the rows apart, each in its direction."""
    items = [part(one.node(), direction(draw)) for one in draw.shuffled(keys)]
    return listed(items, least=len(items))


def direction(draw: Draw) -> Node:
    """` desc nulls first` and its like."""
    word = draw.weighted(((5, ""), (2, " asc"), (3, " desc")))
    nulls = draw.weighted(((6, ""), (2, " nulls first"), (2, " nulls last")))
    uses = tuple(one.strip().upper() for one in (word, nulls) if one)
    return optional(f"{word}{nulls}", uses=uses)


def _list_aggregate(draw: Draw, inside: Scope, depth: int) -> Node | None:
    inner = expression(draw, inside, t.VARCHAR, min(depth, 2) - 1)
    orderable = inner.type is not None and inner.type.name == "varchar"
    if not orderable:
        return None
    separator = draw.pick(("", f", {texts.quoted(',')}", f", {texts.quoted(' | ')}"))
    overflow = draw.weighted(
        (
            (7, ""),
            (1, " on overflow error"),
            (1, " on overflow truncate '..' with count"),
            (1, " on overflow truncate without count"),
        )
    )
    uses = (LISTAGG, *(("ON OVERFLOW",) if overflow else ()))
    keys = inside.row_keys()
    order = (
        total_order(draw, keys) if keys and draw.maybe(0.6) else part(inner, direction(draw))
    )
    distinct = order.role == "part" and draw.maybe(0.2)
    return value(
        t.VARCHAR,
        "listagg(",
        "distinct " if distinct else "",
        inner,
        f"{separator}{overflow})",
        " within group (order by ",
        order,
        ")",
        filter_(draw, inside),
        uses=uses,
        atom=True,
    )
