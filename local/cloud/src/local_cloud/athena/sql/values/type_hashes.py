"""The hashes of Trino's types, on which checksum() and approx_distinct() stand.

Types have two: XX_HASH_64, and the faster HASH_CODE, which a row's fields use in both
(RowType.getXxHash64OperatorMethodHandles of trino-spi 476).
"""

import struct
from collections.abc import Callable
from typing import Any
from uuid import UUID

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import hashes
from local_cloud.athena.sql.values.numbers import SHORT_DIGITS, unscaled

_MASK = 2**64 - 1
_TEXTS = ("varchar", "char", "varbinary", "json")


def xx_hash(value: Any, of: Type) -> int:
    """XX_HASH_64 of a value that is not null, as an unsigned number."""
    if of.args:
        return _nested(value, of, xx_hash)
    longs = _longs(value, of)
    if longs is None:
        data = value.encode() if isinstance(value, str) else value
        return hashes.xxhash64(data)
    found = 0
    for one in longs:
        found ^= hashes.xxhash64_long(one)
    return found


def hash_code(value: Any, of: Type) -> int:
    """HASH_CODE: where a type has none, its XX_HASH_64."""
    if of.args:
        return _nested(value, of, hash_code)
    if of.name in ("boolean", "uuid", *_TEXTS) or _is_long_decimal(of):
        return xx_hash(value, of)
    (one,) = _longs(value, of) or ()
    return hashes.mixed_long(one)


def _nested(value: Any, of: Type, inner: Callable[[Any, Type], int]) -> int:
    def part(one: Any, kind: Type, by: Callable[[Any, Type], int]) -> int:
        return 0 if one is None else by(one, kind)

    if of.name == "array":
        found = 0
        for one in value:
            found = 31 * found + part(one, of.args[0], inner) & _MASK
        return found
    if of.name == "map":
        key, kind = of.args
        return sum(part(k, key, inner) ^ part(v, kind, inner) for k, v in value) & _MASK
    found = 1
    for one, kind in zip(value, of.args, strict=True):
        found = 31 * found + part(one, kind, hash_code) & _MASK
    return found


def _is_long_decimal(of: Type) -> bool:
    return of.name == "decimal" and (of.precision or 0) > SHORT_DIGITS


def _longs(value: Any, of: Type) -> tuple[int, ...] | None:
    """The longs of which Trino's value consists; None for bytes."""
    if of.name in _TEXTS:
        return None
    reader = _READERS.get(of.name)
    if reader is not None:
        return reader(value, of)
    if isinstance(value, int):
        return (value & _MASK,)
    raise not_supported(f"hashes of {of}")


def _double(value: float, _: Type) -> tuple[int, ...]:
    if value != value:
        return (0x7FF8 << 48,)
    return struct.unpack(">Q", struct.pack(">d", value + 0.0))


def _real(value: float, _: Type) -> tuple[int, ...]:
    if value != value:
        return (0x7FC0 << 16,)
    (bits,) = struct.unpack(">i", struct.pack(">f", value + 0.0))
    return (bits & _MASK,)


def _decimal(value: Any, of: Type) -> tuple[int, ...]:
    digits = unscaled(value, of.scale)
    if _is_long_decimal(of):
        return (digits >> 64 & _MASK, digits & _MASK)
    return (digits & _MASK,)


def _uuid(value: str, _: Type) -> tuple[int, ...]:
    # Read from memory as two longs of a machine that has the lowest byte first.
    return struct.unpack("<2Q", UUID(value).bytes)


_READERS: dict[str, Callable[[Any, Type], tuple[int, ...]]] = {
    "double": _double,
    "real": _real,
    "decimal": _decimal,
    "uuid": _uuid,
    "time": lambda value, _: (value * 10**6,),
    "timestamp with time zone": lambda value, _: (value[0] // 1000 & _MASK,),
}
