"""Numbers as statements write them: every form of the grammar, small ones and the extremes."""

from decimal import Decimal

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.node import Node, value
from tests.conformance.generate.pools import pool

BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_SMALL = (0, 1, 1, 2, 2, 3, 4, 5, 7, 10, 12, 31, 60, 100, -1, -1, -2, -3, -7, -10)
_DOUBLES, _REALS, _SPECIAL = pool("doubles"), pool("reals"), pool("specials")
_DIGITS = "0123456789"


def number(draw: Draw, kind: Type) -> Node:
    """A literal of a numeric type. Its own type may be a smaller one than was wanted."""
    if kind.name in BITS:
        return integer(draw, kind.name)
    if kind.name == "decimal":
        return decimal(draw, kind.precision or 1, kind.scale)
    return double(draw) if kind.name == "double" else real(draw)


def whole(draw: Draw, bits: int) -> int:
    """Mostly small; now and then at the ends of what so many bits hold."""
    edge = 1 << (bits - 1)
    drawn = draw.weighted(((76, "small"), (10, "edge"), (14, "any")))
    if drawn == "small":
        return draw.pick(_SMALL)
    if drawn == "edge":
        return draw.pick((edge - 1, -edge, edge - 2, -edge + 1))
    low, high = draw.between(1, bits - 1), draw.between(1, bits - 1)
    return draw.between(-(1 << low), (1 << high) - 1)


def integer(draw: Draw, name: str) -> Node:
    """`5`, `-5`, `0x1F`, `0b101`, `0o17`, `1_000`, `bigint '5'`."""
    found = whole(draw, BITS[name])
    kind = Type(name)
    if name in ("tinyint", "smallint") or (
        name == "bigint" and (-(2**31) <= found < 2**31 or draw.maybe(0.2))
    ):
        return value(kind, f"{name} '{found}'", uses=(f"literal {name}",), atom=True)
    if draw.maybe(0.1):
        return value(kind, f"{name} '{found}'", uses=(f"literal {name}",), atom=True)
    return _digits(draw, found, kind)


def _digits(draw: Draw, found: int, kind: Type) -> Node:
    if found < 0 or draw.maybe(0.8):
        return value(kind, str(found), uses=("literal integer digits",), atom=found >= 0)
    form = draw.pick(("0x", "0X", "0b", "0o", "_"))
    if form == "_":
        return value(kind, f"{found:_}", uses=("literal 1_000",), atom=True)
    digits = format(found, {"0x": "X", "0X": "x", "0b": "b", "0o": "o"}[form])
    return value(kind, form + digits, uses=(f"literal {form.lower()}",), atom=True)


def double(draw: Draw) -> Node:
    """`1e0`, `double '1.5'`, `nan()`, `-infinity()`."""
    if draw.maybe(0.12):
        made, use = draw.pick(
            (("nan()", "nan()"), ("infinity()", "infinity()"), ("-infinity()", "infinity()"))
        )
        return value(t.DOUBLE, made, uses=(use,), atom=made[0] != "-")
    if draw.maybe(0.15):
        word = draw.pick(("double", "double precision"))
        text = draw.pick((*_SPECIAL, *_REALS))
        return value(t.DOUBLE, f"{word} '{text}'", uses=(f"literal {word}",), atom=True)
    text = draw.pick(_DOUBLES)
    return value(t.DOUBLE, text, uses=("literal 1e0",), atom=text[0] != "-")


def real(draw: Draw) -> Node:
    """`real '1.5'`."""
    text = draw.pick(_SPECIAL if draw.maybe(0.12) else _REALS)
    return value(t.REAL, f"real '{text}'", uses=("literal real",), atom=True)


def decimal(draw: Draw, precision: int, scale: int) -> Node:
    """Digits with a point, or `decimal '…'`; its type is what is written (Decimals.parse)."""
    text = decimal_text(draw, precision, scale)
    sign = "-" if draw.maybe(0.25) else ""
    whole_, _, fraction = text.partition(".")
    digits = len(whole_.lstrip("0")) + len(fraction)
    kind = t.decimal(max(1, digits), len(fraction))
    if "." not in text or draw.maybe(0.2):
        return value(kind, f"decimal '{sign}{text}'", uses=("literal decimal",), atom=True)
    if whole_ in ("", "0") and fraction and draw.maybe(0.3):
        whole_ = ""
        return value(kind, f"{sign}.{fraction}", uses=("literal .5",), atom=not sign)
    if len(whole_) > 3 and draw.maybe(0.3):
        text = f"{int(whole_):_}.{fraction}"
        return value(kind, sign + text, uses=("literal 1_000.5",), atom=not sign)
    use = "literal 5." if not fraction else "literal 1.5"
    return value(kind, sign + text, uses=(use,), atom=not sign)


def decimal_text(draw: Draw, precision: int, scale: int) -> str:
    """At most so many digits, and so many behind the point at most."""
    form = draw.weighted(((4, "small"), (3, "any"), (1, "nines"), (1, "zero")))
    room = precision - scale
    fraction = draw.between(0, scale) if draw.maybe(0.3) else scale
    if form == "nines":
        return _pointed("9" * room, "9" * scale)
    if form == "zero":
        return _pointed("0", "0" * fraction)
    length = draw.between(0, room if form == "any" else min(room, 2))
    whole_ = "".join(draw.pick(_DIGITS) for _ in range(length)).lstrip("0") or "0"
    behind = "".join(draw.pick(_DIGITS) for _ in range(fraction))
    if form == "small" and draw.maybe(0.5):
        behind = draw.pick("0125") + "0" * (fraction - 1) if fraction else ""
    return _pointed(whole_, behind)


def _pointed(whole_: str, fraction: str) -> str:
    return f"{whole_ or '0'}.{fraction}"


def number_text(draw: Draw, kind: Type) -> str:
    """What a text may hold that is to become such a number."""
    if kind.name in BITS:
        return str(whole(draw, BITS[kind.name]))
    if kind.name == "decimal":
        text = decimal_text(draw, kind.precision or 1, kind.scale)
        return str(Decimal(text)) if draw.maybe(0.3) else text.rstrip(".")
    return draw.pick((*_SPECIAL, *_REALS, *_DOUBLES))
