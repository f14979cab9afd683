"""How many bytes a value takes in Trino's memory, where one of its limits depends on that."""

from typing import Any

from local_cloud.athena.sql.types import Type

# An offset or a hash is an int; whether a position is null, a byte (io.trino.spi.block).
_INT, _BYTE = 4, 1
_FIXED = {
    "boolean": 1,
    "tinyint": 1,
    "smallint": 2,
    "integer": 4,
    "date": 4,
    "real": 4,
    "interval year to month": 4,
    "uuid": 16,
    "unknown": 1,
}
_TEXTS = ("varchar", "char", "json", "varbinary")


def entry_bytes(value: Any, of: Type) -> int | None:
    """What a block of this one value takes; None for what Java holds as a primitive."""
    if of.args or of.name in (*_TEXTS, "uuid"):
        return _size(value, of)
    wide = of.name == "decimal" and (of.precision or 0) > 18
    zoned = of.name == "timestamp with time zone" and (of.precision or 0) > 3
    return _size(value, of) if wide or zoned else None


def _size(value: Any, of: Type) -> int:
    if of.name in _TEXTS:
        text = value.encode() if isinstance(value, str) else value or b""
        return len(text) + _INT + _BYTE
    if of.name == "array":
        return sum(_size(one, of.args[0]) for one in value or ()) + _INT + _BYTE
    if of.name == "map":
        inner = sum(_size(k, of.args[0]) + _size(v, of.args[1]) for k, v in value or ())
        # Hash tables are twice as long as the keys.
        return inner + _INT + _BYTE + 2 * _INT * len(value or ())
    if of.name == "row":
        parts = value or (None,) * len(of.args)
        return sum(map(_size, parts, of.args)) + _INT + _BYTE
    return _width(of) + _BYTE


def _width(of: Type) -> int:
    if of.name == "decimal" and (of.precision or 0) > 18:
        return 16
    if of.name == "timestamp with time zone" and (of.precision or 0) > 3:
        return 12
    return _FIXED.get(of.name, 8)
