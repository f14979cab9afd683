"""The gamma, beta and error functions step by step as Apache Commons Math 3.6 computes them.

After A. R. DiDonato and A. H. Morris, "Algorithm 708" (1992), the NSWC library of mathematics, and
M. Giles, "Approximating the erfinv function" (2010).
"""

import math
from collections.abc import Callable, Sequence

from local_cloud.athena.failures import QueryError, not_supported
from local_cloud.athena.values.fast_math import exp, log, log1p
from local_cloud.athena.values.java_math import divided, sqrt

_SMALL = 1e-50
_BETA_EPSILON, _ERF_EPSILON = 1e-14, 1e-15
# Fractions that need more terms than this are not waited for.
_MAX_TERMS = 200_000


def polynomial(coefficients: Sequence[float], x: float) -> float:
    """The last coefficient is that of the highest power."""
    made = coefficients[-1]
    for one in coefficients[-2::-1]:
        made = one + x * made
    return made


def _fraction(a: Callable[[int], float], b: Callable[[int], float], epsilon: float) -> float:
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


# ---- gamma --------------------------------------------------------------------------------------

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


def _log_gamma_1p(x: float) -> float:
    return -log1p(_inverse_minus_one(x))


def log_gamma(x: float) -> float:
    if x != x or x <= 0:
        return math.nan
    if x < 0.5:
        return _log_gamma_1p(x) - log(x)
    if x <= 2.5:
        return _log_gamma_1p((x - 0.5) - 0.5)
    if x <= 8:
        n = math.floor(x - 1.5)
        product = 1.0
        for i in range(1, n + 1):
            product *= x - i
        return _log_gamma_1p(x - (n + 1)) + log(product)
    total = 0.0
    for i in range(len(_LANCZOS) - 1, 0, -1):
        total += _LANCZOS[i] / (x + i)
    total += _LANCZOS[0]
    shifted = x + _LANCZOS_G + 0.5
    return ((x + 0.5) * log(shifted)) - shifted + _HALF_LOG_2_PI + log(divided(total, x))


def _gamma(x: float) -> float:
    """For 0 < x <= 20."""
    t = x
    if x >= 1:
        product = 1.0
        while t > 2.5:
            t -= 1.0
            product *= t
        return product / (1.0 + _inverse_minus_one(t - 1.0))
    return 1.0 / (x * (1.0 + _inverse_minus_one(t)))


def _regularized_p(a: float, x: float) -> float:
    if x != x or x < 0:
        return math.nan
    if x == 0:
        return 0.0
    if x >= a + 1:
        return 1.0 - _regularized_q(a, x)
    n, an = 0.0, 1.0 / a
    total = an
    while abs(an / total) > _ERF_EPSILON and total < math.inf:
        n += 1.0
        an *= x / (a + n)
        total += an
    return exp(-x + (a * log(x)) - log_gamma(a)) * total


def _regularized_q(a: float, x: float) -> float:
    if x < a + 1.0:
        return 1.0 - _regularized_p(a, x)
    found = 1.0 / _fraction(
        lambda n: ((2.0 * n) + 1.0) - a + x, lambda n: n * (a - n), _ERF_EPSILON
    )
    return exp(-x + (a * log(x)) - log_gamma(a)) * found


# ---- beta ---------------------------------------------------------------------------------------

_HALF_LOG_TWO_PI = 0.9189385332046727
_DELTA = (
    0.833333333333333333333333333333e-01,
    -0.277777777777777777777777752282e-04,
    0.793650793650793650791732130419e-07,
    -0.595238095238095232389839236182e-09,
    0.841750841750832853294451671990e-11,
    -0.191752691751854612334149171243e-12,
    0.641025640510325475730918472625e-14,
    -0.295506514125338232839867823991e-15,
    0.179643716359402238723287696452e-16,
    -0.139228964661627791231203060395e-17,
    0.133802855014020915603275339093e-18,
    -0.154246009867966094273710216533e-19,
    0.197701992980957427278370133333e-20,
    -0.234065664793997056856992426667e-21,
    0.171348014966398575409015466667e-22,
)


