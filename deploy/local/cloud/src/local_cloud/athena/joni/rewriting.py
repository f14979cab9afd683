"""A parsed pattern in the words of Python's engine, which then has no choice of its own."""

import re

from local_cloud.athena.joni.code_points import EVERY, NONE, Ranges, complement
from local_cloud.athena.joni.tree import (
    Anchor,
    Atomic,
    BackReference,
    Chars,
    Choice,
    Group,
    Look,
    Node,
    Repeat,
    Scope,
    Sequence,
)
from local_cloud.athena.joni.unicode_classes import word, written

# Joni knows one newline, \n (Config.USE_CRNL_AS_LINE_TERMINATOR is off).
_ANCHORS = {
    "start": r"\A",
    "end": r"\Z",
    "end or newline": r"(?=\n?\Z)",
    "line start": r"(?:\A|(?<=\n)(?!\Z))",
    "line end": r"(?=\n|\Z)",
}


def rewritten(node: Node) -> str:
    """For a compilation with DOTALL and without any other flag."""
    if isinstance(node, Chars):
        return _chars(node.codes)
    if isinstance(node, Sequence):
        return "".join(map(_part, node.parts))
    if isinstance(node, Choice):
        return "|".join(map(rewritten, node.parts))
    if isinstance(node, Group):
        return f"({rewritten(node.body)})"
    if isinstance(node, Scope):
        return f"(?:{rewritten(node.body)})"
    if isinstance(node, Atomic):
        return f"(?>{rewritten(node.body)})"
    if isinstance(node, Repeat):
        return _repeat(node)
    if isinstance(node, Look):
        sign = ("<" if node.behind else "") + ("!" if node.negative else "=")
        return f"(?{sign}{rewritten(node.body)})"
    if isinstance(node, BackReference):
        return f"(?:\\{node.number})"
    return _anchor(node)


def _part(node: Node) -> str:
    made = rewritten(node)
    return f"(?:{made})" if isinstance(node, Choice) else made


def _chars(codes: Ranges) -> str:
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


def _repeat(node: Repeat) -> str:
    made = rewritten(node.body)
    if not isinstance(node.body, (Chars, Group)):
        made = f"(?:{made})"
    high = "" if node.high is None else node.high
    return f"{made}{{{node.low},{high}}}{'' if node.greedy else '?'}"


def _anchor(node: Anchor) -> str:
    if node.kind in _ANCHORS:
        return _ANCHORS[node.kind]
    part = word()
    bound = f"(?:(?<={part})(?!{part})|(?<!{part})(?={part}))"
    return bound if node.kind == "word" else f"(?!{bound})"
