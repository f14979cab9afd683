"""Statistics of doubles (VarianceAggregation, DoubleCorrelationAggregation …)."""

import math
from collections.abc import Callable
from typing import Any

from local_cloud.athena.engines.duck_sql.aggregating import AggregateText
from local_cloud.athena.engines.duck_sql.folding import Row, folded
from local_cloud.athena.engines.duck_sql.registry import aggregate
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.values import java_math, numbers
from local_cloud.athena.sql.values.moments_of_samples import (
    CentralMoments,
    Covariance,
    Variance,
    variance,
)

# Squares of larger numbers, and sums of those, may overflow: DuckDB fails where Java goes on.
_SAFE = "1e150"


# ---- variance ---------------------------------------------------------------------------------


def _spread(duck: str, least: int, of: Callable[[Variance], float]) -> Any:
    """DuckDB's, which takes the same steps, unless a value is very large or none at all."""

    def fold(rows: list[Row], split: bool) -> float | None:
        if len(rows) < least:
            return None
        found = variance(float(one) for (one,) in rows)
        return of(found.merged() if split else found)

    def write(call: AggregateText) -> str:
        value, split = cast(call.arguments[0], t.DOUBLE), call.split
        largest = f"max(abs({value})){call.suffix}"
        tame = call.call(duck, f"CASE WHEN abs({value}) < {_SAFE} THEN {value} END")
        wild = folded(call, lambda rows: fold(rows, split), (duck, split))
        return f"(CASE WHEN {largest} >= {_SAFE} THEN {wild} ELSE {tame} END)"

    return write


def _sample(of: Variance) -> float:
    return of.m2 / (of.count - 1)


def _population(of: Variance) -> float:
    return of.m2 / of.count


for _names, _duck, _least, _of in (
    (("stddev", "stddev_samp"), "stddev_samp", 2, lambda of: java_math.sqrt(_sample(of))),
    (("stddev_pop",), "stddev_pop", 1, lambda of: java_math.sqrt(_population(of))),
    (("variance", "var_samp"), "var_samp", 2, _sample),
    (("var_pop",), "var_pop", 1, _population),
):
    _keys = [f"{name}({kind})" for name in _names for kind in ("double", "bigint")]
    aggregate(*_keys)(_spread(_duck, _least, _of))


# ---- skewness, kurtosis, geometric mean ---------------------------------------------------------


def _shape(call: AggregateText, name: str, least: int) -> str:
    split = call.split

    def fold(rows: list[Row]) -> float | None:
        if len(rows) < least:
            return None
        made = CentralMoments()
        for (one,) in rows:
            made.add(float(one))
        made = made.merged() if split else made
        return made.skewness() if name == "skewness" else made.kurtosis()

    return folded(call, fold, (name, split))


@aggregate("skewness(double)", "skewness(bigint)")
def _skewness(call: AggregateText) -> str:
    return _shape(call, "skewness", 3)


@aggregate("kurtosis(double)", "kurtosis(bigint)")
def _kurtosis(call: AggregateText) -> str:
    return _shape(call, "kurtosis", 4)


def geometric_mean(rows: list[Row]) -> float | None:
    if not rows:
        return None
    total = 0.0
    for (one,) in rows:
        total += java_math.ln(float(one))
    return java_math.exp(total / len(rows))


@aggregate("geometric_mean(double)", "geometric_mean(bigint)")
def _geometric_mean(call: AggregateText) -> str:
    return folded(call, geometric_mean, "geometric_mean")


@aggregate("geometric_mean(real)")
def _geometric_mean_real(call: AggregateText) -> str:
    def fold(rows: list[Row]) -> float | None:
        found = geometric_mean(rows)
        return None if found is None else numbers.single(found)

    return folded(call, fold, "geometric_mean of reals")


# ---- two columns --------------------------------------------------------------------------------


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


_OF_PAIRS: dict[str, Callable[[Covariance], float | None]] = {
    "covar_pop": lambda of: of.c2 / of.count,
    "covar_samp": lambda of: of.c2 / (of.count - 1) if of.count > 1 else None,
    "corr": lambda of: _finite(of.correlation()),
    "regr_slope": lambda of: _finite(of.slope()),
    "regr_intercept": lambda of: _finite(of.intercept()),
}


def _of_pairs(name: str, single: bool) -> Any:
    of = _OF_PAIRS[name]

    def write(call: AggregateText) -> str:
        split = call.split

        def fold(rows: list[Row]) -> float | None:
            if not rows:
                return None
            made = Covariance()
            for y, x in rows:
                made.add(y, x)
            found = of(made.merged() if split else made)
            return numbers.single(found) if single and found is not None else found

        return folded(call, fold, (name, split))

    return write


for _name in _OF_PAIRS:
    aggregate(f"{_name}(double,double)")(_of_pairs(_name, False))
    aggregate(f"{_name}(real,real)")(_of_pairs(_name, True))
