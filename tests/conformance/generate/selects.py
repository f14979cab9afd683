"""SELECT over a source: items, WHERE, DISTINCT, ORDER BY, LIMIT; queries inside of FROM."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type
from tests.conformance.generate import kinds
from tests.conformance.generate.aggregates import direction
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.node import (
    LIST,
    NOTHING,
    QUERY,
    RELATION,
    Node,
    listed,
    optional,
    part,
    using,
    value,
)
from tests.conformance.generate.scope import Column, Scope
from tests.conformance.generate.sources import MAKERS, Source, rows, source, table, where
from tests.conformance.generate.values import exact, expression


@dataclass(frozen=True, slots=True)
class Query:
    """A query and the columns that come out of it, by their names."""

    node: Node
    columns: tuple[Column, ...]


def query(*parts: Node | str, uses: tuple[str, ...] = ()) -> Node:
    """A piece that is a query."""
    return Node(QUERY, parts, uses=uses)


def item(draw: Draw, of: Node, key: bool = False) -> tuple[Node, Column]:
    """`… as c1`, and the column that it makes."""
    name = draw.name("c")
    assert of.type is not None
    return part(of, f" as {name}"), Column(name, of.type, key)


def select(
    draw: Draw,
    outer: tuple[Column, ...],
    depth: int,
    wanted: Sequence[Type] | None = None,
    read: Source | None = None,
) -> Query:
    """A SELECT without groups, with columns of the wanted types."""
    read = read or source(draw, outer, depth - 1)
    scope = Scope(read.columns, outer, windows=draw.maybe(0.1), subqueries=depth > 1)
    made = [item(draw, exact(draw, scope, one, depth)) for one in wanted or ()]
    if wanted is None:
        keys = [one for one in read.columns if one.key] if draw.maybe(0.7) else []
        made += [item(draw, one.node(), key=True) for one in keys]
        made += [item(draw, one) for one in _items(draw, scope, depth)]
    distinct = draw.maybe(0.12) and all(t.is_comparable(one.type) for _, one in made)
    columns = tuple(column for _, column in made)
    node = query(
        "select ",
        optional("distinct ", uses=("SELECT DISTINCT",)) if distinct else NOTHING,
        listed([one for one, _ in made], least=len(made) if wanted is not None else 1),
        optional(" from ", read.node, where(draw, scope.plain(), min(depth, 2), 0.45)),
    )
    return Query(node, columns)


def _items(draw: Draw, scope: Scope, depth: int) -> list[Node]:
    count = draw.weighted(((6, 1), (3, 2), (1, 3)))
    return [expression(draw, scope, wished(draw, scope), depth) for _ in range(count)]


def wished(draw: Draw, scope: Scope) -> Type:
    """The type of a column that is there, mostly, or any."""
    if scope.columns and draw.maybe(0.5):
        return draw.pick(scope.columns).type
    return kinds.some_type(draw)


# ---- the end of a query ---------------------------------------------------------------------


def ended(draw: Draw, of: Query, share: float, cut: float) -> Query:
    """With ORDER BY in some cases, and in some of them cut off: by all columns then."""
    if not of.columns or not draw.maybe(share):
        return of
    if draw.maybe(cut) and all(t.is_orderable(one.type) for one in of.columns):
        places = draw.shuffled(range(len(of.columns)))
        order = _order(draw, of, places)
        return Query(query(of.node, part(order), _cut(draw)), of.columns)
    sortable = [at for at, one in enumerate(of.columns) if t.is_orderable(one.type)]
    if not sortable:
        return of
    order = _order(draw, of, draw.some(sortable, 1, 2))
    return Query(query(of.node, optional(order)), of.columns)


def _order(draw: Draw, of: Query, places: Sequence[int]) -> Node:
    def key(at: int) -> Node:
        if draw.maybe(0.5):
            return part(str(at + 1), direction(draw), uses=("ORDER BY 1",))
        return part(of.columns[at].name, direction(draw), uses=("ORDER BY alias",))

    keys = [key(at) for at in places]
    return part(
        " order by ", Node(LIST, tuple(keys), between=", ", least=len(keys)), uses=("ORDER BY",)
    )


def _cut(draw: Draw) -> Node:
    count = draw.pick((0, 1, 1, 2, 3, 5, 10))
    offset = f" offset {draw.pick((0, 1, 2))}{draw.pick(('', ' rows', ' row'))}"
    skipped = optional(offset, uses=("OFFSET",)) if draw.maybe(0.3) else NOTHING
    ends = (
        (6, (f" limit {count}", "LIMIT")),
        (1, (" limit all", "LIMIT ALL")),
        (2, (f" fetch first {max(count, 1)} rows only", "FETCH FIRST")),
        (1, (" fetch next row only", "FETCH FIRST")),
        (2, (f" fetch first {max(count, 1)} rows with ties", "WITH TIES")),
    )
    text, use = draw.weighted(ends)
    return part(skipped, optional(text, uses=(use,)))


# ---- queries in FROM ------------------------------------------------------------------------


def derived(draw: Draw, outer: tuple[Column, ...], depth: int) -> Source:
    """`(select …) r1`."""
    del outer
    made = ended(draw, select(draw, (), max(1, depth - 1)), 0.3, 0.9)
    alias = draw.name("r")
    if draw.maybe(0.25):
        renamed = tuple(replace(one, name=f"d{at + 1}") for at, one in enumerate(made.columns))
        names = f"({', '.join(one.name for one in renamed)})"
        return Source(
            Node(
                RELATION,
                ("(", made.node, f") {alias}{names}"),
                uses=("FROM (query)", "column aliases"),
            ),
            behind(alias, renamed),
        )
    return Source(
        Node(RELATION, ("(", made.node, f") {alias}"), uses=("FROM (query)",)),
        behind(alias, made.columns),
    )


def behind(alias: str, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns of a relation that is called so."""
    return tuple(replace(one, name=f"{alias}.{one.name}") for one in columns)


