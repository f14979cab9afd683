"""What the next answer of a page may cost: learned from the last ones, and forgotten with them."""

import math
from collections import deque
from collections.abc import Mapping

KEPT = 20
"""Answers that a price comes from."""
_SHARE = 0.9
"""Of these, so many cost no more than the price: one odd answer in ten is odd, not the price."""
_TIMES = 2
"""An answer counts for so many times the price before it at most: one that is huge is odd too."""


class Prices:
    """The price of each page. `known` are those of the process before."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self._known = dict(known)
        self._seen: dict[str, deque[int]] = {}

    def of(self, page: str, first: int) -> int:
        """The price of a page; `first` where no answer was seen yet."""
        seen = self._seen.get(page)
        if not seen:
            return self._known.get(page, first)
        ranked = sorted(seen)
        return ranked[math.ceil(_SHARE * len(ranked)) - 1]

    def learn(self, page: str, credits: int, first: int) -> int:
        """An answer cost so much; the price from now on."""
        seen = self._seen.setdefault(page, deque(maxlen=KEPT))
        # What an old process knew may be one odd answer, so it sets no limit by itself.
        before = self.of(page, first) if seen else first
        seen.append(min(credits, _TIMES * max(before, first)))
        return self.of(page, first)
