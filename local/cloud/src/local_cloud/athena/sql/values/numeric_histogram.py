"""A histogram of numbers in a bounded number of buckets (NumericHistogram of trino-main 476).

Y. Ben-Haim and E. Tom-Tov, "A Streaming Parallel Decision Tree Algorithm" (2010): where there are
too many, the two neighbours are merged whose merging loses least.
"""

import heapq
import math
from dataclasses import dataclass
from itertools import pairwise

from local_cloud.athena.sql.values.java_math import divided

# DoubleHistogramAggregation.ENTRY_BUFFER_SIZE
BUFFER = 100
Bucket = tuple[float, float]


@dataclass(eq=False, slots=True)
class _Entry:
    place: int
    value: float
    weight: float
    left: "_Entry | None" = None
    right: "_Entry | None" = None
    valid: bool = True

    def penalty(self) -> float:
        if self.right is None:
            return math.inf
        both = self.weight + self.right.weight
        apart = (self.value - self.right.value) * (self.value - self.right.value)
        return both * apart * divided(self.weight * self.right.weight, both * both)


class NumericHistogram:
    def __init__(self, buckets: int) -> None:
        self._most = buckets
        self._buckets: list[Bucket] = []

    def add(self, value: float, weight: float) -> None:
        if len(self._buckets) == self._most + BUFFER:
            self.compact()
        self._buckets.append((value, weight))

    def compact(self) -> list[Bucket]:
        """At most as many buckets as there may be, by their values."""
        self._buckets = _same_merged(self._buckets)
        if len(self._buckets) > self._most:
            self._buckets = sorted(_neighbours_merged(self._buckets, self._most), key=_order)
        return self._buckets


def _order(bucket: Bucket) -> tuple[bool, float, float]:
    # Double.compare: -0.0 comes before 0.0, and NaN last.
    value = bucket[0]
    if value != value:
        return (True, 0.0, 0.0)
    return (False, value, math.copysign(1.0, value))


def _same_merged(buckets: list[Bucket]) -> list[Bucket]:
    made: list[Bucket] = []
    for value, weight in sorted(buckets, key=_order):
        if made and made[-1][0] == value:
            made[-1] = (made[-1][0], made[-1][1] + weight)
        else:
            made.append((value, weight))
    return made


def _neighbours_merged(buckets: list[Bucket], wanted: int) -> list[Bucket]:
    entries = [_Entry(place, *one) for place, one in enumerate(buckets)]
    for one, following in pairwise(entries):
        one.right, following.left = following, one
    queue = [(*_rank(one), number, one) for number, one in enumerate(entries)]
    heapq.heapify(queue)
    number, count = len(queue), len(entries)
    while count > wanted:
        current = heapq.heappop(queue)[-1]
        if not current.valid:
            continue
        count -= 1
        right = current.right
        assert right is not None
        weight = current.weight + right.weight
        value = divided(current.value * current.weight + right.value * right.weight, weight)
        current.valid = right.valid = False
        merged = _Entry(current.place, value, weight, None, right.right)
        added = [merged]
        if merged.right is not None:
            merged.right.left = merged
        if (left := current.left) is not None:
            left.valid = False
            renewed = _Entry(left.place, left.value, left.weight, left.left, merged)
            merged.left = renewed
            if renewed.left is not None:
                renewed.left.right = renewed
            added.append(renewed)
        for one in added:
            number += 1
            heapq.heappush(queue, (*_rank(one), number, one))
    return [(one.value, one.weight) for *_, one in queue if one.valid]


def _rank(entry: _Entry) -> tuple[bool, float, int]:
    penalty = entry.penalty()
    return (True, 0.0, entry.place) if penalty != penalty else (False, penalty, entry.place)