def regularized_beta(x: float, a: float, b: float) -> float:
    if x != x or a != a or b != b or x < 0 or x > 1 or a <= 0 or b <= 0:
        return math.nan
    if x > divided(a + 1, 2 + b + a) and 1 - x <= divided(b + 1, 2 + b + a):
        return 1 - regularized_beta(1 - x, b, a)

    def term(n: int) -> float:
        if n % 2 == 0:
            m = n / 2.0
            return divided(m * (b - m) * x, (a + (2 * m) - 1) * (a + (2 * m)))
        m = (n - 1.0) / 2.0
        return divided(-((a + m) * (a + b + m) * x), (a + (2 * m)) * (a + (2 * m) + 1.0))

    factor = exp((a * log(x)) + (b * log1p(-x)) - log(a) - _log_beta(a, b))
    return divided(factor * 1.0, _fraction(lambda _: 1.0, term, _BETA_EPSILON))


def _log_gamma_sum(a: float, b: float) -> float:
    x = (a - 1.0) + (b - 1.0)
    if x <= 0.5:
        return _log_gamma_1p(1.0 + x)
    if x <= 1.5:
        return _log_gamma_1p(x) + log1p(x)
    return _log_gamma_1p(x - 1.0) + log(x * (1.0 + x))


def _log_gamma_minus_sum(a: float, b: float) -> float:
    if a <= b:
        d, w = b + (a - 0.5), _delta_minus_sum(a, b)
    else:
        d, w = a + (b - 0.5), _delta_minus_sum(b, a)
    u, v = d * log1p(divided(a, b)), a * (log(b) - 1.0)
    return (w - u) - v if u <= v else (w - v) - u


def _delta_minus_sum(a: float, b: float) -> float:
    h = a / b
    p, q = h / (1.0 + h), 1.0 / (1.0 + h)
    q2 = q * q
    s = [1.0]
    for _ in _DELTA[1:]:
        s.append(1.0 + (q + q2 * s[-1]))
    t = (10.0 / b) * (10.0 / b)
    w = _DELTA[-1] * s[-1]
    for delta, one in zip(_DELTA[-2::-1], s[-2::-1], strict=True):
        w = t * w + delta * one
    return w * p / b


def _sum_of_deltas(p: float, q: float) -> float:
    a, b = min(p, q), max(p, q)
    t = (10.0 / a) * (10.0 / a)
    return polynomial(_DELTA, t) / a + _delta_minus_sum(a, b)


def _log_beta(p: float, q: float) -> float:
    a, b = min(p, q), max(p, q)
    if a >= 10:
        return _log_beta_large(a, b)
    if a > 2:
        return _log_beta_middle(a, b)
    if a >= 1:
        if b <= 2:
            return log_gamma(a) + log_gamma(b) - _log_gamma_sum(a, b)
        if b >= 10:
            return log_gamma(a) + _log_gamma_minus_sum(a, b)
        product, b = _reduced(b, lambda one: divided(one, a + one))
        return log(product) + (log_gamma(a) + (log_gamma(b) - _log_gamma_sum(a, b)))
    if b >= 10:
        return log_gamma(a) + _log_gamma_minus_sum(a, b)
    return log(divided(_gamma(a) * _gamma(b), _gamma(a + b)))


def _reduced(x: float, factor: Callable[[float], float]) -> tuple[float, float]:
    """(product of the factors, what is left of x at 2 or below)."""
    product = 1.0
    while x > 2.0:
        x -= 1.0
        product *= factor(x)
    return product, x


