"""xxHash64, MurmurHash3 (x64, 128 bits) and SpookyHash V2, as airlift's slices have them."""

import struct

_MASK = 2**64 - 1


def _rotated(x: int, by: int) -> int:
    return (x << by | x >> (64 - by)) & _MASK


# ---- xxHash64 (Y. Collet's specification) -------------------------------------------------------

_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def _round(lane: int, word: int) -> int:
    return _rotated((lane + word * _P2) & _MASK, 31) * _P1 & _MASK


def xxhash64(data: bytes, seed: int = 0) -> int:
    """The hash as an unsigned number."""
    size = len(data)
    at = size & ~31
    if at:
        a, b, c, d = seed + _P1 + _P2, seed + _P2, seed, seed - _P1
        for w, x, y, z in struct.iter_unpack("<4Q", data[:at]):
            a, b, c, d = _round(a, w), _round(b, x), _round(c, y), _round(d, z)
        found = _rotated(a, 1) + _rotated(b, 7) + _rotated(c, 12) + _rotated(d, 18)
        for lane in (a, b, c, d):
            found = ((found ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        found = seed + _P5
    found = (found + size) & _MASK
    while at + 8 <= size:
        (word,) = struct.unpack_from("<Q", data, at)
        found = (_rotated(found ^ _round(0, word), 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= size:
        (word,) = struct.unpack_from("<I", data, at)
        found = (_rotated(found ^ word * _P1 & _MASK, 23) * _P2 + _P3) & _MASK
        at += 4
    for byte in data[at:]:
        found = _rotated(found ^ byte * _P5 & _MASK, 11) * _P1 & _MASK
    return _avalanche(found)


def _avalanche(x: int) -> int:
    x = (x ^ x >> 33) * _P2 & _MASK
    x = (x ^ x >> 29) * _P3 & _MASK
    return x ^ x >> 32


def xxhash64_long(value: int) -> int:
    """Of a long's eight bytes (XxHash64.hash of a long)."""
    found = _rotated(_P5 + 8 ^ _round(0, value & _MASK), 27) * _P1 + _P4
    return _avalanche(found & _MASK)


def mixed_long(value: int) -> int:
    """A round of xxHash64 (AbstractLongType.hash)."""
    return _round(0, value & _MASK)


# ---- MurmurHash3 (A. Appleby's MurmurHash3_x64_128) ---------------------------------------------

_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


def _mix(x: int) -> int:
    x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD & _MASK
    x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return x ^ x >> 33


def _first(word: int) -> int:
    return _rotated(word * _C1 & _MASK, 31) * _C2 & _MASK


def _second(word: int) -> int:
    return _rotated(word * _C2 & _MASK, 33) * _C1 & _MASK


def murmur3_64(data: bytes) -> int:
    """The first half as an unsigned number (Murmur3Hash128.hash64)."""
    return int.from_bytes(murmur3(data)[:8], "little")


def murmur3(data: bytes) -> bytes:
    """16 bytes, both halves with the lowest byte first."""
    a = b = 0
    whole = len(data) & ~15
    for low, high in struct.iter_unpack("<2Q", data[:whole]):
        a = ((_rotated(a ^ _first(low), 27) + b) * 5 + 0x52DCE729) & _MASK
        b = ((_rotated(b ^ _second(high), 31) + a) * 5 + 0x38495AB5) & _MASK
    low, high = struct.unpack("<2Q", data[whole:].ljust(16, b"\0"))
    a ^= _first(low) ^ len(data)
    b ^= _second(high) ^ len(data)
    a = (a + b) & _MASK
    b = (b + a) & _MASK
    a, b = _mix(a), _mix(b)
    a = (a + b) & _MASK
    return struct.pack("<2Q", a, (b + a) & _MASK)


# ---- SpookyHash V2 (B. Jenkins) -----------------------------------------------------------------

_MAGIC = 0xDEADBEEFDEADBEEF
_LANES, _BLOCK = 12, 96
_MIX = (11, 32, 43, 31, 17, 28, 39, 57, 55, 54, 22, 46)
_END = (44, 15, 34, 21, 38, 33, 10, 13, 38, 53, 42, 54)
_SHORT_MIX = (50, 52, 30, 41, 54, 48, 38, 37, 62, 34, 5, 36)
_SHORT_END = (15, 52, 26, 51, 28, 9, 47, 54, 32, 25, 63)


def spooky_hash_64(data: bytes) -> int:
    return _short(data) if len(data) < 2 * _BLOCK else _long(data)


def _short(data: bytes) -> int:
    h = [0, 0, _MAGIC, _MAGIC]
    at = 0
    while len(data) - at >= 32:
        words = struct.unpack_from("<4Q", data, at)
        h[2], h[3] = h[2] + words[0] & _MASK, h[3] + words[1] & _MASK
        _short_mix(h)
        h[0], h[1] = h[0] + words[2] & _MASK, h[1] + words[3] & _MASK
        at += 32
    if len(data) - at >= 16:
        words = struct.unpack_from("<2Q", data, at)
        h[2], h[3] = h[2] + words[0] & _MASK, h[3] + words[1] & _MASK
        _short_mix(h)
        at += 16
    h[3] = h[3] + (len(data) << 56) & _MASK
    rest = data[at:]
    if rest:
        low, high = struct.unpack("<2Q", rest.ljust(16, b"\0"))
        h[2], h[3] = h[2] + low & _MASK, h[3] + high & _MASK
    else:
        h[2], h[3] = h[2] + _MAGIC & _MASK, h[3] + _MAGIC & _MASK
    for place, by in enumerate(_SHORT_END):
        to, other = (place + 3) % 4, (place + 2) % 4
        h[to] ^= h[other]
        h[other] = _rotated(h[other], by)
        h[to] = h[to] + h[other] & _MASK
    return h[0]


def _short_mix(h: list[int]) -> None:
    for place, by in enumerate(_SHORT_MIX):
        to, plus = (place + 2) % 4, (place + 3) % 4
        h[to] = _rotated(h[to], by) + h[plus] & _MASK
        h[place % 4] ^= h[to]


def _long(data: bytes) -> int:
    h = [0, 0, _MAGIC] * 4
    whole = len(data) // _BLOCK * _BLOCK
    for words in struct.iter_unpack("<12Q", data[:whole]):
        for i in range(_LANES):
            h[i] = h[i] + words[i] & _MASK
            h[(i + 2) % 12] ^= h[(i + 10) % 12]
            h[(i + 11) % 12] ^= h[i]
            h[i] = _rotated(h[i], _MIX[i])
            h[(i + 11) % 12] = h[(i + 11) % 12] + h[(i + 1) % 12] & _MASK
    rest = data[whole:]
    tail = rest.ljust(_BLOCK - 1, b"\0") + bytes([len(rest)])
    for i, word in enumerate(struct.unpack("<12Q", tail)):
        h[i] = h[i] + word & _MASK
    for _ in range(3):
        for i in range(_LANES):
            h[(i + 11) % 12] = h[(i + 11) % 12] + h[(i + 1) % 12] & _MASK
            h[(i + 2) % 12] ^= h[(i + 11) % 12]
            h[(i + 1) % 12] = _rotated(h[(i + 1) % 12], _END[i])
    return h[0]
