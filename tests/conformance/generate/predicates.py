"""Comparisons, BETWEEN, IN, LIKE, IS NULL, IS DISTINCT FROM, AND, OR and NOT."""

from collections.abc import Callable

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type
from tests.conformance.generate import texts
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.kinds import Accepts, some_type
from tests.conformance.generate.node import Node, listed, operand, optional, value
from tests.conformance.generate.pools import pool
from tests.conformance.generate.scope import Scope
from tests.conformance.generate.values import condition, expression, producer

_EQUAL, _ORDER = ("=", "<>", "!="), ("<", "<=", ">", ">=")
_NUMBERS = (t.INTEGER, t.BIGINT, t.DOUBLE, t.REAL, t.decimal(10, 3), t.decimal(38, 18))
_PATTERNS = pool("like_patterns")


def compared_type(draw: Draw, scope: Scope, accepts: Accepts) -> Type:
    """A type of which there is a column, or any."""
    found = [one.type for one in scope.columns if accepts(one.type)]
    return draw.pick(found) if found and draw.maybe(0.75) else some_type(draw, accepts)


def pair(draw: Draw, scope: Scope, accepts: Accepts, depth: int) -> tuple[Node, Node, Type]:
    """Two values that can be compared: of one type, or of two kinds of number."""
    kind = compared_type(draw, scope, accepts)
    other = draw.pick(_NUMBERS) if kind.name in t.NUMERIC and draw.maybe(0.25) else kind
    if draw.maybe(0.015):
        other = some_type(draw, accepts)
    left, right = (
        expression(draw, scope, kind, depth - 1),
        expression(draw, scope, other, depth - 1),
    )
    return (left, right, kind) if draw.maybe(0.5) else (right, left, kind)


def _boolean(*parts: Node | str, uses: tuple[str, ...]) -> Node:
    return value(t.BOOLEAN, *parts, uses=uses)


Predicate = Callable[[Draw, Scope, int], Node]


def comparison(draw: Draw, scope: Scope, depth: int) -> Node:
    """`a < b`."""
    sign = draw.pick((*_EQUAL, *_ORDER))
    accepts = t.is_comparable if sign in _EQUAL else t.is_orderable
    left, right, _ = pair(draw, scope, accepts, depth)
    return _boolean(operand(left), f" {sign} ", operand(right), uses=(sign,))


def distinct(draw: Draw, scope: Scope, depth: int) -> Node:
    """`a is [not] distinct from b`."""
    word = draw.pick(("is distinct from", "is not distinct from"))
    left, right, _ = pair(draw, scope, t.is_comparable, depth)
    return _boolean(operand(left), f" {word} ", operand(right), uses=(word.upper(),))


def between(draw: Draw, scope: Scope, depth: int) -> Node:
    """`a [not] between b and c`."""
    word = draw.pick(("between", "not between"))
    left, right, kind = pair(draw, scope, t.is_orderable, depth)
    third = expression(draw, scope, kind, depth - 1)
    return _boolean(
        operand(left),
        f" {word} ",
        operand(right),
        " and ",
        operand(third),
        uses=(word.upper(),),
    )


def in_list(draw: Draw, scope: Scope, depth: int) -> Node:
    """`a [not] in (b, c)`."""
    word = draw.pick(("in", "not in"))
    left, right, kind = pair(draw, scope, t.is_comparable, depth)
    others = [expression(draw, scope, kind, depth - 2) for _ in range(draw.between(0, 3))]
    return _boolean(
        operand(left),
        f" {word} (",
        listed([right, *others]),
        ")",
        uses=(f"{word.upper()} (list)",),
    )


def is_null(draw: Draw, scope: Scope, depth: int) -> Node:
    """`a is [not] null`."""
    word = draw.pick(("is null", "is not null"))
    inner = expression(draw, scope, compared_type(draw, scope, lambda _: True), depth - 1)
    return _boolean(operand(inner), f" {word}", uses=(word.upper(),))


def like(draw: Draw, scope: Scope, depth: int) -> Node:
    """`a [not] like b [escape c]`."""
    word = draw.pick(("like", "not like"))
    kind = draw.weighted(((6, t.VARCHAR), (2, t.varchar(10)), (2, t.char(6))))
    left = expression(draw, scope, kind, depth - 1)
    if draw.maybe(0.12):
        pattern = expression(draw, scope, t.VARCHAR, depth - 1)
    else:
        pattern = texts.varchar(draw, _PATTERNS)
    escape = texts.quoted(draw.weighted(((8, "#"), (2, "\\"), (1, ""), (1, "##"))))
    made = optional(f" escape {escape}", uses=("LIKE ESCAPE",))
    wanted = (made,) if draw.maybe(0.45) else ()
    return _boolean(operand(left), f" {word} ", operand(pattern), *wanted, uses=(word.upper(),))


def logical(draw: Draw, scope: Scope, depth: int) -> Node:
    """`a and b`, `a or b`."""
    word = draw.pick(("and", "or"))
    terms = [operand(condition(draw, scope, depth - 1)) for _ in range(draw.between(2, 3))]
    return _boolean(listed(terms, f" {word} "), uses=(word.upper(),))


def not_(draw: Draw, scope: Scope, depth: int) -> Node:
    """`not a`."""
    return _boolean("not ", operand(condition(draw, scope, depth - 1)), uses=("NOT",))


PREDICATES: tuple[tuple[float, Predicate], ...] = (
    (7, comparison),
    (3, distinct),
    (3, between),
    (3, in_list),
    (2, is_null),
    (3, like),
    (3, logical),
    (2, not_),
)


@producer(60, "boolean")
def predicate(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """Any of them, where a boolean is wanted."""
    del kind
    return draw.weighted(PREDICATES)(draw, scope, depth)
