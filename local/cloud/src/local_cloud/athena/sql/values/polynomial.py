"""Polynomials in Horner's form, rounded after each step."""

from collections.abc import Sequence


def polynomial(coefficients: Sequence[float], x: float) -> float:
    """The last coefficient is that of the highest power."""
    made = coefficients[-1]
    for one in coefficients[-2::-1]:
        made = one + x * made
    return made
