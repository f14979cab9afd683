"""Probability distributions (MathFunctions, WilsonInterval)."""

import math
from collections.abc import Callable

from local_cloud.athena.engines.duck_sql.registry import python
from local_cloud.athena.sql.failures import invalid_argument, not_supported
from local_cloud.athena.sql.values import beta, error_function, fast_math, gamma, java_math
from local_cloud.athena.sql.values.brent import solved


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise invalid_argument(what)


@python("normal_cdf(double,double,double)")
def _normal_cdf(mean: float, deviation: float, value: float) -> float:
    _check(deviation > 0, "standardDeviation must be > 0")
    scaled = java_math.divided(value - mean, deviation * math.sqrt(2))
    return 0.5 * (1 + error_function.erf(scaled))


@python("inverse_normal_cdf(double,double,double)")
def _inverse_normal_cdf(mean: float, deviation: float, p: float) -> float:
    _check(0 < p < 1, "p must be 0 > p > 1")
    _check(deviation > 0, "sd must be > 0")
    return mean + deviation * 1.4142135623730951 * error_function.inverse_erf(2 * p - 1)


@python("beta_cdf(double,double,double)")
def _beta_cdf(a: float, b: float, value: float) -> float:
    _check(0 <= value <= 1, "value must be 0 >= v >= 1")
    _check(a > 0 and b > 0, "a, b must be > 0")
    return _cumulative_beta(a, b)(value)


def _cumulative_beta(a: float, b: float) -> Callable[[float], float]:
    if math.isinf(a) or math.isinf(b):
        raise not_supported("beta distributions with infinite parameters")

    def cumulative(x: float) -> float:
        if x <= 0:
            return 0.0
        return 1.0 if x >= 1 else beta.regularized_beta(x, a, b)

    return cumulative


@python("inverse_beta_cdf(double,double,double)")
def _inverse_beta_cdf(a: float, b: float, p: float) -> float:
    _check(0 <= p <= 1, "p must be 0 >= p >= 1")
    _check(a > 0 and b > 0, "a, b must be > 0")
    cumulative = _cumulative_beta(a, b)
    if p in (0, 1):
        return p
    return solved(lambda x: cumulative(x) - p, 0.0, 1.0)


def _check_degrees(degrees: float) -> None:
    _check(not degrees < 1, "degrees of freedom must be greater than or equal to 1")


@python("t_pdf(double,double)")
def _t_pdf(x: float, degrees: float) -> float:
    _check_degrees(degrees)
    half = (degrees + 1) / 2
    factor = (
        gamma.log_gamma(half)
        - 0.5 * (fast_math.log(math.pi) + fast_math.log(degrees))
        - gamma.log_gamma(degrees / 2)
    )
    inside = 1 + java_math.divided(x * x, degrees)
    return fast_math.exp(factor - half * fast_math.log(inside))


@python("t_cdf(double,double)")
def _t_cdf(x: float, degrees: float) -> float:
    _check_degrees(degrees)
    if x == 0:
        return 0.5
    ratio = java_math.divided(degrees, degrees + (x * x))
    found = beta.regularized_beta(ratio, 0.5 * degrees, 0.5)
    return 0.5 * found if x < 0 else 1.0 - 0.5 * found


# ---- Wilson score intervals ---------------------------------------------------------------------


def _wilson(successes: int, trials: int, z: float, bound: int) -> float:
    _check(successes >= 0, "number of successes must not be negative")
    _check(trials > 0, "number of trials must be positive")
    _check(successes <= trials, "number of successes must not be larger than number of trials")
    _check(z >= 0, "z-score must not be negative")
    n = float(trials)
    p = successes * 1.0 / n
    spread = java_math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))
    return java_math.divided(p + (z * z) / (2 * n) + bound * z * spread, 1 + (z * z) / n)


@python("wilson_interval_lower(bigint,bigint,double)")
def _wilson_lower(successes: int, trials: int, z: float) -> float:
    return _wilson(successes, trials, z, -1)


@python("wilson_interval_upper(bigint,bigint,double)")
def _wilson_upper(successes: int, trials: int, z: float) -> float:
    return _wilson(successes, trials, z, 1)
