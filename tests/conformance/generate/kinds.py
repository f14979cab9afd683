"""The types that statements are made of, and how often each is drawn."""

from collections.abc import Callable
from functools import cache

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.coercion import can_coerce
from local_cloud.athena.sql.types import Type
from tests.conformance.generate.draw import Draw

Accepts = Callable[[Type], bool]

TIME, TIME_TZ = Type("time", precision=3), Type("time with time zone", precision=3)
DECIMALS = (
    (1, 0),
    (3, 1),
    (4, 2),
    (5, 5),
    (9, 4),
    (10, 3),
    (18, 0),
    (18, 2),
    (19, 0),
    (20, 10),
    (38, 0),
    (38, 18),
    (38, 38),
)
LENGTHS = (0, 1, 3, 5, 10, 20)
CHAR_LENGTHS = (1, 2, 3, 6, 10)
# Seconds with more than six digits are refused by design: a few, to see that they are.
FRACTIONS = (0, 1, 3, 3, 3, 6, 6, 6, 9, 12)
# Bases of the types between which casts are tried, each with its weight in a draw.
SCALARS: dict[str, float] = {
    "boolean": 6,
    "tinyint": 3,
    "smallint": 3,
    "integer": 12,
    "bigint": 10,
    "real": 4,
    "double": 10,
    "decimal": 9,
    "varchar": 12,
    "char": 4,
    "varbinary": 4,
    "date": 6,
    "timestamp": 6,
    "timestamp with time zone": 4,
    "time": 3,
    "time with time zone": 1,
    "interval day to second": 3,
    "interval year to month": 2,
    "json": 2,
    "uuid": 1,
}
# Types that functions declare, of which a text is given: a pattern, a path, characters.
WRITTEN = ("joniregexp", "re2jregexp", "jsonpath", "codepoints", "likepattern")
# Types of which a statement has a null at most.
OPAQUE = (
    "hyperloglog",
    "p4hyperloglog",
    "qdigest",
    "tdigest",
    "setdigest",
    "color",
    "json2016",
    "ipaddress",
    "function",
)


def anything(_: Type) -> bool:
    """No wish for a type."""
    return True


def scalar(draw: Draw, accepts: Accepts = anything) -> Type:
    """A type without types inside."""
    while True:
        found = sized(draw, draw.weighted((weight, name) for name, weight in SCALARS.items()))
        if accepts(found):
            return found


def sized(draw: Draw, base: str) -> Type:
    """A type called `base`, with numbers where it has some."""
    if base == "decimal":
        return t.decimal(*draw.pick(DECIMALS))
    if base == "varchar":
        return t.varchar(None if draw.maybe(0.7) else draw.pick(LENGTHS))
    if base == "char":
        return t.char(draw.pick(CHAR_LENGTHS))
    if base in t.TIMED:
        return Type(base, precision=draw.pick(FRACTIONS))
    return Type(base)


def some_type(draw: Draw, accepts: Accepts = anything, depth: int = 1) -> Type:
    """Any type that is accepted, seldom a nested one."""
    for _ in range(20):
        found = nested(draw, depth) if depth > 0 and draw.maybe(0.2) else scalar(draw)
        if accepts(found):
            return found
    return scalar(draw, accepts)


def nested(draw: Draw, depth: int) -> Type:
    """An array, a map or a row."""
    shape = draw.weighted(((5, "array"), (3, "map"), (3, "row")))
    if shape == "array":
        return t.array(some_type(draw, depth=depth - 1))
    if shape == "map":
        return t.map_of(some_type(draw, t.is_comparable, 0), some_type(draw, depth=depth - 1))
    kinds = tuple(some_type(draw, depth=depth - 1) for _ in range(draw.between(1, 3)))
    if draw.maybe(0.5):
        return t.row(kinds)
    return t.row(kinds, tuple("xyz"[: len(kinds)]))


@cache
def fits(source: Type, to: Type) -> bool:
    """Whether a value of `source` may stand where a `to` is wanted."""
    return can_coerce(source, to)


def spelled(of: Type) -> str:
    """The type as a statement writes it."""
    return t.trino_name(of)


def base_of(of: Type) -> str:
    """The type's name without its numbers."""
    return of.name
