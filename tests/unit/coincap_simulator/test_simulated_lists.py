"""Rates, exchanges and markets: shapes, sizes, and how they disagree with each other."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from coincap_simulator.core.routes import CoinCap

NOW = 1_795_370_399_123


def data(coincap: CoinCap, path: str, query: Mapping[str, str] | None = None) -> Any:
    return json.loads(coincap.answer(path, query or {}, NOW).body)["data"]


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/v3/assets", ["timestamp", "data"]),
        ("/v3/assets/bitcoin", ["timestamp", "data"]),
        ("/v3/assets/bitcoin/markets", ["timestamp", "data"]),
        ("/v3/price/bysymbol/BTC", ["timestamp", "data"]),
        ("/v3/exchanges", ["data", "timestamp"]),
        ("/v3/exchanges/binance", ["data", "timestamp"]),
        ("/v3/markets", ["data", "timestamp"]),
        ("/v3/rates", ["data", "timestamp"]),
        ("/v3/rates/euro", ["data", "timestamp"]),
        ("/v3/ta/bitcoin/candlesticks", ["candles", "timestamp"]),
    ],
)
def test_the_order_of_an_envelope_is_that_of_its_route(
    coincap: CoinCap, path: str, order: list[str]
) -> None:
    assert list(json.loads(coincap.answer(path, {}, NOW).body)) == order


@pytest.mark.parametrize(
    ("route", "path"),
    [
        ("GET /v3/exchanges", "/v3/exchanges"),
        ("GET /v3/markets", "/v3/markets"),
        ("GET /v3/rates", "/v3/rates"),
        ("GET /v3/assets/{slug}/markets", "/v3/assets/bitcoin/markets"),
    ],
)
def test_rows_have_the_keys_of_the_vendors_examples(
    coincap: CoinCap, recorded: Callable[[str], Any], route: str, path: str
) -> None:
    example = recorded("v3-openapi-examples.json")[route]["200"]["data"][0]

    assert all(list(row) == list(example) for row in data(coincap, path))


def test_every_recorded_rate_is_there_with_its_odd_names(
    coincap: CoinCap, recorded: Callable[[str], Any]
) -> None:
    served = {row["id"]: row for row in data(coincap, "/v3/rates")}

    for row in recorded("v2-rates-20200220-excerpt.json")["data"]:
        same = ("symbol", "currencySymbol", "type")
        assert [served[row["id"]][key] for key in same] == [row[key] for key in same]
    assert len(served) == 189


def test_the_dollar_is_always_one_and_other_money_walks(coincap: CoinCap) -> None:
    assert data(coincap, "/v3/rates/united-states-dollar")["rateUsd"] == "1.000000000000000000"
    assert data(coincap, "/v3/rates/euro")["rateUsd"] != "1.178100000000000000"


def test_a_coins_rate_is_its_price(coincap: CoinCap) -> None:
    rate = data(coincap, "/v3/rates/bitcoin")

    assert rate["type"] == "crypto"
    assert rate["rateUsd"] == data(coincap, "/v3/assets/bitcoin")["priceUsd"]


def test_rates_can_be_chosen_by_ids(coincap: CoinCap) -> None:
    chosen = data(coincap, "/v3/rates", {"ids": "icelandic-króna,nothing"})

    assert [row["id"] for row in chosen] == ["icelandic-króna"]


@pytest.mark.parametrize(
    ("path", "name"),
    [("/v3/rates/asdf", "v3_404_rate"), ("/v3/exchanges/asdf", "v3_404_exchange")],
)
def test_other_404s_have_no_timestamp(
    coincap: CoinCap, recorded: Callable[[str], Any], path: str, name: str
) -> None:
    answer = coincap.answer(path, {}, NOW)

    assert answer.status == 404
    assert json.loads(answer.body) == recorded("errors.json")[name]["body"]


def test_exchanges_come_by_volume_and_their_shares_are_a_whole(coincap: CoinCap) -> None:
    venues = data(coincap, "/v3/exchanges", {"limit": "2000"})
    living = [row for row in venues if row["volumeUsd"] is not None]
    volumes = [float(row["volumeUsd"]) for row in living]

    assert len(venues) == 71
    assert [row["rank"] for row in venues] == [str(rank) for rank in range(1, 72)]
    assert volumes == sorted(volumes, reverse=True)
    assert abs(sum(float(row["percentTotalVolume"]) for row in living) - 100) < 1e-9
    assert all(len(row["percentTotalVolume"].partition(".")[2]) == 36 for row in living)


def test_a_dead_exchange_is_as_the_vendor_shows_it(
    coincap: CoinCap, recorded: Callable[[str], Any]
) -> None:
    example = recorded("v3-openapi-examples.json")["GET /v3/exchanges"]["200"]["data"][0]
    dead = data(coincap, "/v3/exchanges/itbit")

    assert {**dead, "rank": None} == {**example, "rank": None}
    assert {row["socket"] for row in data(coincap, "/v3/exchanges", {"limit": "99"})} == {
        True,
        False,
        None,
    }


def test_short_lists_are_the_default_where_the_vendor_says_ten(coincap: CoinCap) -> None:
    assert len(data(coincap, "/v3/exchanges")) == 10
    assert len(data(coincap, "/v3/markets")) == 10


def test_there_are_about_500_markets_without_doubles_and_some_are_dead(
    coincap: CoinCap,
) -> None:
    found = data(coincap, "/v3/markets", {"limit": "2000"})
    names = {(row["exchangeId"], row["baseId"], row["quoteId"]) for row in found}
    dead = [row for row in found if row["tradesCount24Hr"] is None]

    assert 450 <= len(found) == len(names) <= 650
    assert 5 <= len(dead) <= 60
    assert {row["priceUsd"] for row in dead} == {"0.0000000000000000"}


@pytest.mark.parametrize(
    ("name", "value", "keys"),
    [
        ("exchangeId", "kraken", ("exchangeId",)),
        ("baseId", "bitcoin", ("baseId",)),
        ("quoteSymbol", "EUR", ("quoteSymbol",)),
        ("assetId", "bitcoin", ("baseId", "quoteId")),
        ("assetSymbol", "USDT", ("baseSymbol", "quoteSymbol")),
    ],
)
def test_markets_can_be_filtered(
    coincap: CoinCap, name: str, value: str, keys: tuple[str, ...]
) -> None:
    every = data(coincap, "/v3/markets", {"limit": "2000"})
    wanted = [row for row in every if value in [row[key] for key in keys]]

    found = data(coincap, "/v3/markets", {"limit": "2000", name: value})

    assert 0 < len(found) < len(every)
    assert found == wanted


def test_a_price_in_fiat_money_is_the_price_in_dollars_by_the_rate(coincap: CoinCap) -> None:
    euro = float(data(coincap, "/v3/rates/euro")["rateUsd"])
    traded = data(coincap, "/v3/markets", {"limit": "2000", "quoteId": "euro"})

    living = [row for row in traded if row["tradesCount24Hr"] is not None]

    assert living
    for row in living:
        assert abs(float(row["priceQuote"]) * euro / float(row["priceUsd"]) - 1.0) < 1e-9


def test_an_assets_markets_are_cut_at_100_without_a_word(coincap: CoinCap) -> None:
    cut = data(coincap, "/v3/assets/bitcoin/markets")
    whole = data(coincap, "/v3/assets/bitcoin/markets", {"limit": "2000"})

    assert len(cut) == 100
    assert len(whole) > 100
    assert whole[:100] == cut
    assert {row["baseId"] for row in whole} != {"bitcoin"}
    assert abs(sum(float(row["volumePercent"]) for row in whole) - 100) < 1e-9


def test_exchange_names_of_an_assets_markets_do_not_join_the_exchanges(
    coincap: CoinCap,
) -> None:
    slugs = {row["exchangeId"] for row in data(coincap, "/v3/exchanges", {"limit": "99"})}
    names = {row["exchangeId"] for row in data(coincap, "/v3/assets/bitcoin/markets")}

    assert "Crypto.com Exchange" in names
    # One venue writes its name like its slug; that is chance.
    assert names & slugs <= {"bitbank"}
