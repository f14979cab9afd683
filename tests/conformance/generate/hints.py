"""Arguments that a function can mostly do something with, by its name and the argument's place.

Without them nearly every call of `date_format` or `from_base64` would fail alike (`hints.toml`).
"""

from local_cloud.athena.sql.types import Type
from tests.conformance.generate import pools, texts
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.kinds import fits
from tests.conformance.generate.literals import exactly
from tests.conformance.generate.node import Node, value

TEXTS, NUMBERS = pools.hints("text"), pools.hints("number")
_SHARE = 0.85


def hinted(draw: Draw, name: str, place: int, kind: Type) -> Node | None:
    """A constant argument that suits the function, most of the times where one is known."""
    if not draw.maybe(_SHARE):
        return None
    if kind.name in ("varchar", "jsonpath", "joniregexp", "codepoints"):
        words = TEXTS.get((name, place))
        return texts.varchar(draw, words) if words else None
    numbers = NUMBERS.get((name, place))
    if numbers is None or kind.name not in ("integer", "bigint", "double"):
        return None
    return _number(draw.pick(numbers), kind)


def _number(text: str, kind: Type) -> Node | None:
    made = Type("double") if "e" in text else Type("integer")
    if abs(float(text)) >= 2**31:
        made = Type("bigint")
    found = value(made, text, atom=text[0] != "-")
    return found if fits(made, kind) else exactly(kind, found)
