"""Equality and order of values, nulls inside of them included, as Trino's types have them."""

import math
from functools import cmp_to_key
from typing import Any

from local_cloud.athena.failures import QueryError
from local_cloud.athena.types import Type


def equal(a: Any, b: Any, of: Type) -> bool | None:
    """`a = b`: null where a null inside decides (TypeOperators EQUAL)."""
    if a is None or b is None:
        return None
    if of.name == "array":
        if len(a) != len(b):
            return False
        return _all(equal(x, y, of.args[0]) for x, y in zip(a, b, strict=True))
    if of.name == "row":
        return _all(
            equal(x, y, kind) for x, y, kind in zip(a, b, of.args, strict=True)
        )
    if of.name == "map":
        return _equal_maps(a, b, of)
    if of.name == "timestamp with time zone":
        return bool(a[0] == b[0])
    return bool(a == b)


def _all(parts: Any) -> bool | None:
    """False if any part is, else null if any part is."""
    unknown = False
    for part in parts:
        if part is False:
            return False
        unknown = unknown or part is None
    return None if unknown else True


def _equal_maps(a: Any, b: Any, of: Type) -> bool | None:
    key, value = of.args
    if len(a) != len(b):
        return False
    unknown = False
    for k, x in a:
        found = [y for other, y in b if identical(k, other, key)]
        if not found:
            return False
        part = equal(x, found[0], value)
        if part is False:
            return False
        unknown = unknown or part is None
    return None if unknown else True


def identical(a: Any, b: Any, of: Type) -> bool:
    """IS NOT DISTINCT FROM: nulls and NaN equal themselves (IDENTICAL)."""
    if a is None or b is None:
        return a is None and b is None
    if of.name == "array":
        return len(a) == len(b) and all(
            identical(x, y, of.args[0]) for x, y in zip(a, b, strict=True)
        )
    if of.name == "row":
        return all(identical(x, y, kind) for x, y, kind in zip(a, b, of.args, strict=True))
    if of.name == "map":
        return len(a) == len(b) and all(
            any(
                identical(k, other, of.args[0]) and identical(x, y, of.args[1])
                for other, y in b
            )
            for k, x in a
        )
    if of.name in ("double", "real") and a != a:
        return bool(b != b)
    if of.name == "timestamp with time zone":
        return bool(a[0] == b[0])
    return bool(a == b)


def ordering(a: Any, b: Any, of: Type, nan: int = 1) -> int:
    """-1, 0 or 1. NaN is the largest number, or with `nan=-1` the smallest.

    (COMPARISON_UNORDERED_LAST and COMPARISON_UNORDERED_FIRST)
    """
    if of.name == "array":
        for x, y in zip(a, b, strict=False):
            found = _ordered_inside(x, y, of.args[0], "ARRAY", nan)
            if found:
                return found
        return _sign(len(a), len(b))
    if of.name == "row":
        for x, y, kind in zip(a, b, of.args, strict=True):
            found = _ordered_inside(x, y, kind, "ROW", nan)
            if found:
                return found
        return 0
    if of.name in ("double", "real"):
        return _sign(_number(a, nan), _number(b, nan))
    if of.name == "timestamp with time zone":
        return _sign(a[0], b[0])
    if of.name == "char":
        return _sign(padded(a), padded(b))
    return _sign(a, b)


def padded(text: str) -> str:
    """A char's text in an order where missing characters are spaces."""
    return text.rstrip(" ") + " "


def _number(value: float, nan: int) -> tuple[int, float]:
    return (nan, 0.0) if math.isnan(value) else (0, value)


def _sign(a: Any, b: Any) -> int:
    return (a > b) - (a < b)


def _ordered_inside(x: Any, y: Any, of: Type, what: str, nan: int) -> int:
    if x is None or y is None:
        # ArrayType and RowType.checkElementNotNull
        raise QueryError(
            "NOT_SUPPORTED", f"{what} comparison not supported for {what.lower()}s with null elements"
        )
    return ordering(x, y, of, nan)


def less(a: Any, b: Any, of: Type, or_equal: bool) -> bool | None:
    """`a < b` or `a <= b`; nothing compares with NaN."""
    if a is None or b is None:
        return None
    if of.name in ("double", "real") and (a != a or b != b):
        return False
    found = ordering(a, b, of)
    return found < 0 or (or_equal and found == 0)


def sort_key(of: Type) -> Any:
    """For sorted(): values without nulls, in Trino's order."""
    return cmp_to_key(lambda a, b: ordering(a, b, of))


def hashable(value: Any, of: Type) -> Any:
    """Something that is equal for identical values, for sets and dictionaries."""
    if value is None:
        return None
    if of.name == "array":
        return tuple(hashable(one, of.args[0]) for one in value)
    if of.name == "row":
        return tuple(hashable(one, kind) for one, kind in zip(value, of.args, strict=True))
    if of.name == "map":
        key, inner = of.args
        return frozenset((hashable(k, key), hashable(v, inner)) for k, v in value)
    if of.name in ("double", "real"):
        return "NaN" if value != value else value + 0.0
    if of.name == "timestamp with time zone":
        return value[0]
    return value
