"""Calls as they are written: operators between operands, and forms with a syntax of their own."""

from collections.abc import Callable
from dataclasses import dataclass

from local_cloud.athena.sql.signatures.declared import Declared
from local_cloud.athena.sql.types import Type
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.node import Node, listed, operand, value
from tests.conformance.generate.pools import read

SIGNS = {
    "$operator$add": "+",
    "$operator$subtract": "-",
    "$operator$multiply": "*",
    "$operator$divide": "/",
    "$operator$modulus": "%",
}
OPERATORS = (*SIGNS, "$operator$negation", "$operator$subscript")
# What EXTRACT calls the field that a function gives.
_FIELDS: dict[str, list[str]] = read("constants")["fields"]
_ZONES = (
    "'UTC'",
    "'America/New_York'",
    "'+05:30'",
    "interval '2' hour",
    "interval -'5:30' hour to minute",
)
_SIDES = {"trim": "both", "ltrim": "leading", "rtrim": "trailing"}


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that is not yet written: its arguments, its type, and what it uses."""

    name: str
    nodes: tuple[Node, ...]
    type: Type
    uses: tuple[str, ...]

    def written(self, *parts: Node | str, use: str) -> Node:
        return value(self.type, *parts, uses=(*self.uses, use), atom=True)


def spelled(
    draw: Draw, declared: Declared, nodes: tuple[Node, ...], kind: Type, uses: tuple[str, ...]
) -> Node:
    """The call as it is written."""
    name = declared.name
    if name in SIGNS:
        left, right = nodes
        return value(kind, operand(left), f" {SIGNS[name]} ", operand(right), uses=uses)
    if name == "$operator$negation":
        return value(kind, "-", operand(nodes[0]), uses=uses)
    if name == "$operator$subscript":
        return value(kind, operand(nodes[0]), "[", operand(nodes[1]), "]", uses=uses, atom=True)
    share, form = _FORMS.get(name, (0.0, None))
    if form is not None and draw.maybe(share):
        found = form(draw, _Call(name, nodes, kind, uses))
        if found is not None:
            return found
    least = len(declared.arguments) - declared.variadic
    return value(kind, f"{name}(", listed(nodes, least=least), ")", uses=uses, atom=True)


def _normalize(draw: Draw, call: _Call) -> Node:
    form = draw.pick(("NFC", "NFD", "NFKC", "NFKD"))
    return call.written("normalize(", call.nodes[0], f", {form})", use="NORMALIZE")


def _concatenation(draw: Draw, call: _Call) -> Node | None:
    del draw
    if len(call.nodes) < 2 or call.type.name == "varbinary":
        return None
    terms = [operand(one) for one in call.nodes]
    return value(call.type, listed(terms, " || ", least=2), uses=(*call.uses, "||"))


def _position(draw: Draw, call: _Call) -> Node | None:
    del draw
    if len(call.nodes) != 2:
        return None
    text, part = map(operand, call.nodes)
    return call.written("position(", part, " in ", text, ")", use="POSITION IN")


def _substring(draw: Draw, call: _Call) -> Node:
    del draw
    parts: list[Node | str] = []
    for word, node in zip(("substring(", " from ", " for "), call.nodes, strict=False):
        parts += [word, operand(node)]
    return call.written(*parts, ")", use="SUBSTRING FROM")


def _trim(draw: Draw, call: _Call) -> Node:
    del draw
    side = _SIDES[call.name]
    text, *characters = map(operand, call.nodes)
    cut = (characters[0], " ") if characters else ()
    return call.written(f"trim({side} ", *cut, "from ", text, ")", use=f"TRIM {side.upper()}")


def _at_time_zone(draw: Draw, call: _Call) -> Node:
    zone = f" at time zone {draw.pick(_ZONES)}"
    return value(call.type, operand(call.nodes[0]), zone, uses=(*call.uses, "AT TIME ZONE"))


def _extract(draw: Draw, call: _Call) -> Node:
    field = draw.pick(_FIELDS[call.name])
    return call.written(f"extract({field} from ", operand(call.nodes[0]), ")", use="EXTRACT")


_FORMS: dict[str, tuple[float, Callable[[Draw, _Call], Node | None]]] = {
    "normalize": (1.0, _normalize),
    "concat": (0.6, _concatenation),
    "strpos": (0.3, _position),
    "substring": (0.4, _substring),
    "at_timezone": (0.4, _at_time_zone),
    **dict.fromkeys(_SIDES, (0.4, _trim)),
    **dict.fromkeys(_FIELDS, (0.35, _extract)),
}