def _log_beta_large(a: float, b: float) -> float:
    w = _sum_of_deltas(a, b)
    h = a / b
    u = -(a - 0.5) * log(h / (1.0 + h))
    v = b * log1p(h)
    start = (-0.5 * log(b) + _HALF_LOG_TWO_PI) + w
    return (start - u) - v if u <= v else (start - v) - u


def _log_beta_middle(a: float, b: float) -> float:
    if b > 1000:
        n = math.floor(a - 1.0)
        product, left = 1.0, a
        for _ in range(n):
            left -= 1.0
            product *= left / (1.0 + left / b)
        rest = log_gamma(left) + _log_gamma_minus_sum(left, b)
        return (log(product) - n * log(b)) + rest
    product, left = _reduced(a, lambda one: (one / b) / (1.0 + one / b))
    if b < 10:
        other, right = _reduced(b, lambda one: one / (left + one))
        rest = log_gamma(left) + (log_gamma(right) - _log_gamma_sum(left, right))
        return log(product) + log(other) + rest
    return log(product) + log_gamma(left) + _log_gamma_minus_sum(left, b)


# ---- the error function -------------------------------------------------------------------------

_NEAR = (
    1.6536545626831027356,
    0.24015818242558961693,
    -0.0060336708714301490533,
    -0.00074070253416626697512,
    0.0001867342080340571352,
    -1.3882523362786468719e-05,
    -1.3654692000834678645e-06,
    4.2347877827932403518e-07,
    -2.9070369957882005086e-08,
    -4.1126339803469836976e-09,
    1.051212273321532285e-09,
    -5.4154120542946279317e-11,
    -1.2975133253453532498e-11,
    2.6335093153082322977e-12,
    -8.1519341976054721522e-14,
    -4.0545662729752068639e-14,
    6.6376381343583238325e-15,
    2.0972767875968561637e-17,
    -1.333171662854620906e-16,
    1.115787767802518096e-17,
    1.2858480715256400167e-18,
    -1.685059138182016589e-19,
    -3.6444120640178196996e-21,
)
_MIDDLE = (
    3.0838856104922207635,
    1.0052589676941592334,
    0.005370914553590063617,
    -0.0037512085075692412107,
    0.0024914420961078508066,
    -0.0016882755560235047313,
    0.00095328937973738049703,
    -0.0003550375203628474796,
    2.4031110387097893999e-05,
    6.8284851459573175448e-05,
    -4.7318229009055733981e-05,
    1.2475304481671778723e-05,
    2.9234449089955446044e-06,
    -4.013867526981545969e-06,
    1.5027403968909827627e-06,
    1.8239629214389227755e-08,
    -2.7517406297064545428e-07,
    9.0756561938885390979e-08,
    2.2137376921775787049e-09,
)
_FAR = (
    4.8499064014085844221,
    1.0103004648645343977,
    -0.00013871931833623122026,
    -0.00021503011930044477347,
    7.5995277030017761139e-05,
    -1.9681778105531670567e-05,
    4.5260625972231537039e-06,
    -9.9298272942317002539e-07,
    2.2900482228026654717e-07,
    -6.7711997758452339498e-08,
    2.9147953450901080826e-08,
    -1.4960026627149240478e-08,
    7.6157012080783393804e-09,
    -3.7894654401267369937e-09,
    1.5076572693500548083e-09,
    -2.5556418169965252055e-10,
    -2.7109920616438573243e-11,
)


def erf(x: float) -> float:
    if abs(x) > 40:
        return 1.0 if x > 0 else -1.0
    found = _regularized_p(0.5, x * x)
    return -found if x < 0 else found


def inverse_erf(x: float) -> float:
    w = -log((1.0 - x) * (1.0 + x))
    if w < 6.25:
        found = polynomial(_NEAR, w - 3.125)
    elif w < 16:
        found = polynomial(_MIDDLE, sqrt(w) - 3.25)
    elif not math.isinf(w):
        found = polynomial(_FAR, sqrt(w) - 5.0)
    else:
        found = math.inf
    return found * x
