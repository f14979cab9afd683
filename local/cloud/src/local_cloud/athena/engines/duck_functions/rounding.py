"""abs, sign, ceil, floor, round and truncate of every numeric type (MathFunctions)."""

import math
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from local_cloud.athena.engines.duck_functions.arithmetic import decimal_of
from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.types import INTEGERS, MAX_DECIMAL
from local_cloud.athena.sql.values import java_math, numbers
from local_cloud.athena.sql.values.numbers import EXACT, unscaled

_DECIMAL = "decimal(p,s)"
# Decimals.MAX_SHORT_PRECISION: up to here Trino computes in 64 bits.
_SHORT = 18


def _keys(name: str, *kinds: str) -> tuple[str, ...]:
    return tuple(f"{name}({kind})" for kind in kinds)


# ---- abs and sign -----------------------------------------------------------------------------


@sql(*_keys("abs", *INTEGERS, "double", "real", _DECIMAL))
def _abs(a: str, types: Signature) -> str:
    # DuckDB too fails for the smallest number of an integer type.
    return cast(f"abs({a})", types.result)


@sql(*_keys("sign", *INTEGERS, _DECIMAL))
def _sign(a: str, types: Signature) -> str:
    return cast(f"sign({a})", types.result)


@python(*_keys("sign", "double", "real"))
def _sign_float(a: float) -> float:
    return a if a != a or a == 0 else math.copysign(1.0, a)


# ---- ceil and floor ---------------------------------------------------------------------------


@sql(*(key for name in ("ceil", "ceiling", "floor") for key in _keys(name, *INTEGERS)))
def _whole_already(a: str) -> str:
    return a


@sql(*_keys("ceil", "double", "real"), *_keys("ceiling", "double", "real"))
def _ceil_float(a: str) -> str:
    return f"ceil({a})"


@sql(*_keys("floor", "double", "real"))
def _floor_float(a: str) -> str:
    return f"floor({a})"


def _whole(value: Decimal, rounding: str) -> Decimal:
    return value.quantize(Decimal(1), rounding, EXACT)


def _check_scale(value: Decimal, types: Signature) -> None:
    if types.arguments[0].scale == MAX_DECIMAL and value != 0:
        # MathFunctions has no half of ten to the thirty-eighth, and fails.
        raise QueryError("GENERIC_INTERNAL_ERROR", "Index 38 out of bounds for length 38")


@python(*_keys("ceil", _DECIMAL), *_keys("ceiling", _DECIMAL))
def _ceil_decimal(a: Decimal, types: Signature) -> Decimal:
    _check_scale(a, types)
    return _whole(a, ROUND_CEILING)


@python(*_keys("floor", _DECIMAL))
def _floor_decimal(a: Decimal, types: Signature) -> Decimal:
    _check_scale(a, types)
    return _whole(a, ROUND_FLOOR)


# ---- round ------------------------------------------------------------------------------------


@sql(*_keys("round", *INTEGERS))
def _round_integer(a: str) -> str:
    return a


@python(*(f"round({kind},integer)" for kind in INTEGERS))
def _round_integer_to(a: int, decimals: int, types: Signature) -> int:
    if decimals >= 0:
        return a
    if decimals < -18:
        # LongMath.checkedPow: ten to the nineteenth is no bigint.
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", f"numerical overflow: {a}")
    factor = 10**-decimals
    found = (abs(a) + factor // 2) // factor * factor
    if types.result.name == "integer" and found > 2**31 - (a >= 0):
        # MathFunctions.roundInteger catches another exception than toIntExact throws.
        raise QueryError("GENERIC_INTERNAL_ERROR", "integer overflow")
    return numbers.in_range(-found if a < 0 else found, types.result.name)


def _rounded(value: float, decimals: int) -> float:
    """Half up, as far as a product with a power of ten tells (MathFunctions.round)."""
    if not math.isfinite(value):
        return value
    factor = java_math.pow(10.0, float(decimals))
    sign = -1 if value < 0 else 1
    moved = sign * value * factor
    if moved == math.inf:
        return value
    if moved != moved:
        # Zero times infinity; Math.round makes 0 of it.
        return sign * java_math.divided(0.0, factor)
    whole = math.floor(moved)
    whole += moved - whole >= 0.5
    return sign * java_math.divided(float(whole), factor)


@python("round(double)")
def _round_double(a: float) -> float:
    return _rounded(a, 0)


@python("round(double,integer)")
def _round_double_to(a: float, decimals: int) -> float:
    return _rounded(a, decimals)


@python("round(real)")
def _round_real(a: float) -> float:
    return numbers.single(_rounded(a, 0))


@python("round(real,integer)")
def _round_real_to(a: float, decimals: int) -> float:
    return numbers.single(_rounded(a, decimals))


@python("round(decimal(p,s))")
def _round_decimal(a: Decimal) -> Decimal:
    return numbers.half_up(a, 0)


@python("round(decimal(p,s),integer)")
def _round_decimal_to(a: Decimal, decimals: int, types: Signature) -> Decimal:
    of = types.arguments[0]
    precision = of.precision or 0
    if decimals >= of.scale:
        return a
    is_short = (types.result.precision or 0) <= _SHORT
    if is_short and (a == 0 or precision - of.scale + decimals < 0):
        return Decimal(0)
    places = of.scale - decimals
    if places >= 2**31:
        raise not_supported(f"round({of}, {decimals})")
    step = 10 ** min(places, MAX_DECIMAL + 1)
    digits = abs(unscaled(a, of.scale))
    found = (digits + step // 2) // step * step
    if places > MAX_DECIMAL or found >= 10 ** (types.result.precision or 0):
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", f"decimal overflow: {a}")
    return decimal_of(-found if a < 0 else found, types.result)


# ---- truncate ---------------------------------------------------------------------------------


def _truncated(value: float) -> float:
    # MathFunctions multiplies by the sign: a zero keeps its own, and so does NaN.
    if not math.isfinite(value):
        return value
    return math.copysign(float(math.floor(abs(value))), value)


@python("truncate(double)", "truncate(real)")
def _truncate_float(a: float) -> float:
    return _truncated(a)


@python("truncate(decimal(p,s))")
def _truncate_decimal(a: Decimal) -> Decimal:
    return _whole(a, ROUND_DOWN)


@python("truncate(decimal(p,s),integer)")
def _truncate_decimal_to(a: Decimal, decimals: int, types: Signature) -> Decimal:
    of = types.arguments[0]
    if decimals >= of.scale:
        return a
    if decimals <= of.scale - (of.precision or 0):
        return Decimal(0)
    step = 10 ** (of.scale - decimals)
    digits = abs(unscaled(a, of.scale))
    found = digits - digits % step
    return decimal_of(-found if a < 0 else found, of)
