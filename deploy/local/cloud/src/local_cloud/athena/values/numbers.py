"""Numbers: Java's texts of them, Trino's rounding, and their ranges."""

import math
import struct
from decimal import ROUND_HALF_UP, Context, Decimal

from local_cloud.athena.failures import QueryError

BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_EXACT = Context(prec=120)


def single(value: float) -> float:
    """The nearest 32-bit float."""
    try:
        found: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return found


def single_digits(value: float) -> str:
    """The shortest digits, or two, that mean the same 32-bit float."""
    for digits in range(2, 10):
        text = f"{value:.{digits}g}"
        if single(float(text)) == value:
            return text
    return repr(value)


def double_digits(value: float) -> str:
    """The shortest digits, or two, that mean the same double (Double.toString of JDK 19)."""
    digits = repr(value)
    # Only the smallest numbers have two digits that are nearer than their shortest one.
    return f"{value:.1e}" if 0 < abs(value) < 1e-320 and "." not in digits else digits


def double_text(value: float) -> str:
    """CAST(double AS varchar): d.dE±n always (DoubleOperators.castToVarchar)."""
    return _scientific(value, double_digits(value))


def real_text(value: float) -> str:
    return _scientific(value, single_digits(value))


def _special(value: float) -> str | None:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return None


def _scientific(value: float, digits: str) -> str:
    special = _special(value)
    if special is not None:
        return special
    if value == 0:
        return "-0E0" if math.copysign(1, value) < 0 else "0E0"
    exact = Decimal(digits)
    sign, numbers, _ = exact.normalize(_EXACT).as_tuple()
    text = "".join(map(str, numbers))
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{exact.adjusted()}"


def java_double(value: float, digits: str | None = None) -> str:
    """Java's Double.toString: plain between 10^-3 and 10^7, else d.dE±n."""
    special = _special(value)
    if special is not None:
        return special
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    exact = Decimal(digits or double_digits(value))
    if Decimal("0.001") <= abs(exact) < 10_000_000:
        text = format(exact, "f")
        return text if "." in text else text + ".0"
    return _scientific(value, digits or double_digits(value))


def java_float(value: float) -> str:
    """Java's Float.toString."""
    return java_double(value, single_digits(value))


def decimal_text(value: Decimal) -> str:
    return format(value, "f")


def in_range(value: int, of: str) -> int:
    """`value`, if the integer type called `of` holds it."""
    bits = BITS[of]
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", f"Out of range for {of}: {value}")
    return value


def half_up(value: Decimal, scale: int) -> Decimal:
    """Rounded half away from zero to `scale` digits behind the point."""
    return value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _EXACT)


def fitted(value: Decimal, precision: int, scale: int) -> Decimal | None:
    """`value` at `scale` if it has at most `precision` digits, else None."""
    found = half_up(value, scale)
    whole = abs(found.scaleb(scale, _EXACT))
    return found if whole < 10**precision else None


def round_double(value: float) -> int:
    """Half away from zero, as an integer (DoubleMath.roundToLong HALF_UP)."""
    return int(half_up(Decimal(value), 0))
