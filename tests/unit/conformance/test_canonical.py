"""How close two answers are: each level of the ladder lets one thing more pass."""

from typing import Any

import pytest

from tests.conformance.canonical import LEVELS, Answer, closest, json_text, print_at


def _level(
    one: list[list[Any]], other: list[list[Any]], kinds: str, keys: tuple[int, ...] = ()
) -> str:
    types = tuple(kinds.split())
    a, b = Answer(types, tuple(one)), Answer(types, tuple(other))
    return closest(
        lambda level: print_at(level, a, keys), lambda level: print_at(level, b, keys)
    )


@pytest.mark.parametrize(
    ("one", "other", "kinds", "level"),
    [
        ([[1], [2]], [[2], [1]], "bigint", "rows"),
        ([[1], [1]], [[1]], "bigint", "types"),
        ([[1]], [[1.0]], "bigint", "count"),
        ([[None]], [[0]], "bigint", "count"),
        ([["1"]], [[1]], "varchar", "count"),
        ([[0.1]], [[0.1000000000000001]], "double", "digits"),
        ([[0.1]], [[0.100000000001]], "double", "count"),
        ([[0.1]], [[0.1000001]], "real", "digits"),
        ([[0.1]], [[0.10001]], "real", "count"),
        ([[-0.0]], [[0.0]], "double", "digits"),
        ([["NaN"]], [[1.0]], "double", "count"),
        ([[[1, 2]]], [[[2, 1]]], "array(bigint)", "arrays"),
        ([[[1, 2]]], [[[2, 2]]], "array(bigint)", "count"),
        ([[{"a": 1, "b": 2}]], [[{"b": 2, "a": 1}]], "map(varchar,bigint)", "rows"),
        (
            [[{"{1=x, 2=y}": 1}]],
            [[{"{2=y, 1=x}": 1}]],
            "map(map(bigint,varchar),bigint)",
            "rows",
        ),
        (
            [[{"{1=x, 2=y}": 1}]],
            [[{"{2=y, 1=x}": 2}]],
            "map(map(bigint,varchar),bigint)",
            "count",
        ),
        (
            [[{"{1=x, 2=y}": 1}]],
            [[{"{2=y, 1=z}": 1}]],
            "map(map(bigint,varchar),bigint)",
            "count",
        ),
        ([[{"{1=x, 2=y}": 1}]], [[{"{2=y, 1=x}": 1}]], "map(varchar,bigint)", "count"),
    ],
)
def test_the_closest_level_is_found(
    one: list[list[Any]], other: list[list[Any]], kinds: str, level: str
) -> None:
    assert _level(one, other, kinds) == level


def test_the_columns_of_the_order_are_compared_as_a_sequence() -> None:
    one = [[1, "a"], [2, "b"], [2, "c"]]
    tied = [[1, "a"], [2, "c"], [2, "b"]]
    wrong = [[2, "b"], [1, "a"], [2, "c"]]

    assert _level(one, tied, "bigint varchar", (0,)) == "rows"
    assert _level(one, wrong, "bigint varchar", (0,)) == "count"


def test_rows_cut_off_among_ties_have_the_same_keys() -> None:
    assert _level([[1, "a"]], [[1, "b"]], "bigint varchar", (0,)) == "keys"


def test_json_has_one_spelling() -> None:
    assert json_text({"b": [1.5, None, "é"], "a": 5e-324}) == '{"a":5e-324,"b":[1.5,null,"é"]}'


def test_the_levels_get_weaker() -> None:
    assert LEVELS == ("rows", "digits", "arrays", "keys", "count", "types")
