"""A tree that differs in one field has another plan, or is refused."""

from dataclasses import make_dataclass
from functools import cache
from typing import Any

import pytest

from local_cloud.athena.sql.analysis.expressions import RULES
from tests.nothing_unread import changing
from tests.nothing_unread.forms import STATEMENTS
from tests.nothing_unread.neutral import NEUTRAL
from tests.nothing_unread.nodes import Field, classes, fields_of, shown
from tests.nothing_unread.planning import plan
from trino_sql import tree

# Fields that are refused wherever they hold something: a statement, and Trino's error for it.
ALWAYS_REFUSED: dict[Field, tuple[str, str]] = {
    (tree.FunctionCall, "star_label"): (
        "SELECT count(t.*) FROM t",
        "INVALID_FUNCTION_ARGUMENT",
    ),
    (tree.JsonPath, "name"): ("SELECT JSON_EXISTS(b, 'lax $' AS p) FROM t", "INVALID_PATH"),
}

# Flags that may say the same on both sides in some statements, and in which.
SAME_EITHER_WAY: dict[Field, str] = {
    **NEUTRAL,
    (tree.Cast, "safe"): "casts that cannot fail",
    (tree.FunctionCall, "distinct"): "count(*), for which no text says it; max",
    (tree.FunctionCall, "star"): "count() is count(*)",
    (tree.GroupBy, "distinct"): "one grouping set",
    (tree.SortItem, "descending"): "the order of a WINDOW that nobody uses",
}


@cache
def heard() -> tuple[set[Field], set[Field]]:
    return changing.heard(STATEMENTS)


def test_a_change_of_any_field_is_seen_in_the_plan() -> None:
    tried, found = heard()

    assert shown(tried - found) == []
    assert fields_of(classes()) - tried == set(ALWAYS_REFUSED)


@pytest.mark.parametrize(
    ("sql", "error"), ALWAYS_REFUSED.values(), ids=shown(set(ALWAYS_REFUSED))
)
def test_what_no_answer_may_hold_is_refused(sql: str, error: str) -> None:
    assert plan(sql).error == error


def test_a_flag_says_something_wherever_it_stands() -> None:
    assert {field for field, _ in changing.unheard_flags(STATEMENTS)} == set(SAME_EITHER_WAY)


@pytest.mark.long
def test_not_like_that_runs_as_like_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    right = RULES.known[tree.Like]

    def wrong(*context: Any, negated: bool, **rest: Any) -> Any:
        return right(*context, negated=False, **rest)

    monkeypatch.setitem(RULES.known, tree.Like, wrong)

    tried, found = changing.heard(STATEMENTS)
    assert shown(tried - found) == ["Like.negated"]
    assert (tree.Like, "negated") in {one for one, _ in changing.unheard_flags(STATEMENTS)}


def test_a_field_that_the_parser_learns_is_reported() -> None:
    more = make_dataclass("Between", [("symmetric", bool)], bases=(tree.Between,), frozen=True)
    tried, _ = heard()

    unknown = fields_of({more, *classes()} - {tree.Between}) - tried

    assert "Between.symmetric" in shown(unknown)
