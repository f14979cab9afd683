"""Makes a failing run small: few events that still make it fail."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")


def shrunk(
    events: Sequence[T], is_red: Callable[[Sequence[T]], bool], tries: int
) -> Sequence[T]:
    """The smallest of the lists that were found to be red; `events` themselves are taken for red.

    Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002): all
    but one of n pieces, in pieces that become half as big when none can be spared. It ends where no
    single event can be spared, or after so many tries.
    """
    kept, pieces = list(events), 2
    left = tries
    while kept:
        for smaller in _without_one_piece(kept, pieces):
            if not left:
                return kept
            left -= 1
            if is_red(smaller):
                # What could not be spared of the bigger list may be spared of this one.
                kept, pieces = smaller, max(pieces - 1, 2)
                break
        else:
            if pieces >= len(kept):
                return kept
            pieces = min(pieces * 2, len(kept))
    return kept


def _without_one_piece(events: list[T], pieces: int) -> Iterable[list[T]]:
    """The list without its first piece, without its second, and so on."""
    count = min(pieces, len(events))
    cuts = [len(events) * number // count for number in range(count + 1)]
    for start, stop in pairwise(cuts):
        yield events[:start] + events[stop:]
