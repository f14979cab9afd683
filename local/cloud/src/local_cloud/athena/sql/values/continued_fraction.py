"""Continued fractions step by step as Apache Commons Math 3.6 computes them."""

import math
from collections.abc import Callable

from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.values.java_math import divided

_SMALL = 1e-50
# Fractions that need more terms than this are not waited for.
_MAX_TERMS = 200_000


def fraction(a: Callable[[int], float], b: Callable[[int], float], epsilon: float) -> float:
    """A continued fraction by the modified algorithm of Lentz (ContinuedFraction.evaluate)."""
    before = _nonzero(a(0))
    c, d = before, 0.0
    for n in range(1, _MAX_TERMS):
        over, under = a(n), b(n)
        d = divided(1.0, _nonzero(over + under * d))
        c = _nonzero(over + divided(under, c))
        delta = c * d
        found = before * delta
        if not math.isfinite(found):
            raise QueryError("GENERIC_INTERNAL_ERROR", "Continued fraction diverged")
        if abs(delta - 1.0) < epsilon:
            return found
        before = found
    raise not_supported("distributions whose continued fractions are so long")


def _nonzero(x: float) -> float:
    # Precision.equals(x, 0, small); it takes the smallest double for zero too.
    return _SMALL if abs(x) <= _SMALL else x
