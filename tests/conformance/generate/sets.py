"""Whole queries of queries: UNION, INTERSECT, EXCEPT, WITH, VALUES and TABLE."""

from local_cloud.athena.sql import types as t
from tests.conformance.generate import kinds
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.grouped import grouped
from tests.conformance.generate.literals import constant, exactly
from tests.conformance.generate.node import RELATION, Node, listed, part
from tests.conformance.generate.scope import WEIGHTS, Column, Scope
from tests.conformance.generate.selects import Query, behind, ended, query, select
from tests.conformance.generate.sources import (
    MAKERS,
    Source,
    join,
    table_called,
    unnested,
    where,
)

_SETS = (
    "union",
    "union all",
    "union distinct",
    "intersect",
    "intersect all",
    "except",
    "except all",
)


def combined(draw: Draw, depth: int) -> Query:
    """Two or three queries with columns of the same types, as sets."""
    types = [kinds.some_type(draw, t.is_comparable) for _ in range(draw.between(1, 2))]
    made = select(draw, (), depth - 1, types)
    for _ in range(draw.weighted(((5, 1), (2, 2)))):
        other = _side(draw, types, depth)
        word = draw.pick(_SETS)
        node = query(made.node, f" {word} ", other.node, uses=(word.upper(),))
        made = Query(node, made.columns)
    return made


def _side(draw: Draw, types: list[t.Type], depth: int) -> Query:
    if draw.maybe(0.3):
        return literal_rows(draw, types)
    made = select(draw, (), depth - 1, types)
    return Query(query("(", made.node, ")"), made.columns) if draw.maybe(0.2) else made


def literal_rows(draw: Draw, types: list[t.Type]) -> Query:
    """`values (…), (…)`."""
    made = []
    for at in range(draw.between(1, 3)):
        items = [constant(draw, one, 0.15) for one in types]
        if at == 0:
            items = [exactly(kind, one) for kind, one in zip(types, items, strict=True)]
        if len(items) == 1 and draw.maybe(0.5):
            made.append(items[0])
        else:
            made.append(part("(", listed(items, least=len(items)), ")"))
    columns = tuple(Column(f"_col{at}", one) for at, one in enumerate(types))
    return Query(query("values ", listed(made), uses=("VALUES",)), columns)


def with_(draw: Draw, depth: int) -> Query:
    """`with q1 as (…) select … from q1`, read once or twice."""
    name = draw.name("q")
    named = ended(draw, _plain(draw, depth - 1), 0.2, 0.9)
    columns = f"({', '.join(f'd{at + 1}' for at in range(len(named.columns)))})"
    renamed = draw.maybe(0.3)
    inner = named.columns
    if renamed:
        inner = tuple(Column(f"d{at + 1}", one.type, one.key) for at, one in enumerate(inner))

    def read() -> Source:
        alias = draw.name("r")
        return Source(Node(RELATION, (f"{name} {alias}",)), behind(alias, inner))

    source = read()
    if draw.maybe(0.25):
        other = read()
        source = Source(
            Node(RELATION, (source.node, " cross join ", other.node), uses=("CROSS JOIN",)),
            (*source.columns, *other.columns),
        )
    outer = (
        grouped(draw, (), depth, read=source)
        if draw.maybe(0.3)
        else select(draw, (), depth, read=source)
    )
    head = f"with {name}{columns if renamed else ''} as ("
    return Query(query(head, named.node, ") ", outer.node, uses=("WITH",)), outer.columns)


def _plain(draw: Draw, depth: int) -> Query:
    if draw.maybe(0.3):
        types = [kinds.some_type(draw) for _ in range(draw.between(1, 2))]
        found = literal_rows(draw, types)
        # Its columns have no names: WITH gives them some.
        return Query(
            query("select * from (", found.node, f") v({', '.join('ab'[: len(types)])})"),
            tuple(Column("ab"[at], one) for at, one in enumerate(types)),
        )
    return grouped(draw, (), depth) if draw.maybe(0.3) else select(draw, (), depth)


def joined(draw: Draw, depth: int) -> Query:
    """A query over relations beside one another: joins, UNNEST, LATERAL, queries in FROM."""
    maker = draw.weighted([(6, join), (4, unnested), *MAKERS])
    return select(draw, (), depth, read=maker(draw, (), depth))


def starred(draw: Draw, depth: int) -> Query:
    """`select * from …`, `select r1.* …`, `table …`."""
    del depth
    # Not t8, of which two columns are left out.
    read = table_called(draw, draw.pick([one for one in WEIGHTS if one != "t8"]))
    alias = read.columns[0].name.partition(".")[0]
    scope = Scope(read.columns, subqueries=False)
    columns = tuple(
        Column(one.name.rpartition(".")[2], one.type, one.key) for one in read.columns
    )
    form = draw.pick(("*", f"{alias}.*", "table", "row.*"))
    if form == "table":
        name = read.node.parts[0]
        return Query(query("table ", name, uses=("TABLE",)), columns)
    if form == "row.*":
        node = query(f"select ({alias}.point).* from ", "odd_nested ", alias, uses=("row.*",))
        fields = zip(("x", "y", "name"), (t.DOUBLE, t.DOUBLE, t.VARCHAR), strict=True)
        return Query(node, tuple(Column(name, kind) for name, kind in fields))
    use = "SELECT *" if form == "*" else "SELECT r.*"
    node = query(f"select {form} from ", read.node, where(draw, scope, 2, 0.4), uses=(use,))
    return Query(node, columns)
