"""Places of the elements of every combination, in the order of Trino's combinations()."""

from collections.abc import Iterator


def combination_count(size: int, length: int) -> int | None:
    """How many there are; None where a step does not fit into Java's int.

    (ArrayCombinationsFunction.combinationCount)
    """
    count = 1
    for step in range(1, length + 1):
        product = count * (size - length + step)
        if product >= 2**31:
            return None
        count = product // step
    return count


def combinations(size: int, length: int) -> Iterator[tuple[int, ...]]:
    """The first places move first (ArrayCombinationsFunction.nextCombination)."""
    # Behind the last place stands one that none may reach.
    places = [*range(length), size]
    while True:
        yield tuple(places[:length])
        for at in range(length):
            if places[at] + 1 < places[at + 1]:
                places[at] += 1
                places[:at] = range(at)
                break
        else:
            return
