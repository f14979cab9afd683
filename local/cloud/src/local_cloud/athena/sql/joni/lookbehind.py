"""What may stand in (?<=…) and (?<!…): texts of one length (Joni's Analyser.setupLookBehind)."""

from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.joni.tree import (
    Anchor,
    CapturingGroup,
    Chars,
    Choice,
    Look,
    Node,
    Repeat,
    Sequence,
)


def looking_behind(body: Node, negative: bool) -> Node:
    """The look-behind; alternatives of different lengths only at its top, each by itself."""
    if isinstance(body, Choice) and len({_length(one, negative) for one in body.parts}) > 1:
        looks = tuple(Look(one, True, negative) for one in body.parts)
        return Sequence(looks) if negative else Choice(looks)
    _length(body, negative)
    return Look(body, True, negative)


def _length(node: Node, negative: bool) -> int:
    """How many characters it takes. INVALID_FUNCTION_ARGUMENT if that varies or is unknown."""
    if isinstance(node, Chars):
        return 1
    if isinstance(node, Sequence):
        return sum(_length(one, negative) for one in node.parts)
    if isinstance(node, Choice):
        lengths = {_length(one, negative) for one in node.parts}
        if len(lengths) == 1:
            return lengths.pop()
    if isinstance(node, Repeat) and node.low == node.high:
        return node.low * _length(node.body, negative)
    if isinstance(node, CapturingGroup) and not negative:
        return _length(node.body, negative)
    if _takes_nothing(node, negative):
        return 0
    raise invalid_argument("invalid pattern in look-behind")


def _takes_nothing(node: Node, negative: bool) -> bool:
    if isinstance(node, Look) and node.behind:
        _length(node.body, negative)
        return True
    return isinstance(node, Anchor) and node.kind not in ("end", "end or newline")
