"""Which tests `make test` leaves to the campaign: those that are marked, or all but a share of them."""

from collections import defaultdict
from collections.abc import Iterable
from zlib import crc32

import pytest


def left_to_the_campaign(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """The items that only a full size runs."""
    left = set[pytest.Item]()
    families = defaultdict[tuple[str, int], list[pytest.Item]](list)
    for item in items:
        for mark in item.iter_markers("full_size"):
            if "one_in" in mark.kwargs:
                families[(item.nodeid.split("[")[0], mark.kwargs["one_in"])].append(item)
            elif "but" not in mark.kwargs or f"[{mark.kwargs['but']}" not in item.name:
                left.add(item)
    for (_, one_in), family in families.items():
        left |= set(_by_chance(family)[-(-len(family) // one_in) :])
    return left


def _by_chance(family: Iterable[pytest.Item]) -> list[pytest.Item]:
    """In an order that has nothing to do with what they are, and is the same each time."""
    return sorted(family, key=lambda item: (crc32(item.nodeid.encode()), item.nodeid))
