"""Window functions: partitions, orders, frames of every unit, named windows."""

from functools import cache

from local_cloud.athena.engines.duck_sql.registry import IMPLEMENTATIONS
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.signatures.declared import WINDOW, Declared, catalogue
from local_cloud.athena.sql.types import Type
from tests.conformance.generate.aggregates import aggregates, direction, total_order
from tests.conformance.generate.calls import UNKNOWN_SHARE, arguments, at_place
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.literals import exactly
from tests.conformance.generate.moments import interval
from tests.conformance.generate.node import NOTHING, Node, listed, optional, part, value
from tests.conformance.generate.scope import Column, Scope
from tests.conformance.generate.selects import Query, item, query, wished
from tests.conformance.generate.sources import source, where
from tests.conformance.generate.values import expression, producer

_RANKS = ("rank", "dense_rank", "percent_rank", "cume_dist")
# Of rows that are equal in the order, all see the same frame: their answer is settled.
_OF_FRAMES = ("count", "sum", "min", "max", "avg", "bool_and", "bool_or", "count_if", "every")
_UNFRAMED = (*_RANKS, "lag", "lead", "row_number", "ntile")
_NULLS = ("lag", "lead", "first_value", "last_value", "nth_value")
_NUMBERS = ("0", "1", "2", "3", "1", "2")


@cache
def window_functions() -> tuple[Declared, ...]:
    """The functions that only windows have, then the aggregates."""
    only = [one for ones in catalogue().values() for one in ones if one.kind == WINDOW]
    return (*sorted(only, key=lambda one: one.key), *aggregates())