def lateral(draw: Draw, outer: tuple[Column, ...], depth: int) -> Source:
    """`… cross join lateral (select …)`, which speaks of the rows beside it."""
    left = draw.weighted(((2, table), (1, rows)))(draw, outer, 0)
    inner = _inner(draw, left, depth)
    alias = draw.name("r")
    between, behind_, use = draw.weighted(
        (
            (3, (" cross join lateral (", "", "CROSS JOIN LATERAL")),
            (1, (" left join lateral (", " on true", "LEFT JOIN LATERAL")),
        )
    )
    node = Node(RELATION, (left.node, between, inner.node, f") {alias}", behind_), uses=(use,))
    return Source(node, (*left.columns, *behind(alias, inner.columns)))


def _inner(draw: Draw, left: Source, depth: int) -> Query:
    """Expressions over the row beside it, or rows of a table that belong to it."""
    if draw.maybe(0.6):
        scope = Scope(left.columns, subqueries=False)
        made = [item(draw, one) for one in _items(draw, scope, max(1, depth - 1))]
        node = query("select ", listed([one for one, _ in made], least=len(made)))
        return Query(node, tuple(column for _, column in made))
    return select(draw, left.columns, max(1, depth - 1))


MAKERS += [(4, derived), (3, lateral)]


def correlated(draw: Draw, read: Source, outer: tuple[Column, ...]) -> Node:
    """` where a = b` with a column of the query around."""
    pairs = [
        (a, b)
        for a in read.columns
        for b in outer
        if t.is_comparable(a.type)
        and (kinds.fits(a.type, b.type) or kinds.fits(b.type, a.type))
    ]
    if not pairs:
        return NOTHING
    a, b = draw.pick(pairs)
    equal = value(t.BOOLEAN, a.node(), " = ", b.node(), uses=("=",))
    return using(optional(" where ", equal, uses=("WHERE",)), "correlated")
