"""The live views over a real S3 and catalog: the same rows before and after an hour is published."""

from dataclasses import replace

import pytest

from coinlake.contracts.datasets import ASSETS, ELEMENTS
from coinlake.views.live import live_views
from coinlake.views.raw_tables import received_hour
from tests.integration.local_athena.conftest import World
from tests.integration.local_athena.live_lake import (
    BEFORE,
    HOUR,
    SKEW_MS,
    LiveLake,
    objects_by_chance,
)
from tests.unit.coinlake_kernel.contracted import put_in_place, with_fields


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("feed", ELEMENTS)
def test_an_hour_reads_the_same_from_the_raw_zone_and_from_the_tables(
    world: World, feed: str, seed: int
) -> None:
    lake, objects = LiveLake(world, feed), objects_by_chance(feed, seed)
    table = lake.element.table
    lake.land(objects)

    lake.boundary(BEFORE)
    live = lake.rows(f"{table}_live")
    lake.publish(objects)
    meanwhile = lake.rows(f"{table}_live")
    lake.boundary(HOUR)
    published = lake.rows(f"{table}_live")

    assert live == meanwhile
    assert published == lake.rows(table)
    assert live == published
    assert sum(published.values()) > 5


QUARANTINED = with_fields(
    ASSETS, rank="quarantine", supply="quarantine", change_24h_pct="quarantine"
)


@pytest.mark.parametrize("seed", range(2))
def test_what_a_policy_puts_aside_is_in_no_live_view(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    objects = objects_by_chance("assets", seed)
    lake = LiveLake(world, "assets")
    lake.land(objects)
    lake.boundary(BEFORE)
    every = lake.rows("quotes_live")

    put_in_place(monkeypatch, QUARANTINED)
    lake.dataset = QUARANTINED
    lake.boundary(BEFORE)
    live = lake.rows("quotes_live")
    lake.publish(objects)
    lake.boundary(HOUR)

    assert live == lake.rows("quotes_live") == lake.rows("quotes")
    assert 5 < sum(live.values()) < sum(every.values())


def test_candles_of_the_open_hour_are_those_that_it_is_published_with(world: World) -> None:
    lake, objects = LiveLake(world, "assets"), objects_by_chance("assets", 7)
    lake.land(objects)
    lake.boundary(BEFORE)
    live = sorted(lake.all_rows("SELECT * FROM live.candles_live"))

    lake.publish(objects)
    lake.boundary(HOUR)

    assert live == sorted(lake.all_rows("SELECT * FROM live.candles_live"))
    assert live == sorted(lake.all_rows("SELECT * FROM live.candles"))
    assert len(live) > 5


def test_the_latest_row_of_each_asset_is_told_once_on_both_sides(world: World) -> None:
    lake, objects = LiveLake(world, "assets"), objects_by_chance("assets", 3)
    lake.land(objects)
    lake.boundary(BEFORE)
    asked = "SELECT asset_id, price_usd, source_ts, is_live FROM live.quotes_latest ORDER BY 1"
    live = lake.all_rows(asked)
    lake.publish(objects)
    lake.boundary(HOUR)
    published = lake.all_rows(asked)

    assert [row[:3] for row in live] == [row[:3] for row in published]
    assert {row[3] for row in live} == {"true"}
    assert {row[3] for row in published} == {"false"}
    ids = [row[0] for row in live]
    assert len(ids) == len(set(ids)) == 3


def test_control_a_boundary_on_one_side_alone_doubles_the_hour(world: World) -> None:
    lake, objects = LiveLake(world, "rates"), objects_by_chance("rates", 1)
    lake.land(objects)
    lake.publish(objects)
    lake.boundary(HOUR)
    whole = lake.rows("rates_live")
    (view, _) = live_views(lake.dataset, HOUR, SKEW_MS)
    behind = f"> '{received_hour(HOUR)}'"
    torn = view.sql.replace(behind, f">={behind[1:]}")
    assert torn != view.sql
    lake.put_view(replace(view, sql=torn))

    assert sum(lake.rows("rates_live").values()) > sum(whole.values())
