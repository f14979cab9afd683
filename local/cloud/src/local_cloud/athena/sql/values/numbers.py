"""Numbers: Java's texts of them, Trino's rounding, and their ranges."""

import math
import struct
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import java_digits

BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
# More digits than any result has.
EXACT = Context(prec=120)


def single(value: float) -> float:
    """The nearest 32-bit float."""
    try:
        found: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return found


def single_digits(value: float) -> str:
    """The shortest digits, but two at least, that mean the same 32-bit float (Float.toString)."""
    if not math.isfinite(value):
        return repr(value)
    exact = Decimal(value)
    for count in range(2, 10):
        unit = Decimal(1).scaleb(exact.adjusted() - count + 1, EXACT)
        below = exact.quantize(unit, ROUND_FLOOR, EXACT)
        same = [one for one in (below, EXACT.add(below, unit)) if single(float(one)) == value]
        if same:
            nearest = min(same, key=lambda one: _distance(one, exact))
            return str(nearest.normalize(EXACT))
    return repr(value)


def _distance(digits: Decimal, exact: Decimal) -> tuple[Decimal, int]:
    """How far off the digits are; of equally near ones the even one is taken."""
    return EXACT.subtract(digits, exact).copy_abs(), digits.as_tuple().digits[-1] % 2


def double_digits(value: float) -> str:
    """The shortest digits, but two at least, that mean the same double (Double.toString)."""
    # repr stops at one digit: 4.9E-324 is 5e-324 in Python.
    shorter = f"{value:.1e}"
    return shorter if float(shorter) == value else repr(value)


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
    read = float(single_digits(value))
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
    sign, numbers, _ = exact.normalize(EXACT).as_tuple()
    text = "".join(map(str, numbers))
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{exact.adjusted()}"


def java_double(value: float, digits: str | None = None) -> str:
    """Java's Double.toString: plain between 10^-3 and 10^7, else d.dE±n."""
    special = _special(value)
    if special is not None:
        return special
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    exact = Decimal(digits or double_digits(value)).normalize(EXACT)
    if Decimal("0.001") <= exact.copy_abs() < 10_000_000:
        text = format(exact, "f")
        return text if "." in text else text + ".0"
    return _scientific(value, digits or double_digits(value))


def java_float(value: float) -> str:
    """Java's Float.toString."""
    return java_double(value, single_digits(value))


def decimal_text(value: Decimal) -> str:
    return format(value, "f")


def fits(value: int, bits: int) -> bool:
    """Whether a signed number of so many bits holds it."""
    limit: int = 1 << bits - 1
    return -limit <= value < limit


def in_range(value: int, of: str) -> int:
    """`value`, if the integer type called `of` holds it."""
    if not fits(value, BITS[of]):
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", f"Out of range for {of}: {value}")
    return value


def unscaled(value: Decimal, scale: int) -> int:
    """The digits of a decimal of this scale as a whole number."""
    return int(value.scaleb(scale, EXACT))


def half_up(value: Decimal, scale: int) -> Decimal:
    """Rounded half away from zero to `scale` digits behind the point."""
    return value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, EXACT)


def fitted(value: Decimal, precision: int, scale: int) -> Decimal | None:
    """`value` at `scale` if it has at most `precision` digits, else None."""
    if value and value.adjusted() > 100:
        return None
    found = half_up(value, scale)
    # Without rounding to the 28 digits of Python's own context.
    whole = found.scaleb(scale, EXACT).copy_abs()
    return found if whole < 10**precision else None


def round_double(value: float) -> int:
    """Half away from zero, as an integer (DoubleMath.roundToLong HALF_UP)."""
    # Beyond 2^53 a double has no fraction.
    return int(half_up(Decimal(value), 0)) if abs(value) < 2**53 else int(value)


# ---- decimals as binary numbers (DecimalConversions) ------------------------------------------

# Decimals.MAX_SHORT_PRECISION
SHORT_DIGITS = 18


def decimal_to_double(value: Decimal, of: Type) -> float:
    """A short decimal's digits are rounded before they are divided, a long one's number is not."""
    if (of.precision or 0) > SHORT_DIGITS:
        return float(value)
    return float(unscaled(value, of.scale)) / float(10**of.scale)


def decimal_to_single(value: Decimal, of: Type) -> float:
    if (of.precision or 0) > SHORT_DIGITS:
        return single_of_decimal(value)
    digits = unscaled(value, of.scale)
    return single(single_of_int(digits) / single_of_int(10**of.scale))


def single_of_int(value: int) -> float:
    """The nearest 32-bit float, rounded once."""
    cut = max(0, abs(value).bit_length() - 40)
    # The bits that are cut off only break ties.
    kept = (abs(value) >> cut) | bool(abs(value) & (1 << cut) - 1)
    found = single(float(kept << cut))
    return -found if value < 0 else found


def single_of_decimal(value: Decimal) -> float:
    """Float.parseFloat of a decimal number: rounded once."""
    above, below = value.as_integer_ratio()
    # Enough bits behind the point, and one that stands for all that is cut off.
    shift = max(0, 64 - abs(above).bit_length() + below.bit_length())
    whole, rest = divmod(abs(above) << shift, below)
    cut = max(0, whole.bit_length() - 40)
    kept = (whole >> cut) | bool(rest or whole & (1 << cut) - 1)
    found = single(math.ldexp(float(kept), cut - shift))
    return -found if above < 0 else found