@producer(30)
def any_window(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node | None:
    """A window function that gives about this type, where there may be one."""
    if not scope.windows:
        return None
    for _ in range(60):
        one = draw.pick(window_functions())
        if one.result.base != kind.name and one.result.base not in one.variables:
            continue
        if one.key not in IMPLEMENTATIONS and not draw.maybe(UNKNOWN_SHARE / 2):
            continue
        if (made := window(draw, scope, one, depth, kind)) is not None:
            return made
    return None


def windowed(draw: Draw, outer: tuple[Column, ...], depth: int, place: int) -> Query:
    """A query with a window function: the one whose turn it is."""
    read = source(draw, outer, depth - 2)
    inner = Scope(read.columns, outer, subqueries=False)
    names, defined = _defined(draw, inner)
    scope = Scope(read.columns, outer, windows=True, named_windows=names, subqueries=False)
    made = [item(draw, one.node(), key=True) for one in inner.row_keys()]
    for _ in range(8):
        one = at_place(draw, window_functions(), place)
        call = window(draw, scope, one, depth)
        if call is not None:
            made.append(item(draw, call))
            break
    if len(made) < 2:
        made.append(item(draw, expression(draw, scope, wished(draw, scope), depth)))
    node = query(
        "select ",
        listed([one for one, _ in made]),
        optional(" from ", read.node, where(draw, inner, 2, 0.3)),
        defined,
    )
    return Query(node, tuple(column for _, column in made))


def window(
    draw: Draw, scope: Scope, declared: Declared, depth: int, wanted: Type | None = None
) -> Node | None:
    """`f(…) over (…)`."""
    inside = scope.plain()
    if declared.name == "listagg":
        return None
    made = arguments(draw, inside, declared, min(depth, 2), wanted)
    if made is None or made.meant is None:
        return None
    star = part("*" * (declared.name == "count"))
    body = listed(made.nodes, least=len(made.nodes)) if made.nodes else star
    nulls: Node = NOTHING
    if declared.name in _NULLS and draw.maybe(0.3):
        word = draw.pick(("ignore", "respect"))
        nulls = optional(f" {word} nulls", uses=(f"{word.upper()} NULLS",))
    over = _over(draw, scope, declared)
    return value(
        made.meant[1],
        f"{declared.name}(",
        body,
        ")",
        nulls,
        " over ",
        over,
        uses=(made.meant[0], "OVER"),
        atom=True,
    )


def _over(draw: Draw, scope: Scope, declared: Declared) -> Node:
    if scope.named_windows and draw.maybe(0.4):
        name = draw.pick(scope.named_windows)
        if draw.maybe(0.6) or declared.name in _UNFRAMED:
            return part(name, uses=("OVER name",))
        frame = _frame(draw, scope.plain(), None)
        return part("(", name, frame, ")", uses=("OVER (name …)",))
    return part("(", *_specification(draw, scope.plain(), declared), ")")


def _specification(draw: Draw, inside: Scope, declared: Declared) -> tuple[Node, ...]:
    framed = declared.name not in _UNFRAMED and draw.maybe(0.55)
    tied = declared.name in _RANKS or (declared.name in _OF_FRAMES and draw.maybe(0.5))
    if tied and framed and draw.maybe(0.35) and (ranged := _ranged(draw, inside)) is not None:
        return (_partition(draw, inside), *ranged)
    order = _order(draw, inside, tied)
    frame: Node = NOTHING
    if framed:
        units = ("range", "groups") if tied else ("rows", "range", "groups")
        frame = _frame(draw, inside, units)
    return _partition(draw, inside), order, frame


def _partition(draw: Draw, inside: Scope) -> Node:
    columns = [one for one in inside.columns if t.is_comparable(one.type)]
    if not columns or not draw.maybe(0.5):
        return NOTHING
    keys = [one.node() for one in draw.some(columns, 1, 2)]
    return optional("partition by ", listed(keys), uses=("PARTITION BY",))


def _order(draw: Draw, inside: Scope, tied: bool) -> Node:
    """By columns; by all that tells the rows apart where the answer depends on it."""
    keys = inside.row_keys()
    columns = [one for one in inside.columns if t.is_orderable(one.type)]
    if tied and columns:
        items = [part(one.node(), direction(draw)) for one in draw.some(columns, 1, 2)]
        return part(" order by ", listed(items, least=1), uses=("OVER ORDER BY",))
    if not keys:
        return NOTHING
    if draw.maybe(0.5) and columns:
        first = part(draw.pick(columns).node(), direction(draw))
        inner = listed((first, total_order(draw, keys)), least=2)
    else:
        inner = total_order(draw, keys)
    return part(" order by ", inner, uses=("OVER ORDER BY",))


# ---- frames ---------------------------------------------------------------------------------


def _frame(draw: Draw, inside: Scope, units: tuple[str, ...] | None) -> Node:
    """` rows between 1 preceding and current row`, without a distance for RANGE."""
    if not inside.row_keys():
        # Rows that nothing puts into an order are counted in the order in which they come.
        units = ("range",)
    unit = draw.pick(units or ("rows", "range", "groups"))
    start, end = _bounds(draw, inside, counted=unit != "range")
    return optional(f" {unit} ", *_between(draw, start, end), uses=(f"{unit.upper()} frame",))


def _between(draw: Draw, start: Node, end: Node | None) -> tuple[Node | str, ...]:
    return (start,) if end is None else ("between ", start, " and ", end)


def _bounds(draw: Draw, inside: Scope, counted: bool) -> tuple[Node, Node | None]:
    starts = ["unbounded preceding", "current row"]
    ends = ["unbounded following", "current row"]
    if not counted:
        start = part(draw.pick(starts))
        return start, part(draw.pick(ends)) if draw.maybe(0.8) else None
    order = (
        "unbounded preceding",
        "preceding",
        "current row",
        "following",
        "unbounded following",
    )
    first = draw.between(0, 3)
    last = draw.between(max(first, 1), 4) if draw.maybe(0.97) else draw.between(0, 4)
    start = _bound(draw, inside, order[first])
    if draw.maybe(0.2) and first < 3:
        return start, None
    return start, _bound(draw, inside, order[last])


def _bound(draw: Draw, inside: Scope, kind: str) -> Node:
    if kind not in ("preceding", "following"):
        return part(kind)
    columns = [one for one in inside.columns if one.type.name in t.INTEGERS]
    if columns and draw.maybe(0.1):
        inner = f"coalesce(abs(try_cast({draw.pick(columns).name} as bigint)), 1)"
        return part(f"{inner} {kind}", uses=("frame by column",))
    return part(f"{draw.pick(_NUMBERS)} {kind}")


def _ranged(draw: Draw, inside: Scope) -> tuple[Node, Node] | None:
    """` order by x range between 5 preceding and …`: a distance in the order's own unit."""
    columns = [
        one
        for one in inside.columns
        if one.type.name in (*t.NUMERIC, "date", "timestamp", "interval day to second")
    ]
    if not columns:
        return None
    column = draw.pick(columns)
    word = draw.pick(("", " desc", " nulls first"))
    order = part(" order by ", column.name, word, uses=("OVER ORDER BY",))

    def bound(kind: str) -> Node:
        if kind in ("preceding", "following"):
            return part(_distance(draw, column.type), f" {kind}")
        return part(kind)

    start = bound(draw.pick(("unbounded preceding", "preceding", "current row")))
    end = bound(draw.pick(("unbounded following", "following", "current row")))
    frame = part(" range between ", start, " and ", end, uses=("RANGE frame by distance",))
    return order, frame


def _distance(draw: Draw, kind: Type) -> Node:
    if kind.name in t.NUMERIC:
        number = value(t.INTEGER, draw.pick(_NUMBERS), atom=True)
        return number if kind.name not in ("tinyint", "smallint") else exactly(kind, number)
    months = kind.name != "interval day to second" and draw.maybe(0.3)
    made = t.MONTH_INTERVAL if months else t.DAY_INTERVAL
    while True:
        found = interval(draw, made)
        # A frame's distance may not be negative.
        if "-" not in str(found.parts[0]).replace("-0", ""):
            return found


def _defined(draw: Draw, inner: Scope) -> tuple[tuple[str, ...], Node]:
    """` window w1 as (…), w2 as (w1 …)`."""
    if not draw.maybe(0.3):
        return (), NOTHING
    name = draw.name("w")
    parts: list[Node | str] = [
        f" window {name} as (",
        _partition(draw, inner),
        _order(draw, inner, tied=False),
        ")",
    ]
    names = [name]
    if draw.maybe(0.3):
        second = draw.name("w")
        parts.append(f", {second} as ({name})")
        names.append(second)
    return tuple(names), part(*parts, uses=("WINDOW",))
