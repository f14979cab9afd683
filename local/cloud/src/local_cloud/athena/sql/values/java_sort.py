"""The order in which Java's List.sort leaves places, by a comparator that may be no order."""

from collections.abc import Callable
from functools import cmp_to_key
from itertools import pairwise

Compare = Callable[[int, int], int]
# TimSort.MIN_MERGE: shorter lists are not merged from runs.
MIN_MERGE = 32


def sorted_places(count: int, compare: Compare) -> list[int] | None:
    """The places 0 to `count` - 1 in order; None where only Java knows.

    From 32 elements on, the answer for a comparator that contradicts itself is Java's secret.
    """
    if count < MIN_MERGE:
        return _mini_sort(count, compare)
    found = sorted(range(count), key=cmp_to_key(compare))
    return found if _is_order(found, compare) else None


def _mini_sort(count: int, compare: Compare) -> list[int]:
    """TimSort without merges: the run at the start, then binary insertion (java.util.TimSort)."""
    places = list(range(count))
    if count < 2:
        return places
    end = 2
    if compare(1, 0) < 0:
        while end < count and compare(end, end - 1) < 0:
            end += 1
        places[:end] = reversed(places[:end])
    else:
        while end < count and compare(end, end - 1) >= 0:
            end += 1
    for at in range(end, count):
        low, high = 0, at
        while low < high:
            middle = (low + high) // 2
            if compare(at, places[middle]) < 0:
                high = middle
            else:
                low = middle + 1
        places.insert(low, places.pop(at))
    return places


def _is_order(found: list[int], compare: Compare) -> bool:
    """Whether each pair agrees with the order: then every stable sort finds the same."""
    group, groups = 0, [0]
    for before, after in pairwise(found):
        group += compare(before, after) != 0
        groups.append(group)
    return all(
        compare(a, b) == -(groups[i] < groups[j]) == -compare(b, a)
        for i, a in enumerate(found)
        for j, b in enumerate(found[i + 1 :], i + 1)
    )
