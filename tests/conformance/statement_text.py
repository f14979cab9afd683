"""What a query's text alone says about its answer: is it in order, cut off, summed, of this hour?

A reader of words and brackets, no parser: it has to read texts that no parser takes.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<text>'(?:[^']|'')*'?)|(?P<quoted>"(?:[^"]|"")*"?)|--[^\n]*|/\*.*?\*/"""
    r"""|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>[0-9][0-9.eE_]*)|(?P<sign>[^\s])""",
    re.DOTALL,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Sums of doubles, and what is made of them: their last digits depend on the order of the rows.
SUMMING = _words(
    "sum avg stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp"
    " regr_slope regr_intercept regr_avgx regr_avgy regr_count regr_r2 regr_sxx regr_sxy regr_syy"
    " skewness kurtosis entropy geometric_mean reduce_agg"
)
# java.lang.Math lets these miss the nearest double by one step, and HotSpot on x86 does.
MISSING = _words("sin cos tan tanh exp ln log log2 log10 pow power cbrt")
# Arrays whose members come in the order of the rows, or in that of a hash table.
GATHERING = _words(
    "array_agg set_agg set_union map_union multimap_agg map_keys map_values map_entries"
)
# One of several rows, whichever comes first.
PICKING = _words("arbitrary any_value tablesample")
# Rows with equal values are one row then.
COLLECTING = _words("group distinct union intersect except")
CUTTING = _words("limit fetch offset")
PASSING = _words(
    "now random rand uuid shuffle current_timestamp current_date current_time localtime"
    " localtimestamp current_user current_catalog current_schema version"
)

DRAWING = _words("random rand")


@dataclass(frozen=True, slots=True)
class Token:
    """A word in lower case, a quoted name, a text, a number or a sign; `depth` of brackets."""

    kind: str
    text: str
    depth: int


@dataclass(frozen=True, slots=True)
class Traits:
    """`order` holds the items of the top-level ORDER BY; None where there is none."""

    order: tuple[tuple[Token, ...], ...] | None
    words: frozenset[str]
    gathers: bool
    cut_at_top: bool
    cut_below: bool


def tokens(sql: str) -> list[Token]:
    """The text's words and signs."""
    found, depth = [], 0
    for match in _TOKEN.finditer(sql):
        kind, text = match.lastgroup, match.group()
        if kind is None:
            continue
        if text in (")", "]"):
            depth -= 1
        found.append(Token(kind, text.lower() if kind == "word" else text, depth))
        if text in ("(", "["):
            depth += 1
    return found


def traits(sql: str) -> Traits:
    """Everything that the rules of comparison ask about a text."""
    read = tokens(sql)
    words = frozenset(one.text for one in read if one.kind == "word")
    cuts = [one.depth for one in read if one.kind == "word" and one.text in CUTTING]
    return Traits(
        _order(read), words, _gathers(read), 0 in cuts, any(depth > 0 for depth in cuts)
    )


def _gathers(read: list[Token]) -> bool:
    """Whether some gathering call has no ORDER BY of its own."""
    for at, one in enumerate(read):
        if one.kind == "word" and one.text in GATHERING:
            inside: list[Token] = []
            for other in read[at + 1 :]:
                if other.depth <= one.depth and inside:
                    break
                inside.append(other)
            if not any(other.text == "order" for other in inside):
                return True
    return False


def _order(read: list[Token]) -> tuple[tuple[Token, ...], ...] | None:
    start = None
    for at in range(len(read) - 1):
        if read[at] == Token("word", "order", 0) and read[at + 1] == Token("word", "by", 0):
            start = at + 2
    if start is None:
        return None
    items: list[list[Token]] = [[]]
    for one in read[start:]:
        if one.depth == 0 and one.kind == "word" and one.text in CUTTING:
            break
        if one.depth == 0 and one.text == ",":
            items.append([])
        else:
            items[-1].append(one)
    return tuple(tuple(item) for item in items)


def order_keys(order: tuple[tuple[Token, ...], ...], names: tuple[str, ...]) -> tuple[int, ...]:
    """Which output columns the leading ORDER BY items are; ends at the first that is none.

    A name means an output column first, a number its place (Trino docs, "SELECT", ORDER BY).
    """
    keys: list[int] = []
    for item in order:
        place = _place(item, names)
        if place is None:
            break
        keys.append(place)
    return tuple(keys)


def _place(item: tuple[Token, ...], names: tuple[str, ...]) -> int | None:
    head, *tail = item or (Token("sign", "", 0),)
    if any(one.text not in ("asc", "desc", "nulls", "first", "last") for one in tail):
        return None
    if head.kind == "number":
        return int(head.text) - 1 if head.text.isdigit() else None
    if head.kind not in ("word", "quoted"):
        return None
    name = head.text.strip('"').lower()
    found = [at for at, one in enumerate(names) if one.lower() == name]
    return found[0] if len(found) == 1 else None
