"""array_sort by a lambda: each pair of elements is compared, then Java's sort is followed."""

from dataclasses import replace
from typing import Any

from local_cloud.athena.engines.duck_functions.lambdas import body_of, lambda_of
from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.registry import Signature, sql
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import invalid_argument, not_supported
from local_cloud.athena.sql.ir import BoundCall, Special
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values.java_sort import sorted_places

# Its square is how many comparisons are made.
MAX_ELEMENTS = 1_000


@sql("array_sort(array(t),function(t,t,integer))")
def _sort(array: str, _: str, text: Text, call: BoundCall, types: Signature) -> str:
    comparator = lambda_of(call, 1)
    first, second = comparator.parameters
    failing = can_fail(comparator.body)
    if failing:
        # Trino may not compare the pair at all.
        comparator = replace(comparator, body=Special(t.INTEGER, "try", (comparator.body,)))
    result = body_of(text, comparator, first, second)

    def sorted_by_all(name: str) -> str:
        against_one = f"list_transform({name}, lambda {second.name}: {result})"
        against_all = f"list_transform({name}, lambda {first.name}: {against_one})"
        return _ordered(text, types.result, name, against_all, failing)

    return text.let(array, sorted_by_all)


def _ordered(text: Text, of: Type, array: str, compared: str, failing: bool) -> str:
    def ordered(elements: list[Any], results: list[list[int | None]]) -> list[Any]:
        return in_order(elements, results, failing)

    kinds = (of, t.array(t.array(t.INTEGER)))
    made = text.python(ordered, kinds, of, array, compared, key=("ordered", of, failing))
    small = text.python(_is_small, (t.BIGINT,), t.BOOLEAN, f"len({array})")
    return f"(CASE WHEN {small} THEN {made} END)"


def _is_small(count: int) -> bool:
    if count > MAX_ELEMENTS:
        raise not_supported(f"array_sort by a lambda of more than {MAX_ELEMENTS} elements")
    return True


def in_order(elements: list[Any], results: list[list[int | None]], failing: bool) -> list[Any]:
    def compare(a: int, b: int) -> int:
        found = results[a][b]
        if found is None and failing:
            raise not_supported("array_sort by a lambda that fails or is null")
        if found not in (-1, 0, 1):
            raise invalid_argument("Lambda comparator must return either -1, 0, or 1")
        return found

    places = sorted_places(len(elements), compare)
    if places is None:
        raise not_supported("array_sort by a lambda that contradicts itself")
    return [elements[place] for place in places]
