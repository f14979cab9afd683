"""fastutil's quicksort: which of two equal things comes first shows in what is made of them."""

from collections.abc import Callable

_NO_RECURSION, _MEDIAN_OF_NINE = 16, 128
Compare = Callable[[int, int], int]


def by_selection(items: list[int], compare: Compare, start: int, end: int) -> None:
    """IntArrays.quickSort sorts short ranges so."""
    for place in range(start, end - 1):
        least = place
        for other in range(place + 1, end):
            if compare(items[other], items[least]) < 0:
                least = other
        if least != place:
            items[place], items[least] = items[least], items[place]


def by_insertion(items: list[int], compare: Compare, start: int, end: int) -> None:
    """IntArrays' and airlift's indirect sorts sort short ranges so."""
    for place in range(start + 1, end):
        moved, at = items[place], place
        while at > start and compare(moved, items[at - 1]) < 0:
            items[at] = items[at - 1]
            at -= 1
        items[at] = moved


def sort(
    items: list[int],
    compare: Compare,
    short: Callable[[list[int], Compare, int, int], None],
    start: int = 0,
    end: int | None = None,
) -> None:
    """In place, after J. L. Bentley and M. D. McIlroy, "Engineering a Sort Function" (1993)."""
    end = len(items) if end is None else end
    size = end - start
    if size < _NO_RECURSION:
        short(items, compare, start, end)
        return
    less, greater = _partitioned(items, compare, start, end)
    if less > 1:
        sort(items, compare, short, start, start + less)
    if greater > 1:
        sort(items, compare, short, end - greater, end)


def _partitioned(items: list[int], compare: Compare, start: int, end: int) -> tuple[int, int]:
    """How many come before the pivot, and how many behind it and what equals it."""
    pivot = items[_pivot(items, compare, start, end)]
    a = b = start
    c = d = end - 1
    while True:
        while b <= c and (found := compare(items[b], pivot)) <= 0:
            if found == 0:
                items[a], items[b] = items[b], items[a]
                a += 1
            b += 1
        while c >= b and (found := compare(items[c], pivot)) >= 0:
            if found == 0:
                items[c], items[d] = items[d], items[c]
                d -= 1
            c -= 1
        if b > c:
            break
        items[b], items[c] = items[c], items[b]
        b += 1
        c -= 1
    moved = min(a - start, b - a)
    _exchange(items, start, b - moved, moved)
    moved = min(d - c, end - d - 1)
    _exchange(items, b, end - moved, moved)
    return b - a, d - c


def _pivot(items: list[int], compare: Compare, start: int, end: int) -> int:
    size = end - start
    low, middle, high = start, start + size // 2, end - 1
    if size > _MEDIAN_OF_NINE:
        step = size // 8
        low = _median(items, compare, low, low + step, low + 2 * step)
        middle = _median(items, compare, middle - step, middle, middle + step)
        high = _median(items, compare, high - 2 * step, high - step, high)
    return _median(items, compare, low, middle, high)


def _median(items: list[int], compare: Compare, a: int, b: int, c: int) -> int:
    ab, ac = compare(items[a], items[b]), compare(items[a], items[c])
    bc = compare(items[b], items[c])
    if ab < 0:
        return b if bc < 0 else c if ac < 0 else a
    return b if bc > 0 else c if ac > 0 else a


def _exchange(items: list[int], a: int, b: int, count: int) -> None:
    for step in range(count):
        items[a + step], items[b + step] = items[b + step], items[a + step]
