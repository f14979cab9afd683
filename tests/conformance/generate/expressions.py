"""Themes of one expression, over one row or over the rows of one table: there values differ."""

from collections.abc import Callable

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.type_names import can_cast
from local_cloud.athena.sql.types import Type
from tests.conformance.generate import kinds, literals
from tests.conformance.generate.calls import at_place, call, scalars
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.node import NOTHING, Node, listed, optional, value
from tests.conformance.generate.scope import Column, Demand, Scope, tables
from tests.conformance.generate.selects import query
from tests.conformance.generate.sources import table_called, values
from tests.conformance.generate.texts import quoted
from tests.conformance.generate.texts import text_of as written
from tests.conformance.generate.values import condition, expression

# Makes the one expression that a statement is about.
Make = Callable[[Draw, Scope, int], Node | None]
DEPTH = 3
# The pairs of types, by their names, between which there is a cast.
PAIRS = tuple(
    (a, b)
    for a in (*kinds.SCALARS, "unknown")
    for b in kinds.SCALARS
    if can_cast(Type(a), Type(b))
)


def scalar(draw: Draw, place: int) -> Node:
    def made(draw: Draw, scope: Scope, depth: int) -> Node | None:
        for _ in range(6):
            one = at_place(draw, scalars(), place)
            if (found := call(draw, scope, one, depth)) is not None:
                return found
        return None

    return _over_rows(draw, made)


def cast(draw: Draw, place: int) -> Node:
    def made(draw: Draw, scope: Scope, depth: int) -> Node:
        source, to = PAIRS[place % len(PAIRS)]
        wide = draw.maybe(0.15)
        from_ = kinds.some_type(draw) if wide and source == to else _of_base(draw, source)
        into = _cast_of(draw, from_) if wide else _of_base(draw, to)
        inner = _cast_source(draw, scope, from_, into, depth)
        assert inner.type is not None
        safe = draw.maybe(0.3)
        use = literals.cast_use(inner.type, into)
        return literals.cast_to(into, inner, safe, (use, "TRY_CAST") if safe else (use,))

    return _over_rows(draw, made)


def _of_base(draw: Draw, base: str) -> Type:
    return t.UNKNOWN if base == "unknown" else kinds.sized(draw, base)


def _cast_of(draw: Draw, source: Type) -> Type:
    for _ in range(20):
        found = kinds.some_type(draw)
        if can_cast(source, found):
            return found
    return source if source != t.UNKNOWN else t.VARCHAR


def _cast_source(draw: Draw, scope: Scope, source: Type, to: Type, depth: int) -> Node:
    """Texts that can be read as the type that is wanted, mostly."""
    if source.name in ("varchar", "char") and not to.args and draw.maybe(0.75):
        found = written(draw, to)
        kind = t.varchar(len(found))
        made = value(kind, quoted(found), uses=("literal varchar",), atom=True)
        return literals.exactly(source, made) if source.name == "char" else made
    return (
        literals.exactly(source, expression(draw, scope, source, depth - 2))
        if source != t.UNKNOWN
        else literals.null(draw, source)
    )


def predicate(draw: Draw, place: int) -> Node:
    del place
    if draw.maybe(0.25):
        return _filtered(draw)
    return _over_rows(draw, lambda draw, scope, depth: condition(draw, scope, depth))


def _filtered(draw: Draw) -> Node:
    """The rows of a table for which a condition is true."""
    read = table_called(
        draw, draw.pick(("odd_numbers", "odd_texts", "odd_times", "odd_nested"))
    )
    test = condition(draw, Scope(read.columns), DEPTH - 1)
    return query(
        "select ",
        read.columns[0].node(),
        " from ",
        read.node,
        optional(" where ", test, uses=("WHERE",)),
    )


def literal(draw: Draw, place: int) -> Node:
    del place

    def made(draw: Draw, scope: Scope, depth: int) -> Node:
        del scope, depth
        return literals.constant(draw, kinds.some_type(draw, depth=2))

    return _over_rows(draw, made)


def free(draw: Draw, place: int) -> Node:
    del place

    def made(draw: Draw, scope: Scope, depth: int) -> Node:
        return expression(draw, scope, kinds.some_type(draw), depth)

    return _over_rows(draw, made)


def _over_rows(draw: Draw, make: Make) -> Node:
    """`select …` alone, over VALUES made for it, or over some rows of a table."""
    form = draw.weighted(((3, _alone), (3, _values), (4, _table)))
    return form(draw, make)


def _made(draw: Draw, scope: Scope, make: Make) -> Node:
    found = make(draw, scope, DEPTH)
    return found if found is not None else expression(draw, scope, kinds.some_type(draw), DEPTH)


def _alone(draw: Draw, make: Make) -> Node:
    made = [_made(draw, Scope(), make)]
    if draw.maybe(0.1):
        made.append(_made(draw, Scope(), make))
    return query("select ", listed(made))


def _values(draw: Draw, make: Make) -> Node:
    alias = draw.name("r")
    demand = Demand(alias)
    made = _made(draw, Scope(demand=demand), make)
    columns = demand.columns
    if not columns:
        return query("select ", listed((made,)))
    key = Column(f"{alias}.n", t.INTEGER).node()
    read = values(draw, alias, columns, numbered=True, most=3)
    return query("select ", listed((key, made)), optional(" from ", read))


def _table(draw: Draw, make: Make) -> Node:
    name = draw.weighted(
        (
            (6, "odd_numbers"),
            (5, "odd_texts"),
            (4, "odd_times"),
            (5, "odd_nested"),
            (1, "t7"),
            (1, "t8"),
        )
    )
    read = table_called(draw, name)
    made = _made(draw, Scope(read.columns), make)
    alias = read.columns[0].name.partition(".")[0]
    items = [made]
    if any(one.name == "id" for one in tables()[name]):
        items.insert(0, read.columns[0].node())
    chosen = _some_rows(draw, f"{alias}.id") if len(items) > 1 else NOTHING
    return query("select ", listed(items), optional(" from ", read.node, chosen))


def _some_rows(draw: Draw, name: str) -> Node:
    """Mostly a few rows: among all of them there is always one that some function refuses."""
    if draw.maybe(0.2):
        return NOTHING
    numbers = sorted({draw.between(1, 30) for _ in range(draw.pick((1, 2, 3, 4)))})
    listed_numbers = ", ".join(map(str, numbers))
    condition_ = (
        f"{name} = {numbers[0]}" if len(numbers) == 1 else f"{name} in ({listed_numbers})"
    )
    return optional(f" where {condition_}", uses=("WHERE",))
