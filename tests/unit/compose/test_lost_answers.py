"""How the compose test matches an answer that died with the ingestor with its named missed tick."""

from collections import Counter
from typing import Any

import pytest

from tests.compose.books import unnamed

POLL: dict[str, Any] = {
    "path": "/v3/assets",
    "query": "limit=100&offset=0",
    "wall_ms": 20_500,
    "sha256": "aa",
}
GAP: dict[str, Any] = {
    "page": "assets?limit=100&offset=0",
    "cause": "down",
    "from_ms": 20_000,
    "to_ms": 20_000,
    "interval_ms": 10_000,
}


def test_a_lost_answer_is_named_by_a_gap_of_its_page_that_covers_its_moment() -> None:
    assert unnamed(Counter(["aa"]), [POLL], [GAP]) == []


@pytest.mark.parametrize(
    "other",
    [
        {"page": "assets?limit=100&offset=100"},
        {"cause": "backoff"},
        {"from_ms": 30_000, "to_ms": 30_000},
        {"from_ms": 10_000, "to_ms": 10_000},
    ],
)
def test_a_gap_of_something_else_names_nothing(other: dict[str, Any]) -> None:
    assert unnamed(Counter(["aa"]), [POLL], [GAP | other]) == [POLL]


def test_of_two_equal_answers_each_needs_a_name_of_its_own() -> None:
    later = POLL | {"wall_ms": 30_500}

    assert unnamed(Counter(["aa", "aa"]), [POLL, later], [GAP]) == [later]
    assert unnamed(Counter(["aa"]), [POLL, later], [GAP]) == []


def test_a_page_without_a_query_is_its_feed() -> None:
    rates = POLL | {"path": "/v3/rates", "query": ""}

    assert unnamed(Counter(["aa"]), [rates], [GAP | {"page": "rates"}]) == []
