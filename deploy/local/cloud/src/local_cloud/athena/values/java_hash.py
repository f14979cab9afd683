"""The order in which Trino's maps list text keys that it collected in a java.util.HashMap."""

from collections.abc import Iterable

_MASK = 2**64 - 1
_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)


def hash_order(keys: Iterable[str]) -> list[str]:
    """Distinct keys, given in the order in which they were put, as the map iterates.

    A table of 16 buckets doubles above a load of three quarters (java.util.HashMap); a Slice's
    hash code are the lower 32 bits of its XXH64 (io.airlift.slice.Slice.hashCode).
    """
    known = list(keys)
    size = 16
    while len(known) > size * 3 // 4:
        size *= 2
    return sorted(known, key=lambda one: _spread(xxh64(one.encode())) & (size - 1))


def _spread(code: int) -> int:
    """HashMap.hash."""
    low = code & 0xFFFFFFFF
    return low ^ (low >> 16)


def _rotated(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _MASK


def _round(lane: int, value: int) -> int:
    return _rotated((lane + value * _P2) & _MASK, 31) * _P1 & _MASK


def _word(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


def xxh64(data: bytes) -> int:
    """XXH64 with seed 0 (xxHash specification, "XXH64 algorithm description")."""
    at, total = 0, len(data)
    if total >= 32:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while at + 32 <= total:
            lanes = [_round(one, _word(data, at + 8 * i, 8)) for i, one in enumerate(lanes)]
            at += 32
        found = (
            sum(_rotated(one, bits) for one, bits in zip(lanes, (1, 7, 12, 18), strict=True))
            & _MASK
        )
        for one in lanes:
            found = ((found ^ _round(0, one)) * _P1 + _P4) & _MASK
    else:
        found = _P5
    return _avalanche(_tail(data, at, (found + total) & _MASK))


def _tail(data: bytes, at: int, found: int) -> int:
    while at + 8 <= len(data):
        found = (_rotated(found ^ _round(0, _word(data, at, 8)), 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= len(data):
        found = (_rotated(found ^ _word(data, at, 4) * _P1 & _MASK, 23) * _P2 + _P3) & _MASK
        at += 4
    for byte in data[at:]:
        found = _rotated(found ^ byte * _P5 & _MASK, 11) * _P1 & _MASK
    return found


def _avalanche(found: int) -> int:
    found = (found ^ found >> 33) * _P2 & _MASK
    found = (found ^ found >> 29) * _P3 & _MASK
    return found ^ found >> 32
