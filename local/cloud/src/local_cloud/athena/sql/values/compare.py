"""Equality and order of values, nulls inside of them included, as Trino's types have them."""

import math
from collections.abc import Iterable
from functools import cmp_to_key
from itertools import combinations, repeat
from typing import Any

from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.types import Type, holds


def equal(a: Any, b: Any, of: Type) -> bool | None:
    """`a = b`: null where a null inside decides (TypeOperators EQUAL)."""
    if a is None or b is None:
        return None
    if of.name == "array":
        if len(a) != len(b):
            return False
        return _all(equal(x, y, of.args[0]) for x, y in zip(a, b, strict=True))
    if of.name == "row":
        return _all(equal(x, y, kind) for x, y, kind in zip(a, b, of.args, strict=True))
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


def key_index(pairs: list[tuple[Any, Any]], wanted: Any, of: Type) -> int | None:
    """Where in a map a key is: NaN is in none, as it equals nothing (SqlMap.seekKey)."""
    found = None
    for place, (key, _) in enumerate(pairs):
        same = equal(key, wanted, of)
        if same is None:
            # Whether Trino meets this key depends on its hash tables.
            raise not_supported("looking for keys with nulls inside in a map")
        if same and found is None:
            found = place
    return found


def _equal_maps(a: Any, b: Any, of: Type) -> bool | None:
    key, value = of.args
    if len(a) != len(b):
        return False
    unknown = False
    for k, x in a:
        place = key_index(b, k, key)
        if place is None:
            return False
        part = equal(x, b[place][1], value)
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
        return _identical_maps(a, b, of)
    if of.name in ("double", "real") and a != a:
        return bool(b != b)
    if of.name == "timestamp with time zone":
        return bool(a[0] == b[0])
    return bool(a == b)


def _identical_maps(a: Any, b: Any, of: Type) -> bool:
    """A map with NaN for a key is not even identical to itself: keys are looked for by `=`."""
    if len(a) != len(b):
        return False
    places = [key_index(b, k, of.args[0]) for k, _ in a]
    return all(
        place is not None and identical(x, b[place][1], of.args[1])
        for (_, x), place in zip(a, places, strict=True)
    )


def ordering(a: Any, b: Any, of: Type, nan: int = 1) -> int:
    """-1, 0 or 1. NaN is the largest number, or with `nan=-1` the smallest.

    (COMPARISON_UNORDERED_LAST and COMPARISON_UNORDERED_FIRST)
    """
    if of.name == "array":
        found = _ordered_inside(a, b, repeat(of.args[0]), "ARRAY", nan)
        return found or _sign(len(a), len(b))
    if of.name == "row":
        return _ordered_inside(a, b, of.args, "ROW", nan)
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
    return bool(a > b) - bool(a < b)


def _ordered_inside(a: Any, b: Any, kinds: Iterable[Type], what: str, nan: int) -> int:
    """By the first parts that differ, of those that both have."""
    for x, y, kind in zip(a, b, kinds, strict=False):
        if x is None or y is None:
            # ArrayType and RowType.checkElementNotNull
            raise QueryError(
                "NOT_SUPPORTED",
                f"{what} comparison not supported for {what.lower()}s with null elements",
            )
        found = ordering(x, y, kind, nan)
        if found:
            return found
    return 0


def less(a: Any, b: Any, of: Type, or_equal: bool) -> bool | None:
    """`a < b` or `a <= b`; nothing compares with NaN."""
    if a is None or b is None:
        return None
    if of.name in ("double", "real") and (a != a or b != b):
        return False
    found = ordering(a, b, of)
    return found < 0 or (or_equal and found == 0)


def has_null_inside(value: Any, of: Type) -> bool:
    """Whether a part of a value is null, at any depth (INDETERMINATE)."""
    if value is None:
        return True
    if of.name == "array":
        return any(has_null_inside(one, of.args[0]) for one in value)
    if of.name == "row":
        return any(has_null_inside(one, kind) for one, kind in zip(value, of.args, strict=True))
    if of.name == "map":
        return any(has_null_inside(one, of.args[1]) for _, one in value)
    return False


def in_order(values: list[Any], of: Type) -> list[Any]:
    """Values that are not null, in Trino's order."""
    if of.args and any(has_null_inside(one, of) for one in values):
        # Trino fails where it meets the null, which depends on which pairs its sort compares.
        try:
            for x, y in combinations(values, 2):
                ordering(x, y, of)
        except QueryError as error:
            raise not_supported("sorting values with nulls inside") from error
    return sorted(values, key=sort_key(of))


def sort_key(of: Type) -> Any:
    """For sorted(): values without nulls, in Trino's order."""
    return cmp_to_key(lambda a, b: ordering(a, b, of))


def is_found_again(pairs: list[tuple[Any, Any]], key: Type) -> bool:
    """Whether each key of a map equals itself: NaN does not, nor does what holds NaN."""
    if not holds(key, "double", "real", "array", "row", "map"):
        return True
    found = [equal(k, k, key) for k, _ in pairs]
    if None in found:
        raise not_supported("comparing maps whose keys have nulls inside")
    return all(found)


def hashable(value: Any, of: Type) -> Any:
    """Something that is equal for identical values, for sets and dictionaries."""
    if value is None:
        return None
    if of.name == "array":
        return tuple(hashable(one, of.args[0]) for one in value)
    if of.name == "row":
        return tuple(hashable(one, kind) for one, kind in zip(value, of.args, strict=True))
    if of.name == "map":
        if not is_found_again(value, of.args[0]):
            return object()
        key, inner = of.args
        return frozenset((hashable(k, key), hashable(v, inner)) for k, v in value)
    if of.name in ("double", "real"):
        return "NaN" if value != value else value + 0.0
    if of.name == "timestamp with time zone":
        return value[0]
    return value
