"""What a rebuild costs: counted in hours of the ledger, at the prices of `coinlake cost`."""

from math import ceil

import pytest

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.errors import ConfigError
from coinlake_tools import cost
from coinlake_tools.published_hours import days_between
from coinlake_tools.rebuild_cost import HOURS_OF_A_RUN, RebuildCost, rebuild_cost
from etl_runner.config import Settings as RunnerSettings
from tests.unit.coinlake_tools.proven import Proven, proven
from tests.unit.coinlake_tools.published import DT, NEXT_DT, NINE, TEN


@pytest.fixture
async def lake() -> Proven:
    return await proven()


def hours(count: int) -> tuple[tuple[str, Hour], ...]:
    return tuple(
        ("assets", Hour(f"2026-11-{1 + n // 24:02}", f"{n % 24:02}")) for n in range(count)
    )


async def test_the_published_hours_of_the_days_are_counted_by_their_heads(lake: Proven) -> None:
    lake.made.publish("assets", NINE, billed_seconds=300)
    lake = await proven(lake.made)

    found = await rebuild_cost(lake.store, list(TABULAR), [DT, NEXT_DT])
    one = await rebuild_cost(lake.store, ["assets"], [DT], "10")
    none = await rebuild_cost(lake.store, ["markets"], [DT])

    assert found.hours == (
        *(("assets", NINE), ("assets", TEN)),
        *(("rates", NINE), ("rejected", TEN)),
    )
    assert found.run_s == (300 + 60 + 60 + 60) / 4
    assert one.hours == (("assets", TEN),)
    assert none.hours == ()
    assert "none of these hours is published" in none.told()


def test_the_dollars_are_those_of_coinlake_cost() -> None:
    plan = cost.Plan(runs_per_hour=100 / cost.HOURS_PER_MONTH, run_seconds=90)
    (line,) = [one for one in cost.estimate(plan) if one.item == "Glue runs"]

    asked = RebuildCost(hours(100), 90.0)

    assert asked.most_usd == pytest.approx(line.usd)
    assert asked.least_usd == pytest.approx(line.usd * 2 / 100)
    assert asked.told() == (
        "100 hours of assets, 2026-11-01 00 to 2026-11-05 03: 0.04 USD in 2 run(s) together, "
        "at most 2.20 USD in 100 run(s), 90 s billed for each"
    )


def test_a_run_costs_a_minute_at_least() -> None:
    assert RebuildCost(hours(1), 5.0).most_usd == RebuildCost(hours(1), 60.0).most_usd


async def test_a_year_asks_for_a_bounded_number_of_entries(
    lake: Proven, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    get = type(lake.store).get

    async def counted(self: object, key: str) -> bytes | None:
        read.append(key)
        return await get(self, key)  # type: ignore[arg-type]

    monkeypatch.setattr(type(lake.store), "get", counted)
    made = lake.made
    for n in range(100):
        at = Hour(f"2026-11-{1 + n // 24:02}", f"{n % 24:02}")
        made.publish("markets", at)
    big = await proven(made)

    found = await rebuild_cost(big.store, ["markets"], days_between("2026-11-01", "2026-11-30"))

    assert len(found.hours) == 100
    assert len(read) == ceil(100 / ceil(100 / 24)) <= 24


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-11-02", "2026-11-01"), ("2025-01-01", "2026-11-01"), ("2026-11-1", "2026-11-02")],
)
def test_what_is_no_range_of_days_is_refused(first: str, last: str) -> None:
    with pytest.raises(ConfigError):
        days_between(first, last)


def test_a_range_has_both_its_ends() -> None:
    assert days_between("2026-02-28", "2026-03-01") == ["2026-02-28", "2026-03-01"]


def test_the_hours_of_a_run_are_the_runners_default() -> None:
    assert RunnerSettings.model_fields["max_hours"].default == HOURS_OF_A_RUN
