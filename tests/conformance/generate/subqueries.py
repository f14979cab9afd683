"""Queries inside of expressions: scalar, IN, EXISTS, quantified; some speak of the rows around."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type
from tests.conformance.generate import kinds
from tests.conformance.generate.aggregates import aggregates
from tests.conformance.generate.calls import arguments
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.literals import exactly
from tests.conformance.generate.node import Node, listed, operand, optional, part, value
from tests.conformance.generate.scope import Column, Scope
from tests.conformance.generate.selects import Query, correlated, item, query, select
from tests.conformance.generate.sources import Source, rows, small_table, where
from tests.conformance.generate.values import expression, producer

_OF_ONE = ("max", "min", "count", "sum", "bool_or", "avg", "count_if")


def _around(scope: Scope) -> tuple[Column, ...]:
    return (*scope.columns, *scope.outer)


def _read(draw: Draw) -> Source:
    return small_table(draw) if draw.maybe(0.7) else rows(draw, (), 0)


@producer(3)
def scalar(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node | None:
    """`(select max(x) from …)`, `(select x from … where id = 3)`."""
    if not scope.subqueries or depth < 2:
        return None
    read = _read(draw)
    outer = _around(scope)
    inside = Scope(read.columns, outer if draw.maybe(0.3) else (), subqueries=False)
    correlates = bool(outer) and draw.maybe(0.4)
    filtered = correlated(draw, read, outer) if correlates else where(draw, inside, 1, 0.4)
    if draw.maybe(0.75):
        made = _aggregated(draw, inside, kind)
        if made is None:
            return None
        inner = query("select ", made, " from ", read.node, filtered)
        return _scalar(made.type or kind, inner)
    return _one_row(draw, inside, read, kind, depth)


def _scalar(kind: Type, inner: Node) -> Node:
    return value(kind, "(", inner, ")", uses=("scalar subquery",), atom=True)


def _aggregated(draw: Draw, inside: Scope, kind: Type) -> Node | None:
    fitting = [
        one
        for one in aggregates()
        if one.name in _OF_ONE
        and len(one.arguments) < 2
        and (one.result.base == kind.name or one.result.base in one.variables)
    ]
    if not fitting:
        return None
    one = draw.pick(fitting)
    made = arguments(draw, inside.plain(), one, 2, kind)
    if made is None or made.meant is None:
        return None
    inner = made.nodes or (part("*"),)
    return value(made.meant[1], f"{one.name}(", *inner, ")", uses=(made.meant[0],), atom=True)


def _one_row(draw: Draw, inside: Scope, read: Source, kind: Type, depth: int) -> Node | None:
    """The query may have no row; one with more than one is Trino's error."""
    keys = [one for one in read.columns if one.key]
    inner = expression(draw, inside, kind, depth - 2)
    if len(keys) == 1:
        number = draw.between(1, 30)
        found = query(
            "select ", inner, " from ", read.node, f" where {keys[0].name} = {number}"
        )
    elif draw.maybe(0.15):
        found = query("select ", inner, " from ", read.node)
    else:
        found = query("select ", inner)
    return _scalar(inner.type or kind, found)


@producer(8, "boolean")
def exists(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node | None:
    """`[not] exists (select …)`."""
    del kind
    if not scope.subqueries or depth < 2:
        return None
    read, outer = _read(draw), _around(scope)
    inside = Scope(read.columns, outer, subqueries=False)
    correlates = bool(outer) and draw.maybe(0.6)
    filtered = correlated(draw, read, outer) if correlates else where(draw, inside, 1, 0.7)
    word = draw.pick(("exists (", "not exists ("))
    inner = query("select ", draw.pick(("1", "*", "null")), " from ", read.node, filtered)
    return value(t.BOOLEAN, word, inner, ")", uses=(word[:-2].upper(),))


@producer(8, "boolean")
def in_query(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node | None:
    """`a [not] in (select …)`, `a < all (select …)`."""
    del kind
    if not scope.subqueries or depth < 2:
        return None
    return against_query(draw, scope, depth, *draw.pick(SIGNS))


def against_query(draw: Draw, scope: Scope, depth: int, sign: str, use: str) -> Node:
    """A value beside the rows of a query."""
    accepts = t.is_orderable if sign[0] in "<>" and sign[1] != ">" else t.is_comparable
    wanted = [one.type for one in scope.columns if accepts(one.type) and not one.type.args]
    compared = draw.pick(wanted) if wanted and draw.maybe(0.7) else kinds.scalar(draw, accepts)
    left = expression(draw, scope, compared, depth - 2)
    outer = _around(scope) if draw.maybe(0.2) else ()
    inner = select(draw, outer, 1, (compared,), _read(draw))
    if draw.maybe(0.05):
        left = exactly(
            t.row((compared,)), value(t.row((compared,)), "row(", left, ")", atom=True)
        )
    return value(t.BOOLEAN, operand(left), f" {sign} (", inner.node, ")", uses=(use,))


def filtered_by_query(draw: Draw, depth: int, place: int) -> Query:
    """A query that keeps the rows which a query inside of it tells."""
    read = _read(draw)
    scope = Scope(read.columns)
    test = against_query(draw, scope, depth, *SIGNS[place % len(SIGNS)])
    if draw.maybe(0.25):
        test = exists(draw, scope, t.BOOLEAN, depth) or test
    made = [item(draw, one.node(), key=True) for one in read.columns if one.key]
    made.append(
        item(draw, test if draw.maybe(0.3) else expression(draw, scope, t.INTEGER, depth))
    )
    node = query(
        "select ",
        listed([one for one, _ in made]),
        optional(" from ", read.node, optional(" where ", test, uses=("WHERE",))),
    )
    return Query(node, tuple(column for _, column in made))


SIGNS = (
    *[("in", "IN (query)")] * 5,
    *[("not in", "NOT IN (query)")] * 4,
    *[
        (f"{sign} {word}", f"{sign} {word.upper()}")
        for sign in ("=", "<>", "<", "<=", ">", ">=")
        for word in ("all", "any", "some")
    ],
)
