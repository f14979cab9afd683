"""Inverse functions to the last bit, by the algorithms of fdlibm.

Java computes asin, acos, atan and atan2 with these on every machine
(java.lang.StrictMath's documentation), so that each step here is rounded as it is there. The
C library's own functions are more exact, and differ in the last digit of one value in thirty.

fdlibm: Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunSoft, a
Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is
freely granted, provided that this notice is preserved.
"""

import math

from local_cloud.athena.sql.values.float_bits import high_word, without_low_word
from local_cloud.athena.sql.values.polynomial import polynomial

_PI_2_HI, _PI_2_LO = 1.57079632679489655800, 6.12323399573676603587e-17
_PI_4_HI, _PI_LO = 7.85398163397448278999e-01, 1.2246467991473531772e-16


# ---- asin and acos ----------------------------------------------------------------------------

_PS = (
    1.66666666666666657415e-01,
    -3.25565818622400915405e-01,
    2.01212532134862925881e-01,
    -4.00555345006794114027e-02,
    7.91534994289814532176e-04,
    3.47933107596021167570e-05,
)
_QS = (
    1.0,
    -2.40339491173441421878,
    2.02094576023350569471,
    -6.88283971605453293030e-01,
    7.70381505559019352791e-02,
)


def asin(x: float) -> float:
    high = high_word(x)
    if not abs(x) <= 1:
        return math.nan
    if abs(x) == 1:
        return x * _PI_2_HI + x * _PI_2_LO
    if high < 0x3FE00000:
        if high < 0x3E400000:
            return x
        t = x * x
        return x + x * (t * polynomial(_PS, t) / polynomial(_QS, t))
    w = 1.0 - abs(x)
    t = w * 0.5
    p, q = t * polynomial(_PS, t), polynomial(_QS, t)
    s = math.sqrt(t)
    if high >= 0x3FEF3333:
        t = _PI_2_HI - (2.0 * (s + s * (p / q)) - _PI_2_LO)
    else:
        w = without_low_word(s)
        c = (t - w * w) / (s + w)
        r = p / q
        p = 2.0 * s * r - (_PI_2_LO - 2.0 * c)
        q = _PI_4_HI - 2.0 * w
        t = _PI_4_HI - (p - q)
    return t if x > 0 else -t


def acos(x: float) -> float:
    high = high_word(x)
    if not abs(x) <= 1:
        return math.nan
    if abs(x) == 1:
        return 0.0 if x > 0 else math.pi + 2.0 * _PI_2_LO
    if high < 0x3FE00000:
        if high <= 0x3C600000:
            return _PI_2_HI + _PI_2_LO
        z = x * x
        r = z * polynomial(_PS, z) / polynomial(_QS, z)
        return _PI_2_HI - (x - (_PI_2_LO - x * r))
    z = (1.0 + x if x < 0 else 1.0 - x) * 0.5
    s = math.sqrt(z)
    r = z * polynomial(_PS, z) / polynomial(_QS, z)
    if x < 0:
        return math.pi - 2.0 * (s + (r * s - _PI_2_LO))
    df = without_low_word(s)
    c = (z - df * df) / (s + df)
    return 2.0 * (df + (r * s + c))


# ---- atan -------------------------------------------------------------------------------------

_ATAN_HI = (
    4.63647609000806093515e-01,
    7.85398163397448278999e-01,
    9.82793723247329054082e-01,
    1.57079632679489655800,
)
_ATAN_LO = (
    2.26987774529616870924e-17,
    3.06161699786838301793e-17,
    1.39033110312309984516e-17,
    6.12323399573676603587e-17,
)
_AT = (
    3.33333333333329318027e-01,
    -1.99999999998764832476e-01,
    1.42857142725034663711e-01,
    -1.11111104054623557880e-01,
    9.09088713343650656196e-02,
    -7.69187620504482999495e-02,
    6.66107313738753120669e-02,
    -5.83357013379057348645e-02,
    4.97687799461593236017e-02,
    -3.65315727442169155270e-02,
    1.62858201153657823623e-02,
)


def atan(x: float) -> float:
    high = high_word(x)
    if x != x:
        return x
    if high >= 0x44100000:
        return math.copysign(_ATAN_HI[3] + _ATAN_LO[3], x)
    if high < 0x3E200000:
        return x
    piece, reduced = (None, x) if high < 0x3FDC0000 else _reduced(abs(x), high)
    z = reduced * reduced
    w = z * z
    odd = z * polynomial(_AT[0::2], w)
    even = w * polynomial(_AT[1::2], w)
    if piece is None:
        return reduced - reduced * (odd + even)
    z = _ATAN_HI[piece] - ((reduced * (odd + even) - _ATAN_LO[piece]) - reduced)
    return -z if x < 0 else z


def _reduced(a: float, high: int) -> tuple[int, float]:
    """The piece of the curve that `a` lies in, and its argument there."""
    if high < 0x3FE60000:
        return 0, (2.0 * a - 1.0) / (2.0 + a)
    if high < 0x3FF30000:
        return 1, (a - 1.0) / (a + 1.0)
    if high < 0x40038000:
        return 2, (a - 1.5) / (1.0 + 1.5 * a)
    return 3, -1.0 / a


def atan2(y: float, x: float) -> float:
    if x != x or y != y:
        return math.nan
    if x == 1.0:
        return atan(y)
    left, down = math.copysign(1, x) < 0, math.copysign(1, y) < 0
    if x == 0 or y == 0 or math.isinf(x) or math.isinf(y):
        return math.copysign(_on_an_axis(y, x, left), y)
    apart = (high_word(y) - high_word(x)) >> 20
    if apart > 60:
        z = _PI_2_HI + 0.5 * _PI_LO
    elif left and apart < -60:
        z = 0.0
    else:
        z = atan(abs(_quotient(y, x)))
    if not left:
        return -z if down else z
    return (z - _PI_LO) - math.pi if down else math.pi - (z - _PI_LO)


def _on_an_axis(y: float, x: float, left: bool) -> float:
    """The angle, without its sign, where a coordinate is zero or infinite."""
    if math.isinf(x) and math.isinf(y):
        return 3.0 * math.pi / 4.0 if left else math.pi / 4.0
    if y == 0 or math.isinf(x):
        return math.pi if left else 0.0
    return _PI_2_HI


def _quotient(y: float, x: float) -> float:
    try:
        return y / x
    except (OverflowError, ZeroDivisionError):
        return math.inf
