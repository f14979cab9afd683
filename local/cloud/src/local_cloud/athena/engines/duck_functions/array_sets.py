"""Arrays searched, compared, made distinct and put in order (io.trino.operator.scalar.Array*)."""

from typing import Any

from local_cloud.athena.engines.duck_sql import comparing
from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import compare


def _equal(element: Any, value: Any, of: Type, function: str) -> bool:
    """`element = value`, neither of them null. NOT_SUPPORTED where a null inside decides."""
    found = compare.equal(element, value, of)
    if found is None:
        raise QueryError(
            "NOT_SUPPORTED",
            f"{function} does not support arrays with elements that are null or contain null",
        )
    return found


@sql("contains(array(t),t)")
def _contains(array: str, value: str, types: Signature, text: Text) -> str:
    of = types.arguments[0].args[0]
    if not comparing.is_plain(of):

        def found(elements: list[Any], wanted: Any) -> bool | None:
            known = [one for one in elements if one is not None]
            if any(_equal(one, wanted, of, "contains") for one in known):
                return True
            return False if len(known) == len(elements) else None

        kinds = (types.arguments[0], of)
        return text.python(found, kinds, t.BOOLEAN, array, value, key=("contains", of))

    def tested(a: str, v: str) -> str:
        # Where it is not found, an element that is null might be it.
        return (
            f"(CASE WHEN list_contains({a}, {v}) THEN TRUE "
            f"WHEN {v} IS NULL OR {a} IS NULL OR list_count({a}) < len({a}) THEN NULL "
            "ELSE FALSE END)"
        )

    return text.let(array, lambda a: text.let(value, lambda v: tested(a, v)))


@python("contains_sequence(array(t),array(t))")
def _contains_sequence(array: list[Any], part: list[Any], types: Signature) -> bool:
    of = types.arguments[0].args[0]

    def stands_at(start: int) -> bool:
        return all(compare.identical(array[start + at], one, of) for at, one in enumerate(part))

    return any(stands_at(start) for start in range(len(array) - len(part) + 1))


@python("array_position(array(t),t)")
def _position(array: list[Any], value: Any, types: Signature) -> int:
    of = types.arguments[1]
    for place, one in enumerate(array, 1):
        if one is not None and _equal(one, value, of, "array_position"):
            return place
    return 0


@python("array_remove(array(e),e)")
def _remove(array: list[Any], value: Any, types: Signature) -> list[Any]:
    of = types.arguments[1]
    return [one for one in array if one is None or not _equal(one, value, of, "array_remove")]


# ---- sets: in the order in which elements are first met ---------------------------------------


def _keyed(array: list[Any], of: Type) -> dict[Any, Any]:
    """The first of those elements that are not distinct from each other."""
    found: dict[Any, Any] = {}
    for one in array:
        found.setdefault(compare.hashable(one, of), one)
    return found


@python("array_distinct(array(e))")
def _distinct(array: list[Any], types: Signature) -> list[Any]:
    return list(_keyed(array, types.arguments[0].args[0]).values())


@python("array_union(array(e),array(e))")
def _union(left: list[Any], right: list[Any], types: Signature) -> list[Any]:
    return list(_keyed([*left, *right], types.arguments[0].args[0]).values())


@python("array_intersect(array(e),array(e))")
def _intersect(left: list[Any], right: list[Any], types: Signature) -> list[Any]:
    """Elements of the longer array, in its order (ArrayIntersectFunction)."""
    of = types.arguments[0].args[0]
    if len(left) < len(right):
        left, right = right, left
    kept = _keyed(right, of)
    return [one for key, one in _keyed(left, of).items() if key in kept]


@python("array_except(array(e),array(e))")
def _except(left: list[Any], right: list[Any], types: Signature) -> list[Any]:
    if not right:
        # Duplicates stay then (ArrayExceptFunction).
        return left
    of = types.arguments[0].args[0]
    removed = _keyed(right, of)
    return [one for key, one in _keyed(left, of).items() if key not in removed]


@python("arrays_overlap(array(e),array(e))")
def _overlap(left: list[Any], right: list[Any], types: Signature) -> bool | None:
    of = types.arguments[0].args[0]
    if not left or not right:
        return False
    both = _keyed(left, of).keys() & _keyed(right, of).keys()
    if both - {None}:
        return True
    return None if None in left or None in right else False


@python("array_histogram(array(t))")
def _histogram(array: list[Any], types: Signature) -> list[tuple[Any, int]]:
    of = types.arguments[0].args[0]
    found: dict[Any, list[Any]] = {}
    for one in array:
        if one is not None:
            found.setdefault(compare.hashable(one, of), [one, 0])[1] += 1
    if len(found) > 1:
        # Its entries come in the order of Trino's hash table (TypedHistogram).
        raise not_supported("array_histogram of several values")
    return [(one, count) for one, count in found.values()]


# ---- order ------------------------------------------------------------------------------------


@python("array_max(array(t))")
def _max(array: list[Any], types: Signature) -> Any:
    return _extreme(array, types.arguments[0].args[0], 1)


@python("array_min(array(t))")
def _min(array: list[Any], types: Signature) -> Any:
    return _extreme(array, types.arguments[0].args[0], -1)


def _extreme(array: list[Any], of: Type, sign: int) -> Any:
    """The first of the largest or smallest; NaN counts as neither. Null with a null inside."""
    best = None
    for one in array:
        if one is None:
            return None
        if best is None or compare.ordering(one, best, of, nan=-sign) * sign > 0:
            best = one
    return best


@python("array_sort(array(e))")
def _sort(array: list[Any], types: Signature) -> list[Any]:
    known = [one for one in array if one is not None]
    nulls = [None] * (len(array) - len(known))
    return [*compare.in_order(known, types.arguments[0].args[0]), *nulls]
