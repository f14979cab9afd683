"""Pages of a history that follow one another, and movers: both decided without a query."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_api.core.history import ASCENDING, DESCENDING, Page
from query_api.core.movers import EDGE_MS, GAINERS, LOSERS, edges, movers
from query_api.core.window import TimeWindow


def rows_of(page: Page, times: list[int]) -> list[tuple[int, int]]:
    """What Athena gives for a page: rows of its window in its order, each with its place."""
    numbered = sorted((at, place) for place, at in enumerate(times))
    inside = [row for row in numbered if page.window.from_ms <= row[0] < page.window.to_ms]
    if page.order == DESCENDING:
        inside.reverse()
    return inside[page.skip : page.skip + page.limit + 1]


@given(
    st.lists(st.integers(0, 12), max_size=40),
    st.integers(1, 5),
    st.sampled_from([ASCENDING, DESCENDING]),
)
def test_pages_hold_each_row_once_in_order(times: list[int], limit: int, order: str) -> None:
    page, seen = Page(TimeWindow(0, 13), limit, order), list[tuple[int, int]]()

    for _ in range(60):
        found = rows_of(page, times)
        seen += found[:limit]
        if len(found) <= limit:
            break
        page = page.after([str(at) for at, _ in found[:limit]], int)

    wanted = sorted((at, place) for place, at in enumerate(times))
    assert seen == (wanted if order == ASCENDING else wanted[::-1])


def test_a_page_begins_where_the_last_one_ended() -> None:
    page = Page(TimeWindow(0, 100), 3, ASCENDING)

    assert page.after(["5", "7", "7"], int) == Page(TimeWindow(7, 100), 3, ASCENDING, 2)
    # All rows of the second page have that time, too: five are given.
    assert page.after(["5", "7", "7"], int).after(["7", "7", "7"], int).skip == 5
    assert Page(TimeWindow(0, 100), 3, DESCENDING).after(["9", "8", "8"], int) == Page(
        TimeWindow(0, 9), 3, DESCENDING, 2
    )


def asset(name: str, start: str, end: str, rank: int | None = None) -> dict[str, Any]:
    return {"asset_id": name, "rank": rank, "start_price_usd": start, "price_usd": end}


ROWS = [
    asset("still", "5", "5", 1),
    asset("up-a-third", "3", "4", 4),
    asset("down-a-half", "2", "1", 2),
    asset("tie-by-rank", "2.2", "3.3", 2),
    asset("tie-without-rank", "1", "1.5"),
    asset("another-tie", "0.000000000000000002", "0.000000000000000003"),
    asset("tie-first", "10", "15", 1),
    asset("to-nothing", "7", "0.000000000000000000"),
]


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        (
            GAINERS,
            [
                ("tie-first", "50"),
                ("tie-by-rank", "50"),
                ("another-tie", "50"),
                ("tie-without-rank", "50"),
                ("up-a-third", "33.333333333333"),
            ],
        ),
        (LOSERS, [("to-nothing", "-100"), ("down-a-half", "-50")]),
    ],
)
def test_movers_are_exact_and_ties_are_in_order(
    direction: str, expected: list[tuple[str, str]]
) -> None:
    found, is_cut = movers(ROWS, direction, 10)

    shown = [(row["asset_id"], Decimal(row["change_pct"])) for row in found]
    assert shown == [(name, Decimal(change)) for name, change in expected]
    assert not is_cut


def test_movers_that_are_left_out_are_told() -> None:
    found, is_cut = movers(ROWS, LOSERS, 1)

    assert [row["asset_id"] for row in found] == ["to-nothing"]
    assert is_cut


def test_the_greatest_and_the_smallest_amounts_have_a_change() -> None:
    (found,), _ = movers(
        [asset("a", "0.000000000000000001", "99999999999999999999.999999999999999999")],
        GAINERS,
        1,
    )

    assert found["change_pct"] == "9999999999999999999999999999999999999800.000000000000"


def test_a_price_of_exactly_then_is_the_price_then() -> None:
    start, end = edges(TimeWindow(10 * EDGE_MS, 11 * EDGE_MS))

    assert (start.from_ms, start.to_ms) == (9 * EDGE_MS + 1, 10 * EDGE_MS + 1)
    assert end.from_ms == start.to_ms
