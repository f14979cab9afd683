"""CASE, IF, COALESCE, NULLIF, TRY and casts."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.type_names import can_cast
from local_cloud.athena.sql.types import Type
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.kinds import some_type
from tests.conformance.generate.literals import cast_to, cast_use, joined
from tests.conformance.generate.node import Node, listed, optional, part, value
from tests.conformance.generate.scope import Scope
from tests.conformance.generate.values import condition, expression, producer


@producer(4)
def searched_case(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """`case when … then … else … end`."""
    count = draw.between(1, 2)
    tests = [condition(draw, scope, depth - 1) for _ in range(count)]
    results = [expression(draw, scope, kind, depth - 1) for _ in range(count + 1)]
    whens = [
        part("when ", test, " then ", result)
        for test, result in zip(tests, results, strict=False)
    ]
    return _case((), whens, results, "CASE WHEN")


@producer(3)
def simple_case(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """`case … when … then … else … end`."""
    compared = some_type(draw, t.is_comparable, 0)
    count = draw.between(1, 2)
    operand = expression(draw, scope, compared, depth - 1)
    tests = [expression(draw, scope, compared, depth - 2) for _ in range(count)]
    results = [expression(draw, scope, kind, depth - 1) for _ in range(count + 1)]
    whens = [
        part("when ", test, " then ", result)
        for test, result in zip(tests, results, strict=False)
    ]
    return _case((operand, " "), whens, results, "CASE x WHEN")


def _case(
    operand: tuple[Node | str, ...], whens: list[Node], results: list[Node], use: str
) -> Node:
    return value(
        joined(results),
        "case ",
        *operand,
        listed(whens, " "),
        optional(" else ", results[-1], uses=("ELSE",)),
        " end",
        uses=(use,),
        atom=True,
    )


@producer(3)
def if_(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """`if(…, …, …)`."""
    test = condition(draw, scope, depth - 1)
    then = expression(draw, scope, kind, depth - 1)
    if draw.maybe(0.25):
        assert then.type is not None
        return value(then.type, "if(", test, ", ", then, ")", uses=("IF",), atom=True)
    other = expression(draw, scope, kind, depth - 1)
    made = joined([then, other])
    return value(made, "if(", test, ", ", then, ", ", other, ")", uses=("IF ELSE",), atom=True)


@producer(4)
def coalesce(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """`coalesce(…, …)`."""
    items = [expression(draw, scope, kind, depth - 1) for _ in range(draw.between(2, 3))]
    return value(
        joined(items), "coalesce(", listed(items, least=2), ")", uses=("COALESCE",), atom=True
    )


@producer(2)
def nullif(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node | None:
    """`nullif(…, …)`."""
    if not t.is_comparable(kind):
        return None
    first = expression(draw, scope, kind, depth - 1)
    second = expression(draw, scope, kind, depth - 1)
    assert first.type is not None
    return value(first.type, "nullif(", first, ", ", second, ")", uses=("NULLIF",), atom=True)


@producer(3)
def try_(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """`try(…)`."""
    inner = expression(draw, scope, kind, depth)
    assert inner.type is not None
    return value(inner.type, "try(", inner, ")", uses=("TRY",), atom=True)


@producer(9)
def cast(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node | None:
    """`cast(… as …)`, `try_cast(… as …)`."""
    for _ in range(10):
        source = some_type(draw, depth=1)
        if can_cast(source, kind) and kind != t.UNKNOWN:
            inner = expression(draw, scope, source, depth - 1)
            assert inner.type is not None
            if not can_cast(inner.type, kind):
                continue
            safe = draw.maybe(0.4)
            uses = (cast_use(inner.type, kind), *(("TRY_CAST",) if safe else ()))
            return cast_to(kind, inner, safe, uses)
    return None
