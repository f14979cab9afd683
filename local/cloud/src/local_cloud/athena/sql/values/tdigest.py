"""T-digests as airlift's stats library has them: quantiles of many numbers from a few centroids.

T. Dunning and O. Ertl, "Computing Extremely Accurate Quantiles Using t-Digests" (2019).
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.values import quicksort
from local_cloud.athena.sql.values.java_math import divided, ln

COMPRESSION = 100.0


@dataclass(slots=True)
class TDigest:
    compression: float = COMPRESSION
    low: float = math.inf
    high: float = -math.inf
    total: float = 0.0
    means: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    backwards: bool = False
    unmerged: bool = False
    # How many centroids there is room for: Trino merges them where its arrays are full.
    room: int = 1

    def add(self, value: float, weight: float = 1.0) -> None:
        if len(self.means) == self.room:
            if self.room < self._limit():
                self.room = min(max(2 * self.room, 1), self._limit())
            else:
                self._merge(2 * self.compression)
        self.means.append(value)
        self.weights.append(weight)
        self.total += weight
        self.low = min(value, self.low, key=_order)
        self.high = max(value, self.high, key=_order)
        self.unmerged = True

    def _limit(self) -> int:
        return int(6 * (2 * self.compression + 10))

    def merge_with(self, other: "TDigest") -> None:
        if len(self.means) + len(other.means) > self.room:
            self._merge(2 * self.compression)
            other._merge(2 * other.compression)
            self.room = max(self.room, len(self.means) + len(other.means))
        self.means += other.means
        self.weights += other.weights
        self.total += other.total
        self.low = min(self.low, other.low, key=_order)
        self.high = max(self.high, other.high, key=_order)
        self.unmerged = True

    def _merge(self, compression: float) -> None:
        if not self.means:
            return
        order = self._order()
        mean, weight = self.means[order[0]], self.weights[order[0]]
        made: list[tuple[float, float]] = []
        before = 0.0
        normalizer = compression / (4 * ln(self.total / compression) + 24)
        largest = _cluster_size(0.0, normalizer)
        for place in order[1:]:
            more = self.weights[place]
            tentative = weight + more
            quantile = min((before + tentative) / self.total, 1.0)
            limit = self.total * min(largest, _cluster_size(quantile, normalizer))
            if tentative <= limit:
                mean = mean + (self.means[place] - mean) * more / tentative
                weight = tentative
            else:
                made.append((mean, weight))
                before += weight
                largest = _cluster_size(before / self.total, normalizer)
                mean, weight = self.means[place], more
        made.append((mean, weight))
        if self.backwards:
            made.reverse()
        self.backwards = not self.backwards
        self.means = [one for one, _ in made]
        self.weights = [one for _, one in made]

    def _order(self) -> list[int]:
        order = list(range(len(self.means)))
        keys = [_order(one) for one in self.means]
        quicksort.sort(
            order,
            lambda a, b: (keys[a] > keys[b]) - (keys[a] < keys[b]),
            quicksort.by_insertion,
        )
        if self.backwards:
            order.reverse()
        return order

    def stored(self) -> "TDigest":
        """As it comes out of its serialized form: merged more, and sorted from the front."""
        self._merge(self.compression)
        return _of_stored(
            self.compression, self.low, self.high, self.total, self.means, self.weights
        )

    def is_exact(self) -> bool:
        """Whether no two values share a centroid, also where it is stored."""
        self._merge(self.compression)
        return all(one == 1 for one in self.weights)

    def serialized(self) -> bytes:
        self._merge(self.compression)
        count = len(self.means)
        return struct.pack(
            f"<b4di{count}d{count}d",
            0,
            self.low,
            self.high,
            self.compression,
            self.total,
            count,
            *self.means,
            *self.weights,
        )

    def values_at(self, quantiles: Sequence[float]) -> list[float]:
        """The values at quantiles, which increase."""
        if not quantiles:
            return []
        if not self.means:
            return [math.nan] * len(quantiles)
        if self.unmerged:
            self._merge(2 * self.compression)
        if len(self.means) == 1:
            return [self.means[0]] * len(quantiles)
        return [self._at(one * self.total) for one in quantiles]

    def _at(self, offset: float) -> float:
        weights, means = self.weights, self.means
        first, last = weights[0] / 2, weights[-1] / 2
        if offset < 1:
            return self.low
        if offset < first:
            return self.low + _between(offset, 1, self.low, first, means[0])
        if offset <= self.total - 1 and self.total - offset <= last and last > 1:
            return self._from_the_top(offset, last)
        if offset >= self.total - 1:
            return self.high
        so_far, place = first, 0
        delta = (weights[0] + weights[1]) / 2
        while place < len(means) - 1 and so_far + delta <= offset:
            so_far += delta
            place += 1
            if place < len(means) - 1:
                delta = (weights[place] + weights[place + 1]) / 2
        if place == len(means) - 1:
            return self._from_the_top(offset, last) if last > 1 else self.high
        return self._inside(offset - so_far, place, delta)

    def _from_the_top(self, offset: float, last: float) -> float:
        return self.high + _between(self.total - offset, 1, self.high, last, self.means[-1])

    def _inside(self, offset: float, place: int, delta: float) -> float:
        """Between two centroids: one of a single value is that value."""
        left, right = self.weights[place], self.weights[place + 1]
        if left == 1 and offset < left / 2:
            return self.means[place]
        if right == 1 and offset >= left / 2:
            return self.means[place + 1]
        if left == 1:
            offset, delta = offset - left / 2, right / 2
        elif right == 1:
            delta = left / 2
        start = self.means[place]
        return start + _between(offset, 0, start, delta, self.means[place + 1])


def _order(value: float) -> tuple[float, float]:
    # As Java compares and picks: -0.0 is below 0.0.
    return (value, math.copysign(1.0, value))


def _between(x: float, x0: float, y0: float, x1: float, y1: float) -> float:
    return divided(x - x0, x1 - x0) * (y1 - y0)


def _cluster_size(quantile: float, normalizer: float) -> float:
    return divided(quantile * (1 - quantile), normalizer)


def deserialized(data: bytes) -> TDigest:
    _, low, high, compression, total, count = struct.unpack_from("<b4di", data)
    numbers = struct.unpack_from(f"<{2 * count}d", data, struct.calcsize("<b4di"))
    means, weights = list(numbers[:count]), list(numbers[count:])
    return _of_stored(compression, low, high, total, means, weights)


def _of_stored(
    compression: float,
    low: float,
    high: float,
    total: float,
    means: list[float],
    weights: list[float],
) -> TDigest:
    return TDigest(compression, low, high, total, means, weights, room=len(means))


def checked_weight(weight: float) -> float:
    if not math.isfinite(weight) or weight < 1:
        raise invalid_argument(f"weight must be finite and >= 1, was {weight}")
    return weight
