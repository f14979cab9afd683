"""The beta function step by step as Apache Commons Math 3.6 computes it (its class Beta)."""

import math
from collections.abc import Callable

from local_cloud.athena.sql.values.continued_fraction import fraction
from local_cloud.athena.sql.values.fast_math import exp, log, log1p
from local_cloud.athena.sql.values.gamma import gamma, log_gamma, log_gamma_1p
from local_cloud.athena.sql.values.java_math import divided
from local_cloud.athena.sql.values.polynomial import polynomial

_EPSILON = 1e-14
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
    return divided(factor * 1.0, fraction(lambda _: 1.0, term, _EPSILON))


def _log_gamma_sum(a: float, b: float) -> float:
    x = (a - 1.0) + (b - 1.0)
    if x <= 0.5:
        return log_gamma_1p(1.0 + x)
    if x <= 1.5:
        return log_gamma_1p(x) + log1p(x)
    return log_gamma_1p(x - 1.0) + log(x * (1.0 + x))


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
    return log(divided(gamma(a) * gamma(b), gamma(a + b)))


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
