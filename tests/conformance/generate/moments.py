"""Dates, times, timestamps and intervals as statements write them."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.node import Node, value
from tests.conformance.generate.pools import pool, read

DAYS, _FAR_DAYS = pool("days"), pool("far_days")
CLOCKS, _FRACTIONS = pool("clocks"), pool("fractions")
ZONES, _OFFSETS = pool("zones"), pool("offsets")
_INTERVALS: dict[str, list[str]] = read("constants")["intervals"]
_MONTHS = ("YEAR", "MONTH", "YEAR TO MONTH")
QUALIFIERS = tuple(_INTERVALS)


def moment(draw: Draw, kind: Type) -> Node:
    """A literal of a date or time type, or an interval."""
    if kind.name.startswith("interval"):
        return interval(draw, kind)
    if kind.name == "date":
        return value(t.DATE, f"date '{day(draw)}'", uses=("literal date",), atom=True)
    word, _, zoned = kind.name.partition(" ")
    use = f"literal {kind.name}"
    text = moment_text(draw, kind)
    del zoned
    return value(kind, f"{word} '{text}'", uses=(use,), atom=True)


def day(draw: Draw) -> str:
    return draw.pick(_FAR_DAYS) if draw.maybe(0.03) else draw.pick(DAYS)


def clock(draw: Draw, precision: int) -> str:
    """A time of the day with so many digits of a second."""
    found = draw.pick(CLOCKS)
    return f"{found}.{draw.pick(_FRACTIONS)[:precision]}" if precision else found


def moment_text(draw: Draw, kind: Type) -> str:
    """What stands between the quotes of such a literal."""
    if kind.name == "date":
        return day(draw)
    if kind.name == "interval day to second":
        return draw.pick(("1 02:03:04.567", "-0 00:00:01.000", "0 00:00:00.000"))
    if kind.name == "interval year to month":
        return draw.pick(("1-2", "-0-1", "10-11"))
    found = clock(draw, kind.precision or 0)
    if kind.name.startswith("timestamp"):
        found = f"{day(draw)} {found}"
    if kind.name == "timestamp with time zone":
        return f"{found} {draw.pick(ZONES)}"
    if kind.name == "time with time zone":
        return found + draw.pick(_OFFSETS)
    return found


def interval(draw: Draw, kind: Type) -> Node:
    """`interval '3' day`, `interval - '1-2' year to month`, and every other qualifier."""
    wanted = kind.name == "interval year to month"
    field = draw.pick([one for one in QUALIFIERS if (one in _MONTHS) == wanted])
    sign = draw.weighted(((8, ""), (1, "- "), (1, "+ ")))
    text = draw.pick(_INTERVALS[field])
    uses = (f"literal interval {field.lower()}", *(("literal interval sign",) if sign else ()))
    return value(kind, f"interval {sign}'{text}' {field.lower()}", uses=uses, atom=True)
