"""Credits: the price of an answer, a count that no crash forgets, a plan that lasts."""

import math
from pathlib import Path

import pytest

from coinlake.errors import ConfigError
from ingestor.adapters.balance_file import read_balance, write_balance
from ingestor.core.credits import (
    Balance,
    CreditLimits,
    Wish,
    first_price,
    month_ms_left,
    month_of,
    price,
    stretch,
    stretched,
)

DAY = 86_400_000
NOV_22 = 1_795_305_600_000  # 2026-11-22T00:00:00Z


@pytest.mark.parametrize(
    ("size", "credits"),
    [(0, 1), (2_500, 1), (2_501, 2), (5_000, 2), (5_001, 3), (51_000, 21), (900_000, 360)],
)
def test_an_answer_costs_1_and_1_more_per_begun_2500_bytes(size: int, credits: int) -> None:
    assert price(size) == credits


def test_the_first_guess_covers_the_largest_recorded_assets() -> None:
    assert first_price("assets", 100) == price(71_000)
    assert first_price("rates", None) >= price(20_000)


def test_what_is_reserved_is_not_left_and_settles_to_what_it_cost() -> None:
    limits = CreditLimits(per_month=100, max_total=None)
    balance = Balance("2026-11", spent=10, total=10)

    during = balance.reserve(29)
    after = during.settle(29, 21).priced("assets", 21)

    assert limits.left(during) == 61
    assert limits.left(after) == 69
    assert (after.total, after.reserved, after.largest) == (31, 0, {"assets": 21})


def test_a_new_month_starts_at_nothing_and_the_total_goes_on() -> None:
    rolled = Balance("2026-11", spent=4_000, total=9_000).rolled("2026-12")

    assert (rolled.spent, rolled.total) == (0, 9_000)


def test_within_a_month_nothing_is_forgotten() -> None:
    balance = Balance("2026-12", spent=7)

    assert balance.rolled("2026-12") == balance


def test_a_clock_set_back_into_the_last_month_gives_no_credits() -> None:
    balance = Balance("2026-12", spent=7)

    assert balance.rolled("2026-11") == balance


def test_the_hard_maximum_counts_the_total_and_the_calls_under_way() -> None:
    limits = CreditLimits(per_month=4_000, max_total=50)

    assert limits.left(Balance("2026-11", spent=5, total=30, reserved=9)) == 11


def test_a_plan_that_lasts_is_not_stretched() -> None:
    wishes = [Wish(60_000, 21)]

    assert stretch(wishes, 10_000_000, 8 * DAY, 600) == 1


def test_a_plan_that_is_too_dear_is_stretched_so_that_it_lasts_to_the_end() -> None:
    wishes = [Wish(60_000, 21), Wish(3_600_000, 9)]
    left, ms_left = 10_000, 8 * DAY

    factor = stretch(wishes, left, ms_left, 600)

    spent = sum(w.credits * ms_left / stretched(w.interval_ms, factor, ms_left) for w in wishes)
    assert spent == pytest.approx(left, rel=0.01)
    assert spent <= left


def test_calls_stay_below_the_limit_of_a_minute() -> None:
    assert stretch([Wish(1_000, 1)] * 30, 10**9, DAY, 600) == 3


def test_without_credits_nothing_is_due_before_the_month_ends() -> None:
    factor = stretch([Wish(60_000, 21)], 0, 5 * DAY, 600)

    assert math.isinf(factor)
    assert stretched(60_000, factor, 5 * DAY) == 5 * DAY
    assert stretched(60_000, 1e12, 5 * DAY) == 5 * DAY


def test_months_are_those_of_utc() -> None:
    assert month_of(NOV_22) == "2026-11"
    assert month_ms_left(NOV_22) == 9 * DAY
    assert month_of(NOV_22 + 9 * DAY) == "2026-12"
    assert month_ms_left(NOV_22 + 9 * DAY) == 31 * DAY


def test_the_count_survives_a_restart(tmp_path: Path) -> None:
    balance = Balance("2026-11", spent=12, total=40, largest={"rates": 9})
    write_balance(tmp_path / "credits.json", balance)

    assert read_balance(tmp_path / "credits.json", "2026-11") == balance


def test_after_a_crash_what_was_reserved_is_spent(tmp_path: Path) -> None:
    write_balance(tmp_path / "credits.json", Balance("2026-11", spent=12, total=40).reserve(29))

    found = read_balance(tmp_path / "credits.json", "2026-11")

    assert (found.spent, found.total, found.reserved) == (41, 69, 0)


def test_a_count_that_cannot_be_read_is_no_fresh_start(tmp_path: Path) -> None:
    (tmp_path / "credits.json").write_bytes(b'{"month": "2026')

    with pytest.raises(ConfigError, match="cannot be read"):
        read_balance(tmp_path / "credits.json", "2026-11")
