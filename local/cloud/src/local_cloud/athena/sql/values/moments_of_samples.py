"""Means, variances and covariances, updated value by value as Trino's states are.

Each step is rounded as theirs (VarianceState, CentralMomentsState, CovarianceState), and a state
that a table's rows were added to is merged into an empty one, which shows where it overflows.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from local_cloud.athena.sql.values.java_math import divided, pow, sqrt


@dataclass(slots=True)
class Variance:
    count: int = 0
    mean: float = 0.0
    m2: float = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        delta = value - self.mean
        self.mean += delta / self.count
        self.m2 += delta * (value - self.mean)

    def merged(self) -> "Variance":
        """This state merged into an empty one."""
        mean = self.count * self.mean / self.count
        delta = self.mean
        return Variance(self.count, mean, self.m2 + delta * delta * self.count * 0 / self.count)


@dataclass(slots=True)
class CentralMoments:
    count: int = 0
    m1: float = 0.0
    m2: float = 0.0
    m3: float = 0.0
    m4: float = 0.0

    def add(self, value: float) -> None:
        before = self.count
        n = self.count = before + 1
        delta = value - self.m1
        delta_n = delta / n
        delta_n2 = delta_n * delta_n
        dm2 = delta * delta_n * before
        m2, m3 = self.m2, self.m3
        self.m1 += delta_n
        self.m2 = m2 + dm2
        self.m3 = m3 + dm2 * delta_n * (n - 2) - 3 * delta_n * m2
        self.m4 = (
            self.m4
            + dm2 * delta_n2 * (n * float(n) - 3 * n + 3)
            + 6 * delta_n2 * m2
            - 4 * delta_n * m3
        )

    def merged(self) -> "CentralMoments":
        n = float(self.count)
        delta = self.m1
        delta2 = delta * delta
        delta3, delta4 = delta * delta2, delta2 * delta2
        zero = 0.0
        return CentralMoments(
            self.count,
            n * self.m1 / n,
            self.m2 + delta2 * zero * n / n,
            self.m3
            + delta3 * zero * n * -n / (n * n)
            + 3 * delta * (zero * self.m2 - n * 0) / n,
            self.m4
            + delta4 * zero * n * (n * n) / (n * n * n)
            + 6 * delta2 * (zero * self.m2 + n * n * 0) / (n * n)
            + 4 * delta * (zero * self.m3 - n * 0) / n,
        )

    def skewness(self) -> float:
        return divided(math.sqrt(self.count) * self.m3, pow(self.m2, 1.5))

    def kurtosis(self) -> float:
        n = float(self.count)
        left = ((n - 1) * n * (n + 1)) / ((n - 2) * (n - 3)) * self.m4
        return divided(left, self.m2 * self.m2) - 3 * ((n - 1) * (n - 1)) / ((n - 2) * (n - 3))


@dataclass(slots=True)
class Covariance:
    """Of pairs of y and x, in this order."""

    count: int = 0
    mean_x: float = 0.0
    mean_y: float = 0.0
    c2: float = 0.0
    m2_x: float = 0.0
    m2_y: float = 0.0

    def add(self, y: float, x: float) -> None:
        n = self.count = self.count + 1
        old_x, old_y = self.mean_x, self.mean_y
        self.mean_x = old_x + (x - old_x) / n
        self.mean_y = old_y + (y - old_y) / n
        self.c2 += (x - old_x) * (y - self.mean_y)
        self.m2_x += (x - old_x) * (x - self.mean_x)
        self.m2_y += (y - old_y) * (y - self.mean_y)

    def merged(self) -> "Covariance":
        n = self.count
        return Covariance(
            n,
            self.mean_x * n / n,
            self.mean_y * n / n,
            self.c2 + self.mean_x * self.mean_y * 0 * n / n,
            self.m2_x + 0 * n * pow(-self.mean_x, 2.0) / n,
            self.m2_y + 0 * n * pow(-self.mean_y, 2.0) / n,
        )

    def correlation(self) -> float:
        return divided(divided(self.c2, sqrt(self.m2_x)), sqrt(self.m2_y))

    def slope(self) -> float:
        return divided(self.c2, self.m2_x)

    def intercept(self) -> float:
        return self.mean_y - self.slope() * self.mean_x


def variance(values: Iterable[float]) -> Variance:
    made = Variance()
    for one in values:
        made.add(one)
    return made
