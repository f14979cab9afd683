"""A seeded sample: the same places for the same source, and a larger one holds the smaller."""

import hashlib
from collections.abc import Callable, Iterable
from itertools import islice

from tests.mutants.changes import Change


def sample(
    found: Iterable[Change], seed: int, size: int, is_real: Callable[[Change], bool]
) -> list[Change]:
    """The first real ones in an order that the seed and the place decide, not the list."""
    ranked = sorted(found, key=lambda change: _rank(seed, change))
    return list(islice(filter(is_real, ranked), size))


def _rank(seed: int, change: Change) -> bytes:
    place = (seed, change.file, change.start, change.end, change.kind, change.becomes)
    return hashlib.sha256(repr(place).encode()).digest()
