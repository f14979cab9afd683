"""The most frequent of many values in a bounded room (StreamSummary of stream-lib).

A. Metwally, D. Agrawal and A. El Abbadi, "Efficient Computation of Frequent and Top-k Elements in
Data Streams" (2005).
"""

from typing import Any


class StreamSummary:
    """Counts of at most `capacity` values: a new one takes the place of the rarest, and its count.

    Values of one count stand in the order in which they came to have it.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._counts: dict[Any, int] = {}
        self._buckets: dict[int, dict[Any, None]] = {}

    def add(self, value: Any, times: int = 1) -> None:
        count = self._counts.get(value)
        if count is None:
            count = self._evicted() if len(self._counts) >= self._capacity else 0
        else:
            self._leave(value, count)
        self._counts[value] = count + times
        self._buckets.setdefault(count + times, {})[value] = None

    def _evicted(self) -> int:
        count = min(self._buckets)
        oldest = next(iter(self._buckets[count]))
        self._leave(oldest, count)
        del self._counts[oldest]
        return count

    def _leave(self, value: Any, count: int) -> None:
        bucket = self._buckets[count]
        del bucket[value]
        if not bucket:
            del self._buckets[count]

    def top(self, many: int) -> list[tuple[Any, int]]:
        listed = [
            (value, count)
            for count in sorted(self._buckets, reverse=True)
            for value in self._buckets[count]
        ]
        return listed[:many]
