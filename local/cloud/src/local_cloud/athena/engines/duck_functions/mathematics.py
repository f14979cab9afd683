"""Roots, powers, logarithms, trigonometry, and tests of doubles (MathFunctions)."""

import math
from collections.abc import Callable
from decimal import Decimal

from local_cloud.athena.engines.duck_functions import arithmetic
from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.representation import literal
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql.failures import QueryError, invalid_argument, not_supported
from local_cloud.athena.sql.ir import BoundCall
from local_cloud.athena.sql.types import DOUBLE
from local_cloud.athena.sql.values import java_math


def _constant(name: str, value: float) -> None:
    @sql(f"{name}()")
    def write() -> str:
        return literal(value, DOUBLE)


for _name, _value in (
    ("e", math.e),
    ("pi", math.pi),
    ("nan", math.nan),
    ("infinity", math.inf),
):
    _constant(_name, _value)

_OF_ONE: dict[str, Callable[[float], float]] = {
    "sqrt": java_math.sqrt,
    "cbrt": java_math.cbrt,
    "exp": java_math.exp,
    "ln": java_math.ln,
    "log10": java_math.log10,
    "sin": java_math.sin,
    "cos": java_math.cos,
    "tan": java_math.tan,
    "asin": java_math.asin,
    "acos": java_math.acos,
    "atan": java_math.atan,
    "sinh": java_math.sinh,
    "cosh": java_math.cosh,
    "tanh": java_math.tanh,
}
for _name, _function in _OF_ONE.items():
    python(f"{_name}(double)")(_function)

python("atan2(double,double)")(java_math.atan2)
python("power(double,double)", "pow(double,double)")(java_math.pow)

_LN_2 = java_math.ln(2.0)


@python("log2(double)")
def _log2(a: float) -> float:
    return java_math.ln(a) / _LN_2


@python("log(double,double)")
def _log(base: float, a: float) -> float:
    return java_math.divided(java_math.ln(a), java_math.ln(base))


@sql("degrees(double)")
def _degrees(a: str) -> str:
    return f"({a} * {literal(57.29577951308232, DOUBLE)})"


@sql("radians(double)")
def _radians(a: str) -> str:
    return f"({a} * {literal(0.017453292519943295, DOUBLE)})"


@sql("is_nan(double)", "is_nan(real)")
def _is_nan(a: str) -> str:
    return f"isnan({a})"


@sql("is_finite(double)")
def _is_finite(a: str) -> str:
    return f"isfinite({a})"


@sql("is_infinite(double)")
def _is_infinite(a: str) -> str:
    return f"isinf({a})"


# ---- mod: the operator under another name -----------------------------------------------------

_BY_ZERO = QueryError("GENERIC_INTERNAL_ERROR", "/ by zero")


@sql(*(f"mod({kind},{kind})" for kind in ("tinyint", "smallint", "integer", "bigint")))
def _mod(a: str, b: str, text: Text, call: BoundCall) -> str:
    # Unlike the operator, the function does not look at the divisor.
    return arithmetic.remainder(a, b, text, call, _BY_ZERO)


@sql("mod(double,double)", "mod(real,real)", total=True)
def _mod_floats(a: str, b: str) -> str:
    return f"({a} % {b})"


@python(f"mod({arithmetic.DECIMALS})")
def _mod_decimals(a: Decimal, b: Decimal, types: Signature) -> Decimal:
    return arithmetic.remainder_of_decimals(a, b, types)


# ---- buckets and bases ------------------------------------------------------------------------


@python("width_bucket(double,double,double,bigint)")
def _width_bucket(operand: float, first: float, second: float, count: int) -> int:
    if count <= 0:
        raise invalid_argument("bucketCount must be greater than 0")
    if operand != operand:
        raise invalid_argument("operand must not be NaN")
    if not (math.isfinite(first) and math.isfinite(second)):
        raise invalid_argument("bounds must be finite")
    if first == second:
        raise invalid_argument("bounds cannot equal each other")
    lower, upper = min(first, second), max(first, second)
    if operand < lower:
        found = 0
    elif operand >= upper:
        found = count + 1
        if found >= 2**63:
            raise QueryError(
                "NUMERIC_VALUE_OUT_OF_RANGE", f"Bucket for value {operand} is out of range"
            )
    else:
        found = java_math.to_long(float(count) * (operand - lower) / (upper - lower) + 1)
    # Java's long wraps around.
    return java_math.wrapped(count - found + 1) if first > second else found


@python("width_bucket(double,array(double))")
def _width_bucket_of(operand: float, bins: list[float | None]) -> int:
    if not bins:
        raise invalid_argument("Bins cannot be an empty array")
    edges = [one for one in bins if one is not None]
    if len(edges) < len(bins):
        # Trino reads what its block holds there: nothing that a query could rely on.
        raise not_supported("width_bucket of bins with nulls")
    if operand != operand:
        raise invalid_argument("Operand cannot be NaN")
    lower, upper = 0, len(edges)
    while lower < upper:
        if edges[lower] > edges[upper - 1]:
            raise invalid_argument("Bin values are not sorted in ascending order")
        middle = (lower + upper) // 2
        if not math.isfinite(edges[middle]):
            raise invalid_argument(f"Bin value must be finite, got {edges[middle]}")
        if operand < edges[middle]:
            upper = middle
        else:
            lower = middle + 1
    return lower


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _check_radix(radix: int) -> None:
    if not 2 <= radix <= 36:
        raise invalid_argument("Radix must be between 2 and 36")


@python("to_base(bigint,bigint)")
def _to_base(value: int, radix: int) -> str:
    _check_radix(radix)
    rest, made = abs(value), ""
    while rest:
        rest, digit = divmod(rest, radix)
        made = _DIGITS[digit] + made
    return ("-" if value < 0 else "") + (made or "0")


@python("from_base(varchar(x),bigint)")
def _from_base(text: str, radix: int) -> int:
    _check_radix(radix)
    found = java_math.parse_long(text, radix)
    if found is None:
        raise invalid_argument(f"Not a valid base-{radix} number: {text}")
    return found
