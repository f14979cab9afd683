"""The order in which Trino's maps list text keys that it collected in a java.util.HashMap."""

from collections.abc import Iterable

from local_cloud.athena.sql.values.hashes import xxhash64


def hash_order(keys: Iterable[str]) -> list[str]:
    """Distinct keys, given in the order in which they were put, as the map iterates.

    A table of 16 buckets doubles above a load of three quarters (java.util.HashMap); a Slice's
    hash code are the lower 32 bits of its XXH64 (io.airlift.slice.Slice.hashCode).
    """
    known = list(keys)
    size = 16
    while len(known) > size * 3 // 4:
        size *= 2
    return sorted(known, key=lambda one: _spread(xxhash64(one.encode())) & (size - 1))


def _spread(code: int) -> int:
    """HashMap.hash."""
    low = code & 0xFFFFFFFF
    return low ^ (low >> 16)
