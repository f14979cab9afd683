"""A seeded sample: the same places for the same source, and a larger one holds the smaller."""

import hashlib
from collections.abc import Iterable

from tests.mutants.changes import Change


def sample(found: Iterable[Change], seed: int, size: int) -> list[Change]:
    """The first ones in an order that the seed and the place decide, not the list."""
    return sorted(found, key=lambda change: _rank(seed, change))[:size]


def _rank(seed: int, change: Change) -> bytes:
    place = (seed, change.file, change.start, change.end, change.kind, change.becomes)
    return hashlib.sha256(repr(place).encode()).digest()
