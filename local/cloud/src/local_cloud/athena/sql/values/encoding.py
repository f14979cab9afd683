"""Values as bytes: in their order, and equal for equal ones."""

import math
import struct
from decimal import Decimal
from typing import Any

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values.compare import is_found_again, padded
from local_cloud.athena.sql.values.numbers import unscaled


def order_bytes(value: Any, of: Type, nan: int = 1) -> bytes:
    """Bytes that sort as the values do. A null inside cannot be compared, as in Trino.

    NaN is the largest number, or with `nan=-1` the smallest.
    """
    if of.name == "array":
        made = b"".join(b"\1" + _inside(one, of.args[0], nan) for one in value)
        return made + b"\0"
    if of.name == "row":
        return b"".join(
            _inside(one, kind, nan) for one, kind in zip(value, of.args, strict=True)
        )
    return _scalar(value, of, nan)


def _inside(value: Any, of: Type, nan: int) -> bytes:
    if value is None:
        # Trino fails only where its sort compares this part.
        raise not_supported("sorting by values with nulls inside")
    return order_bytes(value, of, nan)


def _scalar(value: Any, of: Type, nan: int = 1) -> bytes:
    if of.name in ("double", "real"):
        return _float(value, nan)
    if isinstance(value, Decimal):
        return _int(unscaled(value, of.scale))
    if of.name == "timestamp with time zone":
        return _int(value[0])
    if isinstance(value, int):
        return _int(value)
    text = padded(value) if of.name == "char" else value
    raw: bytes = text.encode() if isinstance(text, str) else text
    return raw.replace(b"\0", b"\0\xff") + b"\0\0"


def _int(value: int) -> bytes:
    return (value + 2**135).to_bytes(17, "big")


def _float(value: float, nan: int) -> bytes:
    if math.isnan(value):
        return (b"\xff" if nan > 0 else b"\0") * 8
    bits: int = struct.unpack(">q", struct.pack(">d", value + 0.0))[0]
    return struct.pack(">Q", bits + 2**63 if bits >= 0 else ~bits & 2**64 - 1)


def identity_bytes(value: Any, of: Type) -> bytes:
    """Bytes that are equal exactly for values that are not distinct; nulls are equal."""
    if value is None:
        return b"\0"
    if of.name == "array":
        return (
            b"\1" + b"".join(b"\1" + identity_bytes(one, of.args[0]) for one in value) + b"\0"
        )
    if of.name == "row":
        return b"\1" + b"".join(
            identity_bytes(one, kind) for one, kind in zip(value, of.args, strict=True)
        )
    if of.name == "map":
        if not is_found_again(value, of.args[0]):
            raise not_supported("grouping by maps with NaN as a key")
        pairs = sorted(
            identity_bytes(k, of.args[0]) + identity_bytes(v, of.args[1]) for k, v in value
        )
        return b"\1" + b"".join(b"\1" + one for one in pairs) + b"\0"
    return b"\1" + _scalar(value, of)
