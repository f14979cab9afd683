"""What follows an atom: * + ? {n,m}, lazy or possessive (Lexer, org.joni.ast.QuantifierNode)."""

from dataclasses import dataclass

from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.joni.reader import PatternReader, refused
from local_cloud.athena.sql.joni.tree import EMPTY, Atomic, Node, Repeat

# Config.MAX_REPEAT_NUM
MAX_REPEAT = 100_000


@dataclass(frozen=True, slots=True)
class Quantifier:
    low: int
    high: int | None
    greedy: bool
    possessive: bool


_SIGNS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def read_quantifier(reader: PatternReader) -> Quantifier | None:
    """The quantifier that stands here, None where there is none."""
    if not reader.left:
        return None
    start = reader.at
    char = reader.take()
    found = _interval(reader) if char == "{" else _SIGNS.get(char)
    if found is None:
        # An interval that is none is text.
        reader.at = start
        return None
    lazy = reader.accept("?")
    possessive = not lazy and reader.accept("+")
    return Quantifier(*found, not lazy, possessive)


def _interval(reader: PatternReader) -> tuple[int, int | None] | None:
    """Behind the brace: {n}, {n,} or {n,m} (Lexer.fetchRangeQuantifier)."""
    low = reader.number()
    if (low or 0) > MAX_REPEAT:
        raise invalid_argument("too big number for repeat range")
    if low is None or not reader.left:
        return None
    high: int | None = low
    if reader.accept(","):
        high = reader.number()
        if (high or 0) > MAX_REPEAT:
            raise invalid_argument("too big number for repeat range")
    if not reader.accept("}"):
        return None
    if high is not None and low > high:
        raise invalid_argument("upper is smaller than lower in repeat range")
    return low, high


# Reduce.REDUCE_TABLE: what a quantifier directly on a quantifier comes to, by the inner one's
# row and the outer one's column in the order of _POPULAR.
_POPULAR: tuple[tuple[int, int | None, bool], ...] = (
    (0, 1, True),
    (0, None, True),
    (1, None, True),
    (0, 1, False),
    (0, None, False),
    (1, None, False),
)
_AS_IS, _INNER, _STAR, _LAZY_STAR, _LAZY_OPTION, _PLUS_OPTION, _OPTION_PLUS = range(7)
_REDUCED = (
    (_INNER, _STAR, _STAR, _LAZY_OPTION, _LAZY_STAR, _AS_IS),
    (_INNER, _INNER, _INNER, _PLUS_OPTION, _PLUS_OPTION, _INNER),
    (_STAR, _STAR, _INNER, _AS_IS, _PLUS_OPTION, _INNER),
    (_INNER, _LAZY_STAR, _LAZY_STAR, _INNER, _LAZY_STAR, _LAZY_STAR),
    (_INNER,) * 6,
    (_AS_IS, _OPTION_PLUS, _INNER, _LAZY_STAR, _LAZY_STAR, _INNER),
)


def repeated(node: Node, by: Quantifier) -> Node:
    """QuantifierNode.setQuantifier; {1} does nothing at all."""
    if (by.low, by.high) == (1, 1):
        return node
    if node == EMPTY:
        raise refused("repeated empty groups")
    made = _on_repeat(node, by) if isinstance(node, Repeat) else _plain(node, by)
    return Atomic(made) if by.possessive else made


def _plain(node: Node, by: Quantifier) -> Repeat:
    return Repeat(node, by.low, by.high, by.greedy)


def _popular(one: Quantifier | Repeat) -> int | None:
    kind = (one.low, one.high, one.greedy)
    return _POPULAR.index(kind) if kind in _POPULAR else None


def _on_repeat(inner: Repeat, by: Quantifier) -> Repeat:
    row, column = _popular(inner), _popular(by)
    if row is None:
        return _plain(inner, by)
    if column is None:
        if row in (1, 2) and by.high is not None and by.high > 1 and by.greedy:
            # (?:a*){n,m} is (?:a*){n,n}.
            return Repeat(inner, by.low, by.low or 1, True)
        return _plain(inner, by)
    body = inner.body
    return {
        _AS_IS: _plain(inner, by),
        _INNER: inner,
        _STAR: Repeat(body, 0, None, True),
        _LAZY_STAR: Repeat(body, 0, None, False),
        _LAZY_OPTION: Repeat(body, 0, 1, False),
        _PLUS_OPTION: Repeat(Repeat(body, 1, None, True), 0, 1, False),
        _OPTION_PLUS: Repeat(Repeat(body, 1, None, False), 0, 1, True),
    }[_REDUCED[row][column]]
