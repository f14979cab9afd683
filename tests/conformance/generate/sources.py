"""What a query reads: tables, VALUES, joins, UNNEST; other modules add queries of their own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type
from tests.conformance.generate import kinds
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.literals import constant, exactly
from tests.conformance.generate.node import (
    NOTHING,
    RELATION,
    ROWS,
    Node,
    listed,
    operand,
    optional,
    part,
    value,
)
from tests.conformance.generate.scope import ROW_COUNTS, WEIGHTS, Column, Scope, tables
from tests.conformance.generate.values import condition, expression

_SMALL = 30


@dataclass(frozen=True, slots=True)
class Source:
    """A relation of FROM with the columns that it shows."""

    node: Node
    columns: tuple[Column, ...]


# Gives a relation; the columns are those of the queries around the one that reads it.
Maker = Callable[[Draw, tuple[Column, ...], int], Source]
MAKERS: list[tuple[float, Maker]] = []


def source(draw: Draw, outer: tuple[Column, ...], depth: int) -> Source:
    """Any relation; at the end of the depth a table or VALUES."""
    simple: list[tuple[float, Maker]] = [(10, table), (4, rows)]
    if depth <= 0:
        return draw.weighted(simple)(draw, outer, 0)
    return draw.weighted([*simple, (5, join), (4, unnested), *MAKERS])(draw, outer, depth)


def table(draw: Draw, outer: tuple[Column, ...], depth: int) -> Source:
    """A table under an alias."""
    del outer, depth
    return table_called(draw, draw.weighted((w, name) for name, w in WEIGHTS.items()))


def small_table(draw: Draw) -> Source:
    """A table that can be joined without a condition."""
    names = [one for one in WEIGHTS if ROW_COUNTS[one] <= _SMALL]
    return table_called(draw, draw.weighted((WEIGHTS[name], name) for name in names))


def table_called(draw: Draw, name: str) -> Source:
    """This table under an alias."""
    alias = draw.name("r")
    columns = tuple(replace(one, name=f"{alias}.{one.name}") for one in tables()[name])
    node = Node(RELATION, (Node(ROWS, (name,)), f" {alias}"), uses=("FROM table",))
    return Source(node, columns)


def rows(draw: Draw, outer: tuple[Column, ...], depth: int) -> Source:
    """`(values (…), (…)) r1(n, c1, c2)`; the first column numbers the rows."""
    del outer, depth
    alias = draw.name("r")
    types = [kinds.some_type(draw) for _ in range(draw.between(1, 3))]
    columns = tuple(Column(f"{alias}.c{at + 1}", one) for at, one in enumerate(types))
    key = Column(f"{alias}.n", t.INTEGER, key=True)
    return Source(values(draw, alias, columns, numbered=True), (key, *columns))


def values(
    draw: Draw, alias: str, columns: Sequence[Column], numbered: bool, most: int = 4
) -> Node:
    """The rows of these columns, with constants of their types."""
    made = []
    for at in range(draw.between(1, most)):
        number = (value(t.INTEGER, str(at + 1), atom=True),) if numbered else ()
        # One item with exactly the type, so that the column has it too.
        items = [_of_type(draw, one.type, first=at == 0) for one in columns]
        made.append(part("(", listed((*number, *items), least=len(items) + numbered), ")"))
    names = ["n"] * numbered + [one.name.rpartition(".")[2] for one in columns]
    return Node(
        RELATION,
        ("(values ", listed(made), f") {alias}({', '.join(names)})"),
        uses=("VALUES",),
    )


def _of_type(draw: Draw, kind: Type, first: bool) -> Node:
    found = constant(draw, kind, 0.15)
    return exactly(kind, found) if first else found


# ---- joins ----------------------------------------------------------------------------------


def join(draw: Draw, outer: tuple[Column, ...], depth: int) -> Source:
    """Two relations, or three, on a condition."""
    left = small_table(draw) if draw.maybe(0.8) else rows(draw, outer, 0)
    made = _joined(draw, left, _other(draw, outer, depth))
    if draw.maybe(0.15):
        made = _joined(draw, made, rows(draw, outer, 0))
    return made


def _other(draw: Draw, outer: tuple[Column, ...], depth: int) -> Source:
    drawn = draw.weighted(((6, "table"), (3, "rows"), (2, "query")))
    if drawn == "query" and MAKERS:
        return MAKERS[0][1](draw, (), depth - 1)
    return small_table(draw) if drawn == "table" else rows(draw, outer, 0)


def _joined(draw: Draw, left: Source, right: Source) -> Source:
    kind = draw.weighted(
        (
            (4, "join"),
            (4, "left join"),
            (2, "right join"),
            (2, "full join"),
            (2, "cross join"),
            (1, "inner join"),
            (1, ","),
            (1, "left outer join"),
        )
    )
    columns = (*left.columns, *right.columns)
    if kind in ("cross join", ","):
        comma = kind == ","
        between = ", " if comma else " cross join "
        use = "FROM a, b" if comma else "CROSS JOIN"
        return Source(Node(RELATION, (left.node, between, right.node), uses=(use,)), columns)
    use = kind.replace(" outer", "").upper()
    if draw.maybe(0.15) and (same := _same_name(draw, left, right)) is not None:
        return _using(left, right, kind, use, same)
    on = _on(draw, left, right, kind)
    node = Node(RELATION, (left.node, f" {kind} ", right.node, " on ", on), uses=(use,))
    return Source(node, columns)


def _on(draw: Draw, left: Source, right: Source, kind: str) -> Node:
    """An equation of two columns, with more beside it now and then."""
    scope = Scope((*left.columns, *right.columns), subqueries=False)
    pairs = [
        (a, b)
        for a in left.columns
        for b in right.columns
        if t.is_comparable(a.type)
        and (kinds.fits(a.type, b.type) or kinds.fits(b.type, a.type))
    ]
    if not pairs or draw.maybe(0.08):
        return condition(draw, scope, 2)
    terms = [
        operand(value(t.BOOLEAN, a.node(), " = ", b.node(), uses=("=",), atom=True))
        for a, b in draw.some(pairs, 1, 1 if draw.maybe(0.8) else 2)
    ]
    # Trino has no FULL JOIN on more than equations of both sides.
    if draw.maybe(0.05 if kind.startswith("full") else 0.3):
        terms.append(operand(condition(draw, scope, 1)))
    return value(t.BOOLEAN, listed(terms, " and "), uses=("JOIN ON",))


def _same_name(draw: Draw, left: Source, right: Source) -> str | None:
    def named(of: Source) -> dict[str, list[Type]]:
        found: dict[str, list[Type]] = {}
        for one in of.columns:
            found.setdefault(one.name.rpartition(".")[2], []).append(one.type)
        return found

    ours, theirs = named(left), named(right)
    both = [
        name
        for name in ours
        if len(ours[name]) == 1
        and len(theirs.get(name, ())) == 1
        and t.is_comparable(ours[name][0])
        and (
            kinds.fits(ours[name][0], theirs[name][0])
            or kinds.fits(theirs[name][0], ours[name][0])
        )
    ]
    return draw.pick(both) if both else None


def _using(left: Source, right: Source, kind: str, use: str, name: str) -> Source:
    def others(of: Source) -> list[Column]:
        return [one for one in of.columns if one.name.rpartition(".")[2] != name]

    shared = next(one for one in left.columns if one.name.rpartition(".")[2] == name)
    other = next(one for one in right.columns if one.name.rpartition(".")[2] == name)
    wider = other.type if kinds.fits(shared.type, other.type) else shared.type
    node = Node(
        RELATION,
        (left.node, f" {kind} ", right.node, f" using ({name})"),
        uses=(use, "USING"),
    )
    return Source(node, (Column(name, wider), *others(left), *others(right)))


# ---- UNNEST ---------------------------------------------------------------------------------


def unnested(draw: Draw, outer: tuple[Column, ...], depth: int) -> Source:
    """`… cross join unnest(…) [with ordinality] r2(e, o)`, or UNNEST alone."""
    alone = draw.maybe(0.3)
    left = (
        None
        if alone
        else draw.weighted(((3, table_called(draw, "odd_nested")), (1, rows(draw, outer, 0))))
    )
    scope = Scope(left.columns if left else (), outer=outer, subqueries=False)
    items, inner = [], []
    for _ in range(draw.weighted(((5, 1), (2, 2)))):
        item, types = _unnestable(draw, scope, depth)
        items.append(item)
        inner += types
    ordinality = left is None or draw.maybe(0.7)
    alias = draw.name("r")
    columns = [Column(f"{alias}.e{at + 1}", one) for at, one in enumerate(inner)]
    if ordinality:
        columns.append(Column(f"{alias}.o", t.BIGINT, key=True))
    names = ", ".join(one.name.rpartition(".")[2] for one in columns)
    call: tuple[Node | str, ...] = (
        "unnest(",
        listed(items, least=len(items)),
        ")",
        part(" with ordinality", uses=("WITH ORDINALITY",)) if ordinality else NOTHING,
        f" as {alias}({names})",
    )
    if left is None:
        return Source(Node(RELATION, call, uses=("UNNEST",)), tuple(columns))
    return _beside(draw, left, call, columns, ordinality)


def _beside(
    draw: Draw,
    left: Source,
    call: tuple[Node | str, ...],
    columns: list[Column],
    ordinality: bool,
) -> Source:
    between, behind, use = draw.weighted(
        (
            (6, (" cross join ", "", "CROSS JOIN UNNEST")),
            (2, (", ", "", "CROSS JOIN UNNEST")),
            (2, (" left join ", " on true", "LEFT JOIN UNNEST")),
        )
    )
    node = Node(RELATION, (left.node, between, *call, behind), uses=("UNNEST", use))
    # Without the ordinality nothing tells the elements of one row apart.
    kept = (
        left.columns if ordinality else tuple(replace(one, key=False) for one in left.columns)
    )
    return Source(node, (*kept, *columns))


def _unnestable(draw: Draw, scope: Scope, depth: int) -> tuple[Node, list[Type]]:
    found = [one for one in scope.columns if one.type.name in ("array", "map")]
    if found and draw.maybe(0.7):
        column = draw.pick(found)
        return column.node(), _elements(column.type)
    kind = draw.weighted(
        (
            (4, t.array(kinds.some_type(draw, depth=0))),
            (2, t.map_of(kinds.scalar(draw, t.is_comparable), kinds.some_type(draw, depth=0))),
            (2, t.array(t.row((kinds.scalar(draw), kinds.scalar(draw))))),
        )
    )
    return exactly(kind, expression(draw, scope, kind, depth - 1)), _elements(kind)


def _elements(kind: Type) -> list[Type]:
    """The columns that UNNEST makes: two of a map, a row's fields."""
    if kind.name == "map":
        return list(kind.args)
    inner = kind.args[0]
    return list(inner.args) if inner.name == "row" else [inner]


def where(draw: Draw, scope: Scope, depth: int, share: float) -> Node:
    """` where …`, in this share of cases."""
    if not draw.maybe(share):
        return NOTHING
    return optional(" where ", condition(draw, scope, depth), uses=("WHERE",))
