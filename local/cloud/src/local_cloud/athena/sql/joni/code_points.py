"""Sets of code points as sorted ranges, for the character classes of regular expressions."""

from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]
LAST = 0x10FFFF
EVERY: Ranges = ((0, LAST),)
NONE: Ranges = ()


def union(*sets: Iterable[tuple[int, int]]) -> Ranges:
    found: list[tuple[int, int]] = []
    for low, high in sorted(one for some in sets for one in some):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def complement(of: Ranges) -> Ranges:
    found: list[tuple[int, int]] = []
    start = 0
    for low, high in of:
        if start < low:
            found.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        found.append((start, LAST))
    return tuple(found)


def intersection(a: Ranges, b: Ranges) -> Ranges:
    return complement(union(complement(a), complement(b)))


def overlap(a: Ranges, b: Ranges) -> bool:
    return any(low <= other[1] and other[0] <= high for low, high in a for other in b)


def holds(of: Ranges, code: int) -> bool:
    return any(low <= code <= high for low, high in of)


def single(char: str) -> Ranges:
    return ((ord(char), ord(char)),)


def of_codes(codes: Iterable[int]) -> Ranges:
    """The ranges of single code points in ascending order."""
    found: list[list[int]] = []
    for code in codes:
        if found and code == found[-1][1] + 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return tuple((low, high) for low, high in found)
