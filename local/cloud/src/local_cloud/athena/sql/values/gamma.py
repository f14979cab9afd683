"""The gamma function step by step as Apache Commons Math 3.6 computes it (its class Gamma).

After A. R. DiDonato and A. H. Morris, "Algorithm 708" (1992), and the NSWC library of mathematics.
"""

import math

from local_cloud.athena.sql.values.continued_fraction import fraction
from local_cloud.athena.sql.values.fast_math import exp, log, log1p
from local_cloud.athena.sql.values.java_math import divided
from local_cloud.athena.sql.values.polynomial import polynomial

_EPSILON = 1e-15
_LANCZOS_G = 607.0 / 128.0
_LANCZOS = (
    0.99999999999999709182,
    57.156235665862923517,
    -59.597960355475491248,
    14.136097974741747174,
    -0.49191381609762019978,
    0.33994649984811888699e-4,
    0.46523628927048575665e-4,
    -0.98374475304879564677e-4,
    0.15808870322491248884e-3,
    -0.21026444172410488319e-3,
    0.21743961811521264320e-3,
    -0.16431810653676389022e-3,
    0.84418223983852743293e-4,
    -0.26190838401581408670e-4,
    0.36899182659531622704e-5,
)
_HALF_LOG_2_PI = 0.5 * log(2.0 * math.pi)
_A = (0.611609510448141581788e-08, 0.624730830116465516210e-08)
_B = (
    1.0,
    0.203610414066806987300e00,
    0.266205348428949217746e-01,
    0.493944979382446875238e-03,
    -0.851419432440314906588e-05,
    -0.643045481779353022248e-05,
    0.992641840672773722196e-06,
    -0.607761895722825260739e-07,
    0.195755836614639731882e-09,
)
_P = (
    0.6116095104481415817861e-08,
    0.6871674113067198736152e-08,
    0.6820161668496170657918e-09,
    0.4686843322948848031080e-10,
    0.1572833027710446286995e-11,
    -0.1249441572276366213222e-12,
    0.4343529937408594255178e-14,
)
_Q = (
    1.0,
    0.3056961078365221025009e00,
    0.5464213086042296536016e-01,
    0.4956830093825887312020e-02,
    0.2692369466186361192876e-03,
)
_C_MINUS = -0.422784335098467139393487909917598e00
_C = (
    0.577215664901532860606512090082402e00,
    -0.655878071520253881077019515145390e00,
    -0.420026350340952355290039348754298e-01,
    0.166538611382291489501700795102105e00,
    -0.421977345555443367482083012891874e-01,
    -0.962197152787697356211492167234820e-02,
    0.721894324666309954239501034044657e-02,
    -0.116516759185906511211397108401839e-02,
    -0.215241674114950972815729963053648e-03,
    0.128050282388116186153198626328164e-03,
    -0.201348547807882386556893914210218e-04,
    -0.125049348214267065734535947383309e-05,
    0.113302723198169588237412962033074e-05,
    -0.205633841697760710345015413002057e-06,
)


def _inverse_minus_one(x: float) -> float:
    """1 / gamma(1 + x) - 1 for -0.5 <= x <= 1.5."""
    t = x if x <= 0.5 else (x - 0.5) - 0.5
    if t < 0:
        last = _C[-1] + t * (polynomial(_A, t) / polynomial(_B, t))
        c = polynomial((_C_MINUS, *_C[1:-1], last), t)
        return t * c / x if x > 0.5 else x * ((c + 0.5) + 0.5)
    last = _C[-1] + (polynomial(_P, t) / polynomial(_Q, t)) * t
    c = polynomial((*_C[:-1], last), t)
    return (t / x) * ((c - 0.5) - 0.5) if x > 0.5 else x * c


def log_gamma_1p(x: float) -> float:
    return -log1p(_inverse_minus_one(x))


def log_gamma(x: float) -> float:
    if x != x or x <= 0:
        return math.nan
    if x < 0.5:
        return log_gamma_1p(x) - log(x)
    if x <= 2.5:
        return log_gamma_1p((x - 0.5) - 0.5)
    if x <= 8:
        n = math.floor(x - 1.5)
        product = 1.0
        for i in range(1, n + 1):
            product *= x - i
        return log_gamma_1p(x - (n + 1)) + log(product)
    total = 0.0
    for i in range(len(_LANCZOS) - 1, 0, -1):
        total += _LANCZOS[i] / (x + i)
    total += _LANCZOS[0]
    shifted = x + _LANCZOS_G + 0.5
    return ((x + 0.5) * log(shifted)) - shifted + _HALF_LOG_2_PI + log(divided(total, x))


def gamma(x: float) -> float:
    """For 0 < x <= 20."""
    t = x
    if x >= 1:
        product = 1.0
        while t > 2.5:
            t -= 1.0
            product *= t
        return product / (1.0 + _inverse_minus_one(t - 1.0))
    return 1.0 / (x * (1.0 + _inverse_minus_one(t)))


def regularized_p(a: float, x: float) -> float:
    if x != x or x < 0:
        return math.nan
    if x == 0:
        return 0.0
    if x >= a + 1:
        return 1.0 - _regularized_q(a, x)
    n, an = 0.0, 1.0 / a
    total = an
    while abs(an / total) > _EPSILON and total < math.inf:
        n += 1.0
        an *= x / (a + n)
        total += an
    return exp(-x + (a * log(x)) - log_gamma(a)) * total


def _regularized_q(a: float, x: float) -> float:
    if x < a + 1.0:
        return 1.0 - regularized_p(a, x)
    found = 1.0 / fraction(lambda n: ((2.0 * n) + 1.0) - a + x, lambda n: n * (a - n), _EPSILON)
    return exp(-x + (a * log(x)) - log_gamma(a)) * found
