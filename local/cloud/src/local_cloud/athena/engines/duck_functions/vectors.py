"""Distances and similarities of vectors (ArrayVectorFunctions, MathFunctions)."""

from local_cloud.athena.engines.duck_sql.registry import python
from local_cloud.athena.sql.failures import invalid_argument, not_supported
from local_cloud.athena.sql.values.java_math import divided, sqrt

Vector = list[float | None]
Sparse = list[tuple[str, float | None]]


def _pairs(first: Vector, second: Vector) -> list[tuple[float, float]]:
    if len(first) != len(second):
        raise invalid_argument("The arguments must have the same length")
    pairs = []
    for a, b in zip(first, second, strict=True):
        if a is None or b is None:
            # Trino reads what its block holds there: nothing that a query could rely on.
            raise not_supported("distances of arrays with nulls inside")
        pairs.append((a, b))
    return pairs


@python("euclidean_distance(array(double),array(double))")
def _euclidean_distance(first: Vector, second: Vector) -> float:
    total = 0.0
    for a, b in _pairs(first, second):
        total += (a - b) * (a - b)
    return sqrt(total)


@python("dot_product(array(double),array(double))")
def _dot_product(first: Vector, second: Vector) -> float:
    total = 0.0
    for a, b in _pairs(first, second):
        total += a * b
    return total


@python("cosine_similarity(array(double),array(double))")
def _cosine_similarity(first: Vector, second: Vector) -> float | None:
    if len(first) == len(second) and (None in first or None in second):
        return None
    left = right = product = 0.0
    for a, b in _pairs(first, second):
        left += a * a
        right += b * b
        product += a * b
    if left == 0 or right == 0:
        raise invalid_argument("Vector magnitude cannot be zero")
    return divided(product, sqrt(left * right))


@python("cosine_distance(array(double),array(double))")
def _cosine_distance(first: Vector, second: Vector) -> float | None:
    found = _cosine_similarity(first, second)
    return None if found is None else 1.0 - found


def _norm(of: Sparse) -> float | None:
    total = 0.0
    for _, value in of:
        if value is None:
            return None
        total += value * value
    return sqrt(total)


@python("cosine_similarity(map(varchar,double),map(varchar,double))")
def _sparse_cosine_similarity(first: Sparse, second: Sparse) -> float | None:
    left, right = _norm(first), _norm(second)
    if left is None or right is None:
        return None
    other = dict(second)
    total = 0.0
    for key, value in first:
        if key in other:
            total += (value or 0.0) * (other[key] or 0.0)
    return divided(total, left * right)
