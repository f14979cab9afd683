"""Bitwise functions and shifts (BitwiseFunctions)."""

from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.sql.failures import invalid_argument, not_supported
from local_cloud.athena.sql.values.java_math import wrapped
from local_cloud.athena.sql.values.numbers import BITS, fits


@sql("bitwise_and(bigint,bigint)", total=True)
def _and(a: str, b: str) -> str:
    return f"({a} & {b})"


@sql("bitwise_or(bigint,bigint)", total=True)
def _or(a: str, b: str) -> str:
    return f"({a} | {b})"


@sql("bitwise_xor(bigint,bigint)", total=True)
def _xor(a: str, b: str) -> str:
    return f"xor({a}, {b})"


@sql("bitwise_not(bigint)", total=True)
def _not(a: str) -> str:
    return f"(~{a})"


@python("bit_count(bigint,bigint)")
def _bit_count(value: int, bits: int) -> int:
    if not 2 <= bits <= 64:
        raise invalid_argument(
            f"Bits specified in bit_count must be between 2 and 64, got {bits}"
        )
    if not fits(value, bits):
        raise invalid_argument(f"{value} cannot be represented with {bits} bits")
    return (value & (1 << bits) - 1).bit_count()


# ---- shifts: Java's of a long, whose distance counts modulo 64 ----------------------------------

_SHIFTED = tuple(BITS)


def _keys(name: str) -> tuple[str, ...]:
    return tuple(f"{name}({kind},integer)" for kind in _SHIFTED)


@python(*_keys("bitwise_left_shift"))
def _left(value: int, distance: int, types: Signature) -> int:
    if distance >= 64:
        return 0
    bits = BITS[types.result.name]
    found = wrapped(value << (distance & 63)) & (1 << bits) - 1
    return found - (1 << bits) if found >= 1 << (bits - 1) else found


@python(*_keys("bitwise_right_shift"))
def _right(value: int, distance: int, types: Signature) -> int:
    if distance >= 64:
        return 0
    if distance == 0:
        return value
    bits = BITS[types.result.name]
    found = (value & (1 << bits) - 1) >> (distance & 63)
    if found >= 1 << (bits - 1):
        if bits == 64:
            return found - 2**64
        # What Trino makes of a value that its type cannot hold depends on who reads it.
        raise not_supported(f"bitwise_right_shift of a {types.result} by {distance}")
    return found


@python(*_keys("bitwise_right_shift_arithmetic"))
def _right_arithmetic(value: int, distance: int) -> int:
    if distance >= 64:
        return -1 if value < 0 else 0
    return value >> (distance & 63)
