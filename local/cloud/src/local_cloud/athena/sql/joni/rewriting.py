"""A parsed pattern in the words of Python's engine, which then has no choice of its own."""

import re
from functools import singledispatch

from local_cloud.athena.sql.joni.code_points import EVERY, NONE, complement
from local_cloud.athena.sql.joni.tree import (
    Anchor,
    Atomic,
    BackReference,
    CapturingGroup,
    Chars,
    Choice,
    Look,
    Node,
    OptionScope,
    Repeat,
    Sequence,
)
from local_cloud.athena.sql.joni.unicode_classes import word, written

# Joni knows one newline, \n (Config.USE_CRNL_AS_LINE_TERMINATOR is off).
_ANCHORS = {
    "start": r"\A",
    "end": r"\Z",
    "end or newline": r"(?=\n?\Z)",
    "line start": r"(?:\A|(?<=\n)(?!\Z))",
    "line end": r"(?=\n|\Z)",
}


@singledispatch
def rewritten(node: Node) -> str:
    """For a compilation with DOTALL and without any other flag."""
    raise AssertionError(f"no node of a pattern: {node}")


@rewritten.register
def _(node: Sequence) -> str:
    return "".join(map(_part, node.parts))


def _part(node: Node) -> str:
    made = rewritten(node)
    return f"(?:{made})" if isinstance(node, Choice) else made


@rewritten.register
def _(node: Choice) -> str:
    return "|".join(map(rewritten, node.parts))


@rewritten.register
def _(node: CapturingGroup) -> str:
    return f"({rewritten(node.body)})"


@rewritten.register
def _(node: OptionScope) -> str:
    return f"(?:{rewritten(node.body)})"


@rewritten.register
def _(node: Atomic) -> str:
    return f"(?>{rewritten(node.body)})"


@rewritten.register
def _(node: Look) -> str:
    sign = ("<" if node.behind else "") + ("!" if node.negative else "=")
    return f"(?{sign}{rewritten(node.body)})"


@rewritten.register
def _(node: BackReference) -> str:
    # In a group of its own: a digit may follow.
    return f"(?:\\{node.number})"


@rewritten.register
def _(node: Chars) -> str:
    codes = node.codes
    if codes == EVERY:
        return "."
    if codes == NONE:
        return "(?!)"
    if len(codes) == 1 and codes[0][0] == codes[0][1]:
        return re.escape(chr(codes[0][0]))
    others = complement(codes)
    if len(others) < len(codes):
        return f"[^{written(others)}]"
    return f"[{written(codes)}]"


@rewritten.register
def _(node: Repeat) -> str:
    made = rewritten(node.body)
    if not isinstance(node.body, (Chars, CapturingGroup)):
        made = f"(?:{made})"
    high = "" if node.high is None else node.high
    return f"{made}{{{node.low},{high}}}{'' if node.greedy else '?'}"


@rewritten.register
def _(node: Anchor) -> str:
    if node.kind in _ANCHORS:
        return _ANCHORS[node.kind]
    part = word()
    bound = f"(?:(?<={part})(?!{part})|(?<!{part})(?={part}))"
    return bound if node.kind == "word" else f"(?!{bound})"
