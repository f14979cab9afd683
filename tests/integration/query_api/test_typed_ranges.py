"""Histories, candles and movers, against the same quotes by plain SQL on the local Athena."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from coinlake.contracts.hours import HOUR_MS
from coinlake.views.candles import INTERVALS_MS
from query_api.core.feed_rows import ASSET_ROWS, EXCHANGE_ROWS, RATE_ROWS, FeedRows
from tests.integration.query_api.conftest import Api
from tests.integration.query_api.typed_lake import ODD_ID, TypedLake
from tests.integration.query_api.typed_rows import (
    Row,
    age,
    at,
    by_rank,
    ids_of,
    iso,
    told,
)

HISTORIES: list[tuple[FeedRows, str, str]] = [
    (ASSET_ROWS, "/v1/assets/{}/quotes", "bitcoin"),
    (ASSET_ROWS, "/v1/assets/{}/quotes", "vanished"),
    (ASSET_ROWS, "/v1/assets/{}/quotes", ODD_ID),
    (RATE_ROWS, "/v1/rates/{}/history", "são-tomé-and-príncipe-dobra-(pre-2018)"),
    (EXCHANGE_ROWS, "/v1/exchanges/{}/history", "Crypto.com Exchange"),
]


def walked(api: Api, path: str) -> tuple[list[Row], list[int]]:
    """All rows of a history by its links, and how many each page has."""
    rows: list[Row] = []
    sizes: list[int] = []
    following: str | None = path
    while following is not None:
        answer = api.ask(following)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["meta"]["truncated"] is (body["meta"]["next"] is not None)
        link = answer.headers["Link"]
        following = body["meta"]["next"]
        assert link == (None if following is None else f'<{following}>; rel="next"')
        rows += body["data"]
        sizes.append(len(body["data"]))
    return rows, sizes


@pytest.mark.full_size(one_in=2)
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(("rows", "path", "thing"), HISTORIES)
def test_a_history_has_each_row_of_its_range_once_page_by_page(
    typed_api: Api,
    every: Callable[[FeedRows], list[Row]],
    typed_lake: TypedLake,
    rows: FeedRows,
    path: str,
    thing: str,
    order: str,
) -> None:
    start, end = typed_lake.back(26).start_ms, typed_lake.now.start_ms + 5 * 60_000 + 1
    asked = f"{path.format(quote(thing, safe=''))}?from={start}&to={end}&order={order}"

    once = typed_api.ask(f"{asked}&limit=1000").json()
    paged, sizes = walked(typed_api, f"{asked}&limit=5")

    name = rows.identity[0]
    inside = [
        told(rows, row, rows.told)
        for row in every(rows)
        if row[name] == thing and row["source_ts"] and start <= at(row["source_ts"]) < end
    ]
    assert once["meta"]["truncated"] is False
    assert _counted(once["data"]) == _counted(inside)
    assert len(inside) >= 6
    times = [row["source_ts"] for row in once["data"]]
    assert times == sorted(times, reverse=order == "desc")
    assert paged == once["data"]
    assert set(sizes[:-1]) == {5}


def _counted(rows: list[Row]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows)


def test_quotes_of_several_assets_are_those_of_each(
    typed_api: Api, typed_lake: TypedLake
) -> None:
    span = f"from={typed_lake.back(3).start_ms}&to={typed_lake.now.start_ms + 10 * 60_000}"

    both, sizes = walked(typed_api, f"/v1/quotes?ids=bitcoin,ethereum&{span}&limit=7")
    each = [
        typed_api.ask(f"/v1/assets/{one}/quotes?{span}").json()["data"]
        for one in ("bitcoin", "ethereum")
    ]

    assert _counted(both) == _counted([row for rows in each for row in rows])
    assert len(sizes) > 2
    assert [row["source_ts"] for row in both] == sorted(row["source_ts"] for row in both)


def test_extra_is_an_object_and_not_its_text(typed_api: Api, typed_lake: TypedLake) -> None:
    span = f"from={typed_lake.back(2).start_ms}&to={typed_lake.now.start_ms - 60_000}"

    rows = typed_api.ask(f"/v1/assets/bitcoin/quotes?{span}").json()["data"]

    assert [
        row["extra"] for row in rows if row["source_ts"] > iso(typed_lake.back(1).start_ms)
    ] == [{"newKey": '{"a":[1,"b"]}', "note": "x=y, {z}"}] * 5


@pytest.mark.full_size(one_in=2)
@pytest.mark.parametrize("interval", INTERVALS_MS)
@pytest.mark.parametrize("asset_ids", [("bitcoin",), ("bitcoin", "still", "vanished")])
def test_candles_are_those_of_the_quotes(
    typed_api: Api,
    every: Callable[[FeedRows], list[Row]],
    typed_lake: TypedLake,
    interval: str,
    asset_ids: tuple[str, ...],
) -> None:
    width = INTERVALS_MS[interval]
    span = f"from={typed_lake.back(25).start_ms}&to={typed_lake.now.end_ms}"
    path = f"/v1/assets/{asset_ids[0]}/candles?" if len(asset_ids) == 1 else "/v1/candles?"
    named = "" if len(asset_ids) == 1 else f"&ids={','.join(asset_ids)}"

    answer = typed_api.ask(f"{path}interval={interval}&{span}{named}")

    if interval == "1m" and len(asset_ids) > 1:
        # 26 hours of three assets: 4,680 of at most 5,000.
        assert answer.status_code == 200, answer.text
    rows = answer.json()["data"]
    first, last = aligned(typed_lake.back(25).start_ms, typed_lake.now.end_ms, width, interval)
    quotes = [
        row
        for row in every(ASSET_ROWS)
        if row["asset_id"] in asset_ids
        and row["source_ts"]
        and first <= at(row["source_ts"]) < last
    ]
    assert [
        (row["asset_id"], at(row["start"]), row["open"], row["high"], row["low"], row["close"])
        for row in rows
    ] == merged(quotes, width, interval)
    assert sum(row["quotes"] for row in rows) == len(quotes)
    assert all(at(row["end"]) - at(row["start"]) == width for row in rows)
    if interval == "1w":
        assert {datetime.fromisoformat(row["start"][:10]).weekday() for row in rows} == {0}


def aligned(start: int, end: int, width: int, interval: str) -> tuple[int, int]:
    monday = 4 * 24 * HOUR_MS if interval == "1w" else 0
    return (start - monday) // width * width + monday, -(
        -(end - monday) // width
    ) * width + monday


def merged(quotes: list[Row], width: int, interval: str) -> list[tuple[Any, ...]]:
    """Candles by Python: open and close by source time."""
    monday = 4 * 24 * HOUR_MS if interval == "1w" else 0
    spans: dict[tuple[str, int], list[Row]] = {}
    for row in sorted(quotes, key=lambda row: (row["source_ts"], row["received_ts"] or "~")):
        start = (at(row["source_ts"]) - monday) // width * width + monday
        spans.setdefault((row["asset_id"], start), []).append(row)
    return [
        (
            asset,
            start,
            rows[0]["price_usd"],
            max((row["price_usd"] for row in rows), key=Decimal),
            min((row["price_usd"] for row in rows), key=Decimal),
            rows[-1]["price_usd"],
        )
        for (asset, start), rows in sorted(spans.items())
    ]


def test_several_assets_have_no_more_candles_than_one_may(typed_api: Api) -> None:
    asked = "/v1/candles?ids=bitcoin,ethereum,still&interval=1m"

    assert typed_api.ask(f"{asked}&from=2026-01-01&to=2026-01-02T03:46").status_code == 200
    refused = typed_api.ask(f"{asked}&from=2026-01-01&to=2026-01-02T03:47")
    assert refused.status_code == 400
    assert "longer than" in refused.json()["detail"]


@pytest.mark.full_size(one_in=2)
@pytest.mark.parametrize("window", ["1h", "24h", "7d"])
@pytest.mark.parametrize("direction", ["gainers", "losers"])
def test_movers_are_of_the_lakes_own_quotes(
    typed_api: Api,
    every: Callable[[FeedRows], list[Row]],
    typed_lake: TypedLake,
    window: str,
    direction: str,
) -> None:
    # A moment at which both ends have a quote: five minutes into the open hour.
    end = typed_lake.now.start_ms + 5 * 60_000
    start = end - {"1h": 1, "24h": 24, "7d": 168}[window] * HOUR_MS

    answer = typed_api.ask(f"/v1/movers?window={window}&direction={direction}&to={end}").json()

    quotes = [row for row in every(ASSET_ROWS) if row["source_ts"]]
    then, now = _prices(quotes, start), _prices(quotes, end)
    sign = 1 if direction == "gainers" else -1
    moved = [
        (-sign * change, by_rank(now[name]), name)
        for name in then.keys() & now.keys()
        if (change := _ratio(then[name], now[name])) * sign > 0
    ]
    assert [row["asset_id"] for row in answer["data"]] == [name for *_, name in sorted(moved)]
    assert moved
    assert "newcomer" not in ids_of_rows(answer["data"])
    for row in answer["data"]:
        assert row["price_usd"] == now[row["asset_id"]]["price_usd"]
        assert row["start_price_usd"] == then[row["asset_id"]]["price_usd"]
        told_change = Decimal(row["change_pct"])
        assert abs(told_change - _ratio(then[row["asset_id"]], now[row["asset_id"]])) < Decimal(
            "1e-11"
        )
    assert answer["meta"]["window"] == {"from": iso(start), "to": iso(end)}
    assert answer["meta"]["rows"] == len(moved)


def ids_of_rows(rows: list[Row]) -> list[str]:
    return [row["asset_id"] for row in rows]


def _prices(quotes: list[Row], moment: int) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in quotes:
        if moment - HOUR_MS < at(row["source_ts"]) <= moment:
            other = found.get(row["asset_id"])
            if other is None or age(row) > age(other):
                found[row["asset_id"]] = row
    return found


def _ratio(then: Row, now: Row) -> Decimal:
    start, end = Decimal(then["price_usd"]), Decimal(now["price_usd"])
    return (end - start) / start * 100


def test_movers_of_some_weight_alone(typed_api: Api, typed_lake: TypedLake) -> None:
    asked = f"/v1/movers?window=1h&to={typed_lake.now.start_ms + 5 * 60_000}&direction="

    def moved(more: str) -> set[str]:
        return {
            name
            for direction in ("gainers", "losers")
            for name in ids_of(typed_api.ask(f"{asked}{direction}{more}"))
        }

    everything = moved("")
    # bitcoin 10^12 and 10^9, ethereum half of both, and so on by rank.
    assert moved("&min_market_cap_usd=400000000000") == everything & {"bitcoin", "ethereum"}
    assert moved("&min_volume_usd=1000000000.25") == everything & {"bitcoin"}
    assert moved("&min_volume_usd=1000000000.26") == set()
    cut = typed_api.ask(f"{asked}losers&limit=1").json()
    assert len(cut["data"]) <= 1


def test_an_asset_without_a_price_at_the_start_is_no_mover(
    typed_api: Api, typed_lake: TypedLake
) -> None:
    answer = typed_api.ask(f"/v1/movers?window=24h&to={typed_lake.back(10).start_ms}")

    assert answer.status_code == 200
    assert answer.json()["data"] == []
