"""GROUP BY with its sets, HAVING and grouping()."""

from local_cloud.athena.sql import types as t
from tests.conformance.generate.aggregates import aggregate, aggregates
from tests.conformance.generate.calls import at_place
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.node import (
    NOTHING,
    Node,
    listed,
    optional,
    part,
    text,
    value,
)
from tests.conformance.generate.scope import Column, Scope
from tests.conformance.generate.selects import Query, item, query, wished
from tests.conformance.generate.sources import Source, source, where
from tests.conformance.generate.values import condition, expression, producer


def grouped(
    draw: Draw,
    outer: tuple[Column, ...],
    depth: int,
    place: int | None = None,
    read: Source | None = None,
) -> Query:
    """A query with groups. `place` says whose turn it is among the aggregates."""
    read = read or source(draw, outer, depth - 2)
    inner = Scope(read.columns, outer, subqueries=False)
    keys = _keys(draw, inner)
    by, sets = _group_by(draw, keys)
    # NULL is a group of its own, and a set without the key shows it too.
    shown = tuple(Column(one.name, one.type, key=not sets) for one in keys)
    scope = Scope(
        shown,
        outer,
        grouped=inner,
        grouping_keys=shown if sets else (),
        windows=draw.maybe(0.08),
        subqueries=depth > 2,
    )
    made = [item(draw, one.node(), key=not sets) for one in shown if draw.maybe(0.9)]
    made += [item(draw, one) for one in _calls(draw, scope, depth, place)]
    node = query(
        "select ",
        listed([one for one, _ in made]),
        optional(" from ", read.node, where(draw, inner, 2, 0.3)),
        by,
        _having(draw, scope, depth) if keys or draw.maybe(0.3) else NOTHING,
    )
    return Query(node, tuple(column for _, column in made))


def _calls(draw: Draw, scope: Scope, depth: int, place: int | None) -> list[Node]:
    found: list[Node] = []
    if place is not None:
        for _ in range(8):
            one = at_place(draw, aggregates(), place)
            made = aggregate(draw, scope, one, depth)
            if made is not None:
                found.append(made)
                break
    if scope.grouping_keys and draw.maybe(0.4):
        sets = grouping(draw, scope, t.INTEGER, depth)
        found += [sets] if sets is not None else []
    if not found or draw.maybe(0.4):
        assert scope.grouped is not None
        found.append(expression(draw, scope, wished(draw, scope.grouped), depth))
    return found


def _keys(draw: Draw, inner: Scope) -> tuple[Column, ...]:
    """Columns, and now and then an expression, by which rows can be grouped."""
    columns = [one for one in inner.columns if t.is_comparable(one.type)]
    found = draw.some(columns, 0, 2) if columns else []
    keys = [Column(one.name, one.type) for one in found]
    if draw.maybe(0.2):
        kind = wished(draw, inner)
        made = expression(draw, Scope(inner.columns, subqueries=False), kind, 1)
        if made.type is not None and t.is_comparable(made.type) and not made.atom:
            keys.append(Column(f"({text(made)})", made.type))
    return tuple(keys)


def _group_by(draw: Draw, keys: tuple[Column, ...]) -> tuple[Node, bool]:
    """The clause, and whether it has sets with fewer keys."""
    if not keys:
        empty = part(" group by ()", uses=("GROUP BY ()",))
        return (empty if draw.maybe(0.2) else NOTHING), False
    names = [one.name for one in keys]
    listed_names = ", ".join(names)
    if draw.maybe(0.55):
        return part(f" group by {listed_names}", uses=("GROUP BY",)), False
    first, rest = names[0], ", ".join(names[1:]) or names[0]
    clauses = (
        (f"grouping sets (({listed_names}), ({first}), ())", "GROUPING SETS"),
        (f"grouping sets (({first}), {rest})", "GROUPING SETS"),
        (f"rollup ({listed_names})", "ROLLUP"),
        (f"cube ({listed_names})", "CUBE"),
        (f"{first}, rollup ({rest})", "ROLLUP"),
        (f"rollup ({listed_names}), cube ({first})", "CUBE"),
        (f"grouping sets ((), ({first})), {rest}", "GROUPING SETS"),
    )
    clause, use = draw.pick(clauses)
    if draw.maybe(0.25):
        uses = (use, "GROUP BY DISTINCT")
        return part(f" group by distinct {clause}", uses=uses), True
    return part(f" group by {clause}", uses=(use,)), True


def _having(draw: Draw, scope: Scope, depth: int) -> Node:
    if not draw.maybe(0.25):
        return NOTHING
    plain = Scope(scope.columns, scope.outer, grouped=scope.grouped, subqueries=False)
    return optional(" having ", condition(draw, plain, min(depth, 2)), uses=("HAVING",))


@producer(20, "integer")
def grouping(draw: Draw, scope: Scope, kind: t.Type, depth: int) -> Node | None:
    """`grouping(a, b)`."""
    del kind, depth
    columns = [one for one in scope.grouping_keys if not one.name.startswith("(")]
    if not columns:
        return None
    names = ", ".join(one.name for one in draw.some(columns, 1, 2))
    return value(t.INTEGER, f"grouping({names})", uses=("GROUPING()",), atom=True)
