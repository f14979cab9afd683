"""The heap in which Trino keeps the n largest or smallest (TypedHeap, TypedKeyValueHeap)."""

from collections.abc import Callable, Iterable
from typing import Any

from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.values import quicksort

Entry = tuple[Any, Any]


class TopHeap:
    """Entries of (key, value), the one that goes first on top.

    `compare` is negative where the first key has to come before the second in the result.
    Values of some types cannot be null (RowType.getFlatVariableWidthSize of 476): `nullable`.
    """

    def __init__(
        self, capacity: int, compare: Callable[[Any, Any], int], nullable: bool = True
    ) -> None:
        self._capacity, self._compare, self._nullable = capacity, compare, nullable
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        if len(self.entries) < self._capacity:
            self._check(entry)
            self.entries.append(entry)
            self._sift_up()
        elif self._compare(entry[0], self.entries[0][0]) < 0:
            self._check(entry)
            # A place that held a null gives nulls ever after (TypedKeyValueHeap.set of 476 does
            # not take its mark away).
            marked = self.entries[0][1] is None
            self.entries[0] = (entry[0], None) if marked else entry
            self._sift_down()

    def _check(self, entry: Entry) -> None:
        if entry[1] is None and not self._nullable:
            raise QueryError("GENERIC_INTERNAL_ERROR", "Position is null")

    def add_all(self, entries: Iterable[Entry]) -> None:
        for one in entries:
            self.add(one)

    def _at(self, a: int, b: int) -> int:
        return self._compare(self.entries[a][0], self.entries[b][0])

    def _sift_down(self) -> None:
        place = 0
        while (left := 2 * place + 1) < len(self.entries):
            right = left + 1
            child = left
            if right < len(self.entries) and self._at(left, right) < 0:
                child = right
            if self._at(child, place) < 0:
                break
            self._swap(place, child)
            place = child

    def _sift_up(self) -> None:
        place = len(self.entries) - 1
        while place:
            parent = (place - 1) // 2
            if self._at(place, parent) < 0:
                break
            self._swap(place, parent)
            place = parent

    def _swap(self, a: int, b: int) -> None:
        self.entries[a], self.entries[b] = self.entries[b], self.entries[a]

    def in_order(self) -> list[Entry]:
        places = list(range(len(self.entries)))
        quicksort.sort(places, self._at, quicksort.by_selection)
        return [self.entries[one] for one in places]
