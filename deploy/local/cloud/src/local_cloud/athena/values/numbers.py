"""Numbers: Java's texts of them, Trino's rounding, and their ranges."""

import math
import struct
from collections.abc import Callable
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

from local_cloud.athena.failures import QueryError
from local_cloud.athena.values import java_digits

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
    """The shortest digits that mean the same 32-bit float, and of those the nearest."""
    exact = Decimal(value)
    for count in range(1, 10):
        unit = Decimal(1).scaleb(exact.adjusted() - count + 1, _EXACT)
        below = exact.quantize(unit, ROUND_FLOOR, _EXACT)
        same = [one for one in (below, _EXACT.add(below, unit)) if single(float(one)) == value]
        if same:
            nearest = min(same, key=lambda one: _distance(one, exact))
            return str(nearest.normalize(_EXACT))
    return repr(value)


def _distance(digits: Decimal, exact: Decimal) -> tuple[Decimal, int]:
    """How far off the digits are; of equally near ones the even one is taken."""
    return _EXACT.subtract(digits, exact).copy_abs(), digits.as_tuple().digits[-1] % 2


def double_text(value: float) -> str:
    """CAST(double AS varchar): d.dE±n always (DoubleOperators.castToVarchar)."""
    if value == 0 or not math.isfinite(value):
        return _scientific(value, repr(value))
    digits, exponent = java_digits.digits(abs(value))
    return f"{'-' if value < 0 else ''}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def real_text(value: float) -> str:
    """CAST(real AS varchar): of the shortest digits, read as a double, no more than seven."""
    if value == 0 or not math.isfinite(value):
        return _scientific(value, repr(value))
    read = float(_float_digits(value))
    # FloatingDecimal does not tell DecimalFormat that a long's digits are exact, which then takes
    # half for more than half.
    is_long = read.is_integer() and abs(read) < 2**63
    rounding = ROUND_HALF_UP if is_long else ROUND_HALF_EVEN
    return _scientific(value, str(Context(prec=7, rounding=rounding).create_decimal(read)))


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
    digits = digits or _two_digits(value, float) or repr(value)
    exact = Decimal(digits)
    if Decimal("0.001") <= abs(exact) < 10_000_000:
        text = format(exact, "f")
        return text if "." in text else text + ".0"
    return _scientific(value, digits)


def _two_digits(value: float, read: Callable[[str], float]) -> str | None:
    """The nearest two digits of a tiny number, if they mean the same number.

    Double.toString writes at least two, and of those the nearest: 4.9E-324, where 5E-324 would do.
    """
    if abs(value) > 1e-37:
        return None
    text = f"{value:.1e}"
    return text if read(text) == value else None


def java_float(value: float) -> str:
    """Java's Float.toString."""
    return java_double(value, _float_digits(value) if math.isfinite(value) else None)


def _float_digits(value: float) -> str:
    return _two_digits(value, lambda text: single(float(text))) or single_digits(value)


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
    # Without rounding to the 28 digits of Python's own context.
    whole = found.scaleb(scale, _EXACT).copy_abs()
    return found if whole < 10**precision else None


def round_double(value: float) -> int:
    """Half away from zero, as an integer (DoubleMath.roundToLong HALF_UP)."""
    return int(half_up(Decimal(value), 0))
