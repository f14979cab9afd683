"""Prices: learned from the last answers, and one odd answer is not the price."""

from hypothesis import given
from hypothesis import strategies as st

from ingestor.core.prices import KEPT, Prices

FIRST = 29
HUGE = 1_677


def learned(prices: Prices, *credits: int) -> int:
    return [prices.learn("assets", one, FIRST) for one in credits][-1]


def test_without_an_answer_the_price_is_the_guess_or_what_was_known() -> None:
    assert Prices({}).of("assets", FIRST) == FIRST
    assert Prices({"assets": 17}).of("assets", FIRST) == 17


def test_one_answer_replaces_what_was_only_known() -> None:
    assert learned(Prices({"assets": HUGE}), 21) == 21


def test_one_huge_answer_among_many_is_no_price() -> None:
    assert learned(Prices({}), *[21] * 10, HUGE) == 21


def test_one_huge_answer_among_few_doubles_the_price_at_most_and_it_falls_again() -> None:
    prices = Prices({})

    raised = learned(prices, 21, HUGE)
    fallen = learned(prices, *[21] * KEPT)

    assert (raised, fallen) == (2 * FIRST, 21)


def test_answers_that_stay_large_are_believed_soon() -> None:
    assert learned(Prices({}), *[HUGE] * 7) == HUGE


@given(st.lists(st.integers(1, 2_000), min_size=1, max_size=60), st.integers(1, 2_000))
def test_after_twenty_equal_answers_the_price_is_theirs_whatever_came_before(
    before: list[int], now: int
) -> None:
    prices = Prices({})
    learned(prices, *before)

    # As many again as it takes to double up to them.
    assert learned(prices, *[now] * (KEPT + 12)) == now
