"""Roots of functions by the method of Brent, step by step as Apache Commons Math 3.6 takes it.

R. P. Brent, "Algorithms for Minimization Without Derivatives" (1973), chapter 4; BrentSolver.
"""

from collections.abc import Callable

from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.values.java_math import divided

_ABSOLUTE, _RELATIVE, _GOOD_ENOUGH = 1e-9, 1e-14, 1e-15
_SMALLEST = 5e-324


def solved(function: Callable[[float], float], low: float, high: float) -> float:
    start = low + 0.5 * (high - low)
    at_start = function(start)
    if abs(at_start) <= _GOOD_ENOUGH:
        return start
    at_low = function(low)
    if abs(at_low) <= _GOOD_ENOUGH:
        return low
    if at_start * at_low < 0:
        return _brent(function, low, start, at_low, at_start)
    at_high = function(high)
    if abs(at_high) <= _GOOD_ENOUGH:
        return high
    if at_start * at_high < 0:
        return _brent(function, start, high, at_start, at_high)
    raise QueryError(
        "GENERIC_INTERNAL_ERROR", "function values at endpoints do not differ in sign"
    )


def _brent(
    function: Callable[[float], float], low: float, high: float, at_low: float, at_high: float
) -> float:
    a, fa, b, fb, c, fc = low, at_low, high, at_high, low, at_low
    d = e = b - a
    while True:
        if abs(fc) < abs(fb):
            a, b, c = b, c, b
            fa, fb, fc = fb, fc, fb
        tolerance = 2 * _RELATIVE * abs(b) + _ABSOLUTE
        m = 0.5 * (c - b)
        if abs(m) <= tolerance or abs(fb) <= _SMALLEST:
            return b
        if abs(e) < tolerance or abs(fa) <= abs(fb):
            d = e = m
        else:
            p, q = _interpolated((a, fa), (b, fb), (c, fc), m)
            before, e = e, d
            if p >= 1.5 * m * q - abs(tolerance * q) or p >= abs(0.5 * before * q):
                d = e = m
            else:
                d = divided(p, q)
        a, fa = b, fb
        if abs(d) > tolerance:
            b += d
        else:
            b += tolerance if m > 0 else -tolerance
        fb = function(b)
        if (fb > 0 and fc > 0) or (fb <= 0 and fc <= 0):
            c, fc = a, fa
            d = e = b - a


def _interpolated(
    first: tuple[float, float],
    second: tuple[float, float],
    third: tuple[float, float],
    m: float,
) -> tuple[float, float]:
    """A step p / q: by a line through two places, or by a parabola through three."""
    (a, fa), (b, fb), (c, fc) = first, second, third
    s = divided(fb, fa)
    if a == c:
        p, q = 2 * m * s, 1 - s
    else:
        q, r = divided(fa, fc), divided(fb, fc)
        p = s * (2 * m * q * (q - r) - (b - a) * (r - 1))
        q = (q - 1) * (r - 1) * (s - 1)
    return (p, -q) if p > 0 else (-p, q)
