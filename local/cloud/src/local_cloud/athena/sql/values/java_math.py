"""java.lang.Math over doubles: its special values, and results rounded to the nearest double.

The documentation of java.lang.Math lets exp, ln, log10, pow, cbrt, tanh, sin, cos and tan miss the
nearest double by one step. On x86 the HotSpot VM misses it for about one value in a thousand.
"""

import math
import unicodedata
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

from local_cloud.athena.sql.values import fdlibm, fdlibm_hyperbolic

_WORK = Context(prec=32, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
# Larger powers have too many digits for a tie.
_MAX_EXPONENT = 400

asin, acos, atan, atan2 = fdlibm.asin, fdlibm.acos, fdlibm.atan, fdlibm.atan2
sinh, cosh = fdlibm_hyperbolic.sinh, fdlibm_hyperbolic.cosh


def divided(a: float, b: float) -> float:
    """a / b as IEEE 754 has it, zero divisors included."""
    if b != 0:
        return a / b
    if a != a or a == 0 or b != b:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0 else math.nan


def cbrt(x: float) -> float:
    if x == 0 or not math.isfinite(x):
        return x
    mantissa, exponent = math.frexp(abs(x))
    # A whole number of thirds, and a root with more bits than a double's.
    shift = 127 + (exponent - 180) % 3
    root = _integer_cbrt(int(mantissa * 2**53) << shift)
    return math.copysign(_scaled(2 * root + 1, (exponent - 53 - shift) // 3 - 1), x)


def _integer_cbrt(n: int) -> int:
    low, high = 0, 1 << (n.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        if middle**3 <= n:
            low = middle
        else:
            high = middle - 1
    return low


def _scaled(n: int, exponent: int) -> float:
    """n * 2^exponent to the nearest double."""
    try:
        return float(n << exponent) if exponent >= 0 else n / (1 << -exponent)
    except OverflowError:
        return math.inf


def exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def ln(x: float) -> float:
    if not 0 < x < math.inf:
        return _log_special(x)
    return float(Decimal(x).ln(_WORK))


def log10(x: float) -> float:
    if not 0 < x < math.inf:
        return _log_special(x)
    return float(Decimal(x).log10(_WORK))


def _log_special(x: float) -> float:
    if x == 0:
        return -math.inf
    return math.inf if x == math.inf else math.nan


def tanh(x: float) -> float:
    if x != x or abs(x) < 2.0**-28:
        return x
    if abs(x) > 22:
        return math.copysign(1.0, x)
    e = Decimal(2 * abs(x)).exp(_WORK)
    found = _WORK.divide(_WORK.subtract(e, Decimal(1)), _WORK.add(e, Decimal(1)))
    return math.copysign(float(found), x)


def sin(x: float) -> float:
    return math.sin(x) if math.isfinite(x) else math.nan


def cos(x: float) -> float:
    return math.cos(x) if math.isfinite(x) else math.nan


def tan(x: float) -> float:
    return math.tan(x) if math.isfinite(x) else math.nan


def pow(x: float, y: float) -> float:
    """x to the power of y: Math.pow, which other than C's has no power of NaN, nor 1^∞."""
    if y == 0:
        return 1.0
    if x != x or y != y or (abs(x) == 1 and math.isinf(y)):
        return math.nan
    if x == 0 or math.isinf(x) or math.isinf(y):
        return _pow_special(x, y)
    if x < 0 and not y.is_integer():
        return math.nan
    found = _power(abs(x), y)
    return -found if x < 0 and y % 2 == 1 else found


def _pow_special(x: float, y: float) -> float:
    if math.isinf(y):
        return math.inf if (abs(x) > 1) == (y > 0) else 0.0
    found = math.inf if (x == 0) == (y < 0) else 0.0
    return -found if math.copysign(1, x) < 0 and y % 2 == 1 else found


def _power(x: float, y: float) -> float:
    """x > 0, both finite."""
    if y.is_integer() and abs(y) <= _MAX_EXPONENT:
        # Ties such as 10^23 are rounded to even, which the C library misses.
        above, below = x.as_integer_ratio()
        if y < 0:
            above, below = below, above
        power = int(abs(y))
        try:
            found: float = above**power / below**power
            return found
        except OverflowError:
            return math.inf
    try:
        return math.pow(x, y)
    except OverflowError:
        return math.inf


# ---- whole numbers ----------------------------------------------------------------------------


def wrapped(value: int) -> int:
    """A number as a long that overflowed holds it."""
    return (value + 2**63) % 2**64 - 2**63


def to_long(value: float) -> int:
    """Java's cast of a double to a long: cut off, within the range, 0 for NaN."""
    if value != value:
        return 0
    return (
        int(max(-(2.0**63), min(value, 2.0**63)))
        if abs(value) < 2.0**63
        else (2**63 - 1 if value > 0 else -(2**63))
    )


def parse_long(text: str, radix: int) -> int | None:
    """Long.parseLong: a sign and digits of any script, nothing else."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    found = 0
    for char in digits:
        value = _digit(char)
        if not 0 <= value < radix:
            return None
        found = found * radix + value
    if not digits:
        return None
    found = -found if text[0] == "-" else found
    return found if -(2**63) <= found < 2**63 else None


def _digit(char: str) -> int:
    """Character.digit: digits of any script, and Latin letters, full-width ones too."""
    code = ord(char)
    if code > 0xFFFF:
        # parseLong goes through UTF-16 units, in which such a digit is none.
        return -1
    for first in ("A", "a", "\uff21", "\uff41"):
        if 0 <= code - ord(first) < 26:
            return 10 + code - ord(first)
    return unicodedata.decimal(char, -1)


def rounded(value: float) -> int:
    """Math.round: half up, towards the larger number, within a long."""
    if value != value:
        return 0
    if not -(2.0**63) < value < 2.0**63:
        return 2**63 - 1 if value > 0 else -(2**63)
    whole = math.floor(value)
    return whole + (value - whole >= 0.5)
