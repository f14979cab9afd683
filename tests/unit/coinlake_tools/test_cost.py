"""The month's estimate."""

import pytest

from coinlake_tools.cost import Plan, estimate, rendered, total_usd
from local_cloud import bill


def usd(plan: Plan, item: str) -> float:
    (line,) = [line for line in estimate(plan) if line.item == item]
    return line.usd


def test_one_run_per_closed_hour_and_a_daily_crawl_cost_about_26_dollars() -> None:
    plan = Plan(crawls_per_day=1)

    assert usd(plan, "Glue runs") + usd(plan, "Glue crawls") == pytest.approx(25.9, abs=0.1)


def test_a_crawl_costs_what_the_laptops_bill_says() -> None:
    _, on_the_laptop = bill.crawl_usd(Plan().crawl_seconds)
    plan = Plan(crawls_per_day=24 / 730)

    assert usd(plan, "Glue crawls") == pytest.approx(on_the_laptop)


def test_an_old_lake_costs_what_it_stores_and_cents_for_its_crawl() -> None:
    young, old = (estimate(Plan(age_months=months)) for months in (12, 36))
    grown = {
        one.item: two.usd - one.usd
        for one, two in zip(young, old, strict=True)
        if two.usd > one.usd
    }

    assert set(grown) == {"S3 storage", "S3 glue-crawler"}
    assert grown["S3 glue-crawler"] < 1
    assert sum(one.usd for one in old if one.item.startswith("S3 ")) < 10


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
