"""Patterns on which a backtracking engine may take time that doubles with each character.

That is so where a loop can read the same characters in two ways and be back where it was
(N. Weideman et al., "Analyzing Matching Time Behavior of Backtracking Regular Expression Matchers
by Using Ambiguity of NFA", 2016: exponential degree of ambiguity).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from local_cloud.athena.sql.joni.code_points import EVERY, Ranges, overlap
from local_cloud.athena.sql.joni.tree import (
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
    parts_of,
)

# A loop of more rounds counts as one without an end; one of fewer is written out.
FEW = 8
# So many loops one behind the other are the work of a few rounds of a loop at most.
MAX_LOOPS = 4
# A body of more characters is not looked into, and taken for ambiguous.
MAX_PLACES = 400


def is_ambiguous(node: Node) -> bool:
    """Whether some loop of the pattern is of that kind."""
    if isinstance(node, Repeat) and _is_suspect(node):
        return _Automaton().loops_in_two_ways(node) or any(map(is_ambiguous, _closed(node)))
    return any(map(is_ambiguous, parts_of(node)))


def _closed(node: Node) -> Iterator[Node]:
    """What stands inside of atomic groups and look-arounds, a matter of its own."""
    for one in parts_of(node):
        if isinstance(node, (Atomic, Look)):
            yield one
        yield from _closed(one)


def _is_suspect(node: Repeat) -> bool:
    if _is_long(node):
        return _has_choices(node.body)
    return _loops(node) > MAX_LOOPS


def _loops(node: Node) -> int:
    """How many long loops can stand one behind the other in what the node stands for."""
    if isinstance(node, Choice):
        return max(map(_loops, node.parts))
    inner = sum(map(_loops, parts_of(node)))
    if not isinstance(node, Repeat):
        return inner
    return inner + 1 if _is_long(node) else inner * (node.high or 0)


def _is_long(node: Repeat) -> bool:
    return node.high is None or node.high > FEW


def _has_choices(node: Node) -> bool:
    if isinstance(node, (Choice, Repeat)):
        return True
    return any(map(_has_choices, parts_of(node)))


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a part can begin and end, and whether it can be nothing."""

    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    nothing: bool = True


class TooLargeError(Exception):
    """The automaton would have too many places."""


@dataclass(slots=True)
class _Automaton:
    """Glushkov's: a place for each character of the pattern, and which may follow which."""

    codes: list[Ranges] = field(default_factory=list)
    follows: list[list[int]] = field(default_factory=list)
    # Rounds that read nothing can be many or few at will.
    idle: bool = False

    def loops_in_two_ways(self, loop: Repeat) -> bool:
        try:
            # Few rounds of many loops are looked at as if they were without an end.
            self._ends(replace(loop, high=None))
        except TooLargeError:
            return True
        # Two ways from one place to the next are two ways already.
        twice = any(len(set(some)) < len(some) for some in self.follows)
        return self.idle or twice or (bool(self.codes) and self._parts_and_meets())

    # ---- building -----------------------------------------------------------------------------

    def _ends(self, node: Node) -> Ends:
        if isinstance(node, Chars):
            return self._place(node.codes)
        if isinstance(node, (Atomic, BackReference)):
            # One way at most from any place on.
            return self._place(EVERY)
        if isinstance(node, Sequence):
            return self._joined(self._ends(one) for one in node.parts)
        if isinstance(node, Choice):
            parts = [self._ends(one) for one in node.parts]
            return Ends(
                tuple(place for one in parts for place in one.first),
                tuple(place for one in parts for place in one.last),
                any(one.nothing for one in parts),
            )
        if isinstance(node, (CapturingGroup, OptionScope)):
            return self._ends(node.body)
        return self._rounds(node) if isinstance(node, Repeat) else Ends()

    def _place(self, codes: Ranges) -> Ends:
        if len(self.codes) == MAX_PLACES:
            raise TooLargeError
        self.codes.append(codes)
        self.follows.append([])
        here = (len(self.codes) - 1,)
        return Ends(here, here, False)

    def _joined(self, parts: Iterator[Ends]) -> Ends:
        whole = Ends()
        for one in parts:
            self._link(whole.last, one.first)
            whole = Ends(
                whole.first + (one.first if whole.nothing else ()),
                one.last + (whole.last if one.nothing else ()),
                whole.nothing and one.nothing,
            )
        return whole

    def _link(self, before: tuple[int, ...], after: tuple[int, ...]) -> None:
        for place in before:
            self.follows[place] += after

    def _rounds(self, node: Repeat) -> Ends:
        if _is_long(node):
            one = self._ends(node.body)
            self.idle = self.idle or not one.first
            self._link(one.last, one.first)
            return Ends(one.first, one.last, one.nothing or node.low == 0)
        needed = Repeat(node.body, 0, 1, node.greedy)
        if (node.low, node.high) == (0, 1):
            one = self._ends(node.body)
            return Ends(one.first, one.last, True)
        copies = [node.body] * node.low + [needed] * ((node.high or 0) - node.low)
        return self._joined(self._ends(one) for one in copies)

    # ---- asking -------------------------------------------------------------------------------

    def _parts_and_meets(self) -> bool:
        """Whether two ways that read the same text part, and meet again.

        In a loop each place leads to each other one, so that it does not matter where.
        """
        start = (0, 0)
        before: dict[tuple[int, int], list[tuple[int, int]]] = {start: []}
        waiting = [start]
        while waiting:
            pair = waiting.pop()
            for following in self._steps(pair):
                if following not in before:
                    before[following] = []
                    waiting.append(following)
                before[following].append(pair)
        together = [pair for pair in before if pair[0] == pair[1]]
        return any(a != b for pair in together for a, b in before[pair])

    def _steps(self, pair: tuple[int, int]) -> Iterator[tuple[int, int]]:
        for a in self.follows[pair[0]]:
            for b in self.follows[pair[1]]:
                if overlap(self.codes[a], self.codes[b]):
                    yield a, b
