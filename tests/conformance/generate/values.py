"""Expressions of a wanted type: a leaf, or one of the forms that other modules register here."""

from collections.abc import Callable

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.type_names import can_cast
from local_cloud.athena.sql.types import Type
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.kinds import OPAQUE, fits
from tests.conformance.generate.literals import cast_to, cast_use, constant, exactly
from tests.conformance.generate.node import Node, value
from tests.conformance.generate.scope import Scope

# Gives an expression of the wanted type, or of one that can be cast to it; None where it has none.
Producer = Callable[[Draw, Scope, Type, int], Node | None]
PRODUCERS: list[tuple[float, str | None, Producer]] = []
_LEAF = 25.0
_TRIES = 3


def producer(weight: float, base: str | None = None) -> Callable[[Producer], Producer]:
    """Register a form; the heavier, the more often it is drawn. `base`: only for such types."""

    def register(function: Producer) -> Producer:
        PRODUCERS.append((weight, base, function))
        # The order of imports is not to change what is drawn.
        PRODUCERS.sort(key=lambda one: (one[2].__module__, one[2].__name__))
        return function

    return register


def expression(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """An expression that fits where this type is wanted."""
    if depth > 0 and kind.name not in OPAQUE and draw.burn():
        known = [(w, one) for w, base, one in PRODUCERS if base in (None, kind.name)]
        for _ in range(_TRIES):
            made = draw.weighted([(_LEAF, leaf), *known])(draw, scope, kind, depth)
            if made is not None and (suited := _suited(made, kind)) is not None:
                return suited
    return leaf(draw, scope, kind, depth)


def exact(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """An expression of exactly this type."""
    return exactly(kind, expression(draw, scope, kind, depth))


def _suited(made: Node, kind: Type) -> Node | None:
    assert made.type is not None
    if fits(made.type, kind):
        return made
    if can_cast(made.type, kind):
        return cast_to(kind, made, uses=(cast_use(made.type, kind),))
    return None


def leaf(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """A column, seldom one that is cast, or a constant."""
    del depth
    found = scope.find(draw, kind)
    if found is not None and draw.maybe(0.75):
        return found.node()
    if scope.demand is not None and kind.name not in (*OPAQUE, "unknown") and draw.maybe(0.6):
        made = scope.demand.column(kind)
        if made is not None:
            return made.node()
    if scope.outer and draw.maybe(0.3):
        near = [one for one in scope.outer if fits(one.type, kind)]
        if near:
            return draw.pick(near).node()
    if draw.maybe(0.3) and (cast := _cast_column(draw, scope, kind)) is not None:
        return cast
    return constant(draw, kind)


def _cast_column(draw: Draw, scope: Scope, kind: Type) -> Node | None:
    castable = [one for one in scope.columns if can_cast(one.type, kind)]
    if not castable or kind == t.UNKNOWN:
        return None
    column = draw.pick(castable)
    # Columns hold what no other type takes: without TRY nearly all such statements would fail.
    safe = draw.maybe(0.7)
    uses = (cast_use(column.type, kind), *(("TRY_CAST",) if safe else ()))
    return cast_to(kind, column.node(), safe, uses)


def condition(draw: Draw, scope: Scope, depth: int) -> Node:
    """A boolean expression that is no constant, where that can be had."""
    for _ in range(_TRIES):
        made = expression(draw, scope, t.BOOLEAN, depth)
        if made.type == t.BOOLEAN and not made.atom:
            return made
    return made if made.type == t.BOOLEAN else value(t.BOOLEAN, "true", atom=True)
