"""The month's estimate."""

import pytest

from coinlake_tools.cost import Plan, estimate, rendered, total_usd


def usd(plan: Plan, item: str) -> float:
    (line,) = [line for line in estimate(plan) if line.item == item]
    return line.usd


def test_one_run_per_closed_hour_and_a_daily_crawl_cost_about_24_dollars() -> None:
    plan = Plan()

    assert usd(plan, "Glue runs") + usd(plan, "Glue crawls") == pytest.approx(23.6, abs=0.1)


def test_a_run_each_five_minutes_at_the_floor_costs_what_the_floor_says() -> None:
    plan = Plan(runs_per_hour=12, run_seconds=5)

    assert usd(plan, "Glue runs") == pytest.approx(128.5, abs=0.5)


def test_a_crawl_after_each_run_is_dearer_than_the_runs() -> None:
    plan = Plan(runs_per_hour=12, run_seconds=90, crawls_per_day=288)

    assert usd(plan, "Glue crawls") > usd(plan, "Glue runs") * 3


def test_small_queries_are_billed_as_ten_megabytes() -> None:
    assert usd(Plan(query_bytes=1), "Athena") == usd(Plan(query_bytes=10e6), "Athena")


def test_the_table_ends_with_the_sum() -> None:
    lines = estimate(Plan())

    assert f"{total_usd(lines):.2f} USD" in rendered(lines).splitlines()[-1]
