"""Patterns on which a backtracking engine may take time that doubles with each character.

That is where a loop can read the same characters in two ways and be back where it was (V. Allender,
"infinite degree of ambiguity": N. Weideman et al., "Analyzing matching time behavior of
backtracking regular expression matchers", 2016).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from local_cloud.athena.joni.code_points import EVERY, Ranges, intersection
from local_cloud.athena.joni.tree import (
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
    parts_of,
)

# A loop of more rounds counts as one without an end; one of fewer is written out.
FEW = 8
# A body of more characters is not looked into, and taken for ambiguous.
MAX_PLACES = 400


def is_ambiguous(node: Node) -> bool:
    """Whether some loop of the pattern is of that kind."""
    if isinstance(node, Repeat) and _is_long(node) and _has_choices(node.body):
        if _Automaton().loops_in_two_ways(node):
            return True
    # What an atomic group or a look-around does inside is a matter of its own.
    return any(is_ambiguous(one) for one in parts_of(node))


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

    def loops_in_two_ways(self, loop: Repeat) -> bool:
        try:
            self._ends(loop)
        except TooLargeError:
            return True
        if any(len(set(some)) < len(some) for some in self.follows):
            return True
        return any(self._returns_apart(place) for place in range(len(self.codes)))

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
        if isinstance(node, (Group, Scope)):
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
            self._link(one.last, one.first)
            return Ends(one.first, one.last, one.nothing or node.low == 0)
        needed = Repeat(node.body, 0, 1, node.greedy)
        if (node.low, node.high) == (0, 1):
            one = self._ends(node.body)
            return Ends(one.first, one.last, True)
        copies = [node.body] * node.low + [needed] * ((node.high or 0) - node.low)
        return self._joined(self._ends(one) for one in copies)

    # ---- asking -------------------------------------------------------------------------------

    def _returns_apart(self, place: int) -> bool:
        """Whether two ways from `place` read the same text, part, and both come back to it."""
        start = (place, place)
        seen = {start}
        waiting = [start]
        before: dict[tuple[int, int], list[tuple[int, int]]] = {}
        while waiting:
            pair = waiting.pop()
            for following in self._steps(pair):
                before.setdefault(following, []).append(pair)
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
        return _reaches(before, start)

    def _steps(self, pair: tuple[int, int]) -> Iterator[tuple[int, int]]:
        for a in self.follows[pair[0]]:
            for b in self.follows[pair[1]]:
                if intersection(self.codes[a], self.codes[b]):
                    yield a, b


def _reaches(
    before: dict[tuple[int, int], list[tuple[int, int]]], start: tuple[int, int]
) -> bool:
    """Whether a pair of two different places leads to `start`."""
    seen, waiting = {start}, [start]
    while waiting:
        for one in before.get(waiting.pop(), ()):
            if one[0] != one[1]:
                return True
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return False
