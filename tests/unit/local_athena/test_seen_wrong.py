"""What the local Athena once answered wrong, each example by itself, as a real Trino answers it.

The examples are those that were found when it was first held against Trino 476: a part of the
statement unread, a wrong value, an answer where Trino errs, a crash or the words of DuckDB.
"""

from typing import Any

import pytest

from tests.trino_values import FILES, cases_of, expected, outcome

SEEN = [one for file in FILES if file.stem == "seen_wrong" for one in cases_of(file, "seen")]


def _cases(seen: str) -> list[Any]:
    return [pytest.param(one, id=one["query"]) for one in SEEN if one["seen"] == seen]


@pytest.mark.parametrize("case", _cases("unread"))
def test_all_of_the_statement_is_read(connection: Any, case: dict[str, Any]) -> None:
    assert outcome(connection, case["query"]) == expected(case)


@pytest.mark.parametrize("case", _cases("wrong value"))
def test_the_value_and_its_type_are_trinos(connection: Any, case: dict[str, Any]) -> None:
    assert outcome(connection, case["query"]) == expected(case)


@pytest.mark.parametrize("case", _cases("answered where Trino errs"))
def test_what_is_an_error_in_trino_is_one_here(connection: Any, case: dict[str, Any]) -> None:
    assert "error" in case
    assert outcome(connection, case["query"]) == expected(case)


@pytest.mark.parametrize("case", _cases("crash"))
def test_what_once_broke_is_answered(connection: Any, case: dict[str, Any]) -> None:
    assert outcome(connection, case["query"]) == expected(case)


def test_each_example_belongs_to_a_kind() -> None:
    kinds = {"unread", "wrong value", "answered where Trino errs", "crash"}

    assert {one["seen"] for one in SEEN} == kinds
    assert len(SEEN) > 100
