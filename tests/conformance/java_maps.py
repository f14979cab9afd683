"""The order in which Java writes a map that is the key of another one (MapType.getObjectValue).

Trino's protocol shows a key by its toString, which is that of a java.util.HashMap there.
"""

import struct
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values.numbers import unscaled
from local_cloud.athena.sql.values.texts import to_text

Pairs = Sequence[tuple[Any, Any]]
_LEAST = 16


def in_order(pairs: Pairs, key: Type) -> list[tuple[Any, Any]]:
    """The entries, by the buckets of a HashMap that was filled in their order."""
    size = _LEAST
    while len(pairs) > size * 3 // 4:
        size *= 2
    return sorted(pairs, key=lambda pair: _spread(_hash(pair[0], key)) & (size - 1))


def _spread(code: int) -> int:
    return code ^ (code >> 16)


def _hash(value: Any, of: Type) -> int:
    """Java's hashCode of the object that a value is shown by, as 32 bits without a sign."""
    return _signed(value, of) & 0xFFFFFFFF


def _signed(value: Any, of: Type) -> int:
    if value is None:
        return 0
    found = _HASHES.get(of.name)
    # What else is a key in a key stays in its order.
    return found(value, of) if found is not None else 0


def _of_whole(value: int) -> int:
    """BigInteger.hashCode"""
    code, digits = 0, abs(value)
    for shift in range((digits.bit_length() - 1) // 32 * 32, -1, -32):
        code = (31 * code + (digits >> shift & 0xFFFFFFFF)) & 0xFFFFFFFF
    return -code if value < 0 else code


def _of_long(bits: int) -> int:
    return bits ^ (bits >> 32)


def _bits(value: float, form: str, whole: str) -> int:
    if value != value:
        value = float("nan")
    (found,) = struct.unpack(whole, struct.pack(form, value))
    return int(found)


def _of_list(hashes: Sequence[int]) -> int:
    code = 1
    for one in hashes:
        code = (31 * code + one) & 0xFFFFFFFF
    return code


def _of_text(text: str) -> int:
    code = 0
    for (unit,) in struct.iter_unpack(">H", text.encode("utf-16-be", "surrogatepass")):
        code = (31 * code + unit) & 0xFFFFFFFF
    return code


def _of_array(value: list[Any], of: Type) -> int:
    return _of_list([_hash(one, of.args[0]) for one in value])


def _of_row(value: tuple[Any, ...], of: Type) -> int:
    return _of_list([_hash(one, kind) for one, kind in zip(value, of.args, strict=True)])


def _of_map(value: Pairs, of: Type) -> int:
    return sum(_hash(k, of.args[0]) ^ _hash(v, of.args[1]) for k, v in value)


def _of_decimal(value: Decimal, of: Type) -> int:
    return _of_list([_of_whole(unscaled(value, of.scale)), of.precision or 0, of.scale])


_HASHES: dict[str, Callable[[Any, Type], int]] = {
    "boolean": lambda value, _: 1231 if value else 1237,
    "bigint": lambda value, _: _of_long(value & 0xFFFFFFFFFFFFFFFF),
    **dict.fromkeys(("tinyint", "smallint", "integer", "date"), lambda value, _: int(value)),
    "double": lambda value, _: _of_long(_bits(value, ">d", ">Q")),
    "real": lambda value, _: _bits(value, ">f", ">I"),
    "decimal": _of_decimal,
    "varchar": lambda value, _: _of_text(value),
    "char": lambda value, of: _of_text(to_text(value, of)),
    "array": _of_array,
    "row": _of_row,
    "map": _of_map,
}
