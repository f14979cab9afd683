"""exp, log and log1p to the last bit as Apache Commons Math 3.6 has them (its class FastMath).

Trino computes its distributions with that library. A number is split into a sum of two, of which
the first has so few bits that products of such firsts are exact.
"""

import math
import struct
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from functools import cache

_SPLITTER = 2.0**30
_WORK = Context(prec=40, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
_LN_2_HI, _LN_2_LO = 0.693147063255310059, 1.17304635250823482e-7


def _head(value: float) -> float:
    """The leading 22 or 23 bits."""
    if abs(value) < 8e298:
        scaled = value * _SPLITTER
        return (value + scaled) - scaled
    scaled = value * 2.0**-30
    return (value + scaled - value) * _SPLITTER


def _pair(exact: Decimal) -> tuple[float, float]:
    high = _head(float(exact))
    return high, float(_WORK.subtract(exact, Decimal(high)))


@cache
def _exp_of(number: int, parts: int) -> tuple[float, float]:
    return _pair((Decimal(number) / parts).exp(_WORK))


@cache
def _log_of(place: int) -> tuple[float, float]:
    """The logarithm of 1 + place / 1024."""
    return _pair((1 + Decimal(place) / 1024).ln(_WORK))


def exp(x: float) -> float:
    if x != x:
        return x
    whole = int(x) if math.isfinite(x) else (2**31 - 1 if x > 0 else -(2**31))
    if x < 0:
        if x < -746:
            return 0.0
        if whole < -709:
            return exp(x + 40.19140625) / 285040095144011776.0
        if whole == -709:
            return exp(x + 1.494140625) / 4.455505956692756620
        whole -= 1
    elif whole > 709:
        return math.inf
    int_a, int_b = _exp_of(whole, 1)
    fraction = int((x - whole) * 1024.0)
    frac_a, frac_b = _exp_of(fraction, 1024)
    epsilon = x - (whole + fraction / 1024.0)
    z = 0.04168701738764507
    z = z * epsilon + 0.1666666505023083
    z = z * epsilon + 0.5000000000042687
    z = z * epsilon + 1.0
    z = z * epsilon + -3.940510424527919e-20
    head = int_a * frac_a
    tail = int_a * frac_b + int_b * frac_a + int_b * frac_b
    both = tail + head
    if both == math.inf:
        return math.inf
    return both * z + tail + head


_QUICK = (
    (1.0, 5.669184079525e-24),
    (-0.25, -0.25),
    (0.3333333134651184, 1.986821492305628e-8),
    (-0.25, -6.663542893624021e-14),
    (0.19999998807907104, 1.1921056801463227e-8),
    (-0.1666666567325592, -7.800414592973399e-9),
    (0.1428571343421936, 5.650007086920087e-9),
    (-0.12502530217170715, -7.44321345601866e-11),
    (0.11113807559013367, 9.219544613762692e-9),
)
_PRECISE = (
    (1.0, -6.032174644509064e-23),
    (-0.25, -0.25),
    (0.3333333134651184, 1.9868161777724352e-8),
    (-0.2499999701976776, -2.957007209750105e-8),
    (0.19999954104423523, 1.5830993332061267e-10),
    (-0.16624879837036133, -2.6033824355191673e-8),
)


def _resplit(a: float, b: float) -> tuple[float, float]:
    scaled = a * _SPLITTER
    high = a + scaled - scaled
    return high, a - high + b


def _times(ya: float, yb: float, xa: float, xb: float) -> tuple[float, float]:
    return ya * xa, ya * xb + yb * xa + yb * xb


def _polynomial(
    coefficients: tuple[tuple[float, float], ...], xa: float, xb: float
) -> tuple[float, float]:
    """Of split coefficients at a split place, times that place; not split again."""
    ya, yb = coefficients[-1]
    for high, low in coefficients[-2::-1]:
        ya, yb = _resplit(*_times(ya, yb, xa, xb))
        ya, yb = _resplit(ya + high, yb + low)
    return _times(ya, yb, xa, xb)


def log(x: float) -> float:
    special = _special(x)
    if special is not None:
        return special
    if 0.99 < x < 1.01:
        xa = x - 1.0
        scaled = xa * _SPLITTER
        high = xa + scaled - scaled
        ya, yb = _resplit(*_polynomial(_QUICK, high, xa - high))
        return ya + yb
    high, low = _log_pair(x, precise=False)
    return high + low


def _special(x: float) -> float | None:
    if x == 0:
        return -math.inf
    if x != x or x < 0:
        return math.nan
    return math.inf if x == math.inf else None


def _log_pair(x: float, precise: bool) -> tuple[float, float]:
    (bits,) = struct.unpack(">q", struct.pack(">d", x))
    exponent = (bits >> 52) - 1023
    if not bits & 0x7FF0000000000000:
        bits <<= 1
        while not bits & 0x0010000000000000:
            exponent -= 1
            bits <<= 1
    numerator = float(bits & 0x3FFFFFFFFFF)
    denominator = 2.0**52 + (bits & 0x000FFC0000000000)
    epsilon = numerator / denominator
    za, zb = _precise(epsilon, numerator, denominator) if precise else (_plain(epsilon), 0.0)
    head, tail = _log_of((bits & 0x000FFC0000000000) >> 42)
    a, b = _LN_2_HI * exponent, 0.0
    for more in (head, za, _LN_2_LO * exponent, tail, zb):
        total = a + more
        b += -(total - a - more)
        a = total
    return a, b


def _plain(epsilon: float) -> float:
    z = -0.16624882440418567
    z = z * epsilon + 0.19999954120254515
    z = z * epsilon + -0.2499999997677497
    z = z * epsilon + 0.3333333333332802
    z = z * epsilon + -0.5
    z = z * epsilon + 1.0
    return z * epsilon


def _precise(epsilon: float, numerator: float, denominator: float) -> tuple[float, float]:
    xa, xb = _resplit(epsilon, 0.0)
    xb += (numerator - xa * denominator - xb * denominator) / denominator
    a, b = _polynomial(_PRECISE, xa, xb)
    high = a + b
    return high, -(high - a - b)


def log1p(x: float) -> float:
    if x == -1:
        return -math.inf
    if x == math.inf:
        return math.inf
    if not (x > 1e-6 or x < -1e-6):
        return ((x * (1.0 / 3.0) - 0.5) * x + 1) * x
    whole = 1 + x
    rest = -(whole - 1 - x)
    special = _special(whole)
    if special is not None:
        return special
    high, low = _log_pair(whole, precise=True)
    first = rest / whole
    return (0.5 * first + 1) * first + low + high
