"""Where Joni finds something else than the pattern says, and so something else than Python."""

from local_cloud.athena.sql.joni.code_points import EVERY, complement, single
from local_cloud.athena.sql.joni.reader import refused
from local_cloud.athena.sql.joni.tree import (
    Anchor,
    Atomic,
    BackReference,
    CapturingGroup,
    Chars,
    Choice,
    Look,
    Node,
    Repeat,
    Sequence,
    any_inside,
    is_nullable,
    parts_of,
)

NOT_NEWLINE = complement(single("\n"))


def is_any(node: Node) -> bool:
    """A dot, with (?s) or without."""
    return node in (Chars(NOT_NEWLINE), Chars(EVERY))


def check_pattern(root: Node) -> None:
    """Refuse what cannot be followed on any text."""
    _leaves_stale(root, False, True)
    _check_start(root, False)
    _check_loops(root)


def _check_loops(node: Node) -> None:
    """Joni counts rounds that read nothing otherwise, and asks whether their groups changed.

    Only `*` and `+` over what keeps no group are as elsewhere (NULL_CHECK_END_MEMST).
    """
    if (
        isinstance(node, Repeat)
        and node.high != 1
        and is_nullable(node.body)
        and (node.high is not None or node.low > 1 or any_inside(node.body, CapturingGroup))
    ):
        raise refused("loops over groups that may be empty")
    for one in parts_of(node):
        _check_loops(one)


# ---- the character before ---------------------------------------------------------------------

_LOOK_BACK = ("word", "no word", "line start")


def _leaves_stale(node: Node, stale: bool, ends: bool) -> bool:
    """Whether Joni may be wrong about the character before what follows; `stale` if it is now.

    A greedy `.*` that ran to the end takes the one at its own start for that
    (ByteCodeMachine.opAnyCharStar), until a character is read. Refuses anchors that ask for it
    where the match `ends`, or may end, without reading one.
    """
    if isinstance(node, Chars):
        return False
    if isinstance(node, Anchor):
        if stale and ends and node.kind in _LOOK_BACK:
            raise refused("\\b, \\B or (?m)^ right behind .*")
        return stale
    if isinstance(node, Sequence):
        return _sequence_leaves_stale(node, stale, ends)
    if isinstance(node, Repeat):
        return _repeat_leaves_stale(node, stale, ends)
    within = ends or isinstance(node, (Look, Atomic))
    # Each part is asked, as each may refuse.
    found = [_leaves_stale(one, stale, within) for one in parts_of(node)]
    return stale if isinstance(node, (Look, BackReference)) else any(found)


def _sequence_leaves_stale(node: Sequence, stale: bool, ends: bool) -> bool:
    for index, one in enumerate(node.parts):
        rest = ends and all(map(is_nullable, node.parts[index + 1 :]))
        stale = _leaves_stale(one, stale, rest)
    return stale


def _repeat_leaves_stale(node: Repeat, stale: bool, ends: bool) -> bool:
    if node.greedy and node.high is None and is_any(node.body):
        return True
    after = _leaves_stale(node.body, stale, ends)
    after = _leaves_stale(node.body, after or stale, ends) or after
    return after or (stale and node.low == 0)


# ---- the start --------------------------------------------------------------------------------


def _check_start(node: Node, asked: bool) -> bool:
    """Refuse a (?s).* behind what only looks: `asked` whether that came before.

    Joni then tries the start of the search and no other place (AnchorType.ANYCHAR_STAR_ML).
    Returns whether nothing is read yet.
    """
    if isinstance(node, Sequence):
        for one in node.parts:
            if not _check_start(one, asked):
                return False
            asked = True
        return True
    if node == Anchor("start"):
        # There is no other place anyway.
        return False
    if asked and isinstance(node, Repeat) and node.body == Chars(EVERY):
        raise refused("(?s).* behind an anchor or a look-around")
    if not isinstance(node, Look):
        for one in parts_of(node):
            _check_start(one, asked)
    return _most_characters(node) == 0


# ---- the end ----------------------------------------------------------------------------------


def loses_end(root: Node) -> bool:
    """Whether Joni may miss an empty match behind a character of many bytes.

    Matcher.endBuf looks for a pattern of few bytes only near the end, and where that is in the
    middle of the last character, at no place at all.
    """
    return is_nullable(root) and 0 < _most_characters(root) < 4 and _has_end(root)


def _has_end(node: Node) -> bool:
    if isinstance(node, Anchor):
        return node.kind in ("end", "end or newline")
    return any(map(_has_end, parts_of(node)))


def _most_characters(node: Node) -> float:
    """How long a match can be: each character has a byte at least."""
    if isinstance(node, (Chars, BackReference)):
        return 1
    if isinstance(node, Look):
        return 0
    inner = list(map(_most_characters, parts_of(node)))
    if isinstance(node, Choice):
        return max(inner)
    if isinstance(node, Repeat):
        high = float("inf") if node.high is None else node.high
        return inner[0] * high if inner[0] and high else 0
    return sum(inner)
