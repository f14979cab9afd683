"""sinh and cosh to the last bit, by the algorithms of fdlibm, as Java computes them.

fdlibm: Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunSoft, a
Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is
freely granted, provided that this notice is preserved.
"""

import math

from local_cloud.athena.sql.values.float_bits import high_word, scaled
from local_cloud.athena.sql.values.polynomial import polynomial

_TINY = 1e-300
_LN2_HI, _LN2_LO = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_INV_LN2 = 1.44269504088896338700
_OVERFLOW = 7.09782712893383973096e02
_P = (
    1.66666666666666019037e-01,
    -2.77777777770155933842e-03,
    6.61375632143793436117e-05,
    -1.65339022054652515390e-06,
    4.13813679705723846039e-08,
)
_Q = (
    -3.33333333333331316428e-02,
    1.58730158725481460165e-03,
    -7.93650757867487942473e-05,
    4.00821782732936239552e-06,
    -2.01099218183624371326e-07,
)


def _exp(x: float) -> float:
    high = high_word(x)
    if x > _OVERFLOW:
        return math.inf
    if x < -745.13321910194110842:
        return 0.0
    hi = lo = 0.0
    k = 0
    if high > 0x3FD62E42:
        if high < 0x3FF0A2B2:
            k = -1 if x < 0 else 1
        else:
            k = int(_INV_LN2 * x + (-0.5 if x < 0 else 0.5))
        hi, lo = x - k * _LN2_HI, k * _LN2_LO
        x = hi - lo
    elif high < 0x3E300000:
        return 1.0 + x
    t = x * x
    c = x - t * polynomial(_P, t)
    if k == 0:
        return 1.0 - ((x * c) / (c - 2.0) - x)
    y = 1.0 - ((lo - (x * c) / (2.0 - c)) - hi)
    if k >= -1021:
        return scaled(y, k)
    return scaled(y, k + 1000) * 9.33263618503218878990e-302


def _expm1(x: float) -> float:
    high = high_word(x)
    if high >= 0x4043687A and x > _OVERFLOW:
        return math.inf
    if high >= 0x4043687A and x < 0:
        return _TINY - 1.0
    c, k = 0.0, 0
    if high > 0x3FD62E42:
        if high < 0x3FF0A2B2:
            k = 1 if x > 0 else -1
        else:
            k = int(_INV_LN2 * x + (-0.5 if x < 0 else 0.5))
        hi, lo = x - k * _LN2_HI, k * _LN2_LO
        x = hi - lo
        c = (hi - x) - lo
    elif high < 0x3C900000:
        return x
    half = 0.5 * x
    hxs = x * half
    r1 = polynomial((1.0, *_Q), hxs)
    t = 3.0 - r1 * half
    e = hxs * ((r1 - t) / (6.0 - x * t))
    if k == 0:
        return x - (x * e - hxs)
    e = (x * (e - c) - c) - hxs
    return _expm1_scaled(x, e, k)


def _expm1_scaled(x: float, e: float, k: int) -> float:
    if k == -1:
        return 0.5 * (x - e) - 0.5
    if k == 1:
        return -2.0 * (e - (x + 0.5)) if x < -0.25 else 1.0 + 2.0 * (x - e)
    if k <= -2 or k > 56:
        return scaled(1.0 - (e - x), k) - 1.0
    if k < 20:
        return scaled((1.0 - 2.0**-k) - (e - x), k)
    return scaled((x - (e + 2.0**-k)) + 1.0, k)


# Beyond this the result is infinite though exp(x / 2)^2 is not.
_LIMIT = float.fromhex("0x1.633ce8fb9f87dp9")


def sinh(x: float) -> float:
    high = high_word(x)
    if not math.isfinite(x):
        return x
    half = -0.5 if x < 0 else 0.5
    a = abs(x)
    if high < 0x40360000:
        if high < 0x3E300000:
            return x
        t = _expm1(a)
        if high < 0x3FF00000:
            return half * (2.0 * t - t * t / (t + 1.0))
        return half * (t + t / (t + 1.0))
    if high < 0x40862E42:
        return half * _exp(a)
    if a <= _LIMIT:
        w = _exp(0.5 * a)
        return half * w * w
    return math.copysign(math.inf, x)


def cosh(x: float) -> float:
    high = high_word(x)
    if not math.isfinite(x):
        return x * x
    a = abs(x)
    if high < 0x3FD62E43:
        t = _expm1(a)
        w = 1.0 + t
        return w if high < 0x3C800000 else 1.0 + t * t / (w + w)
    if high < 0x40360000:
        t = _exp(a)
        return 0.5 * t + 0.5 / t
    if high < 0x40862E42:
        return 0.5 * _exp(a)
    if a <= _LIMIT:
        w = _exp(0.5 * a)
        return 0.5 * w * w
    return math.inf
