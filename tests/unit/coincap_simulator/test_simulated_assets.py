"""The oddities of real CoinCap answers, and the shapes of the asset routes."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from coincap_simulator.catalogue_files import load_catalogue
from coincap_simulator.core.paging import ListPage, page
from coincap_simulator.core.routes import CoinCap
from coincap_simulator.core.switches import Switches

NOW = 1_795_370_399_123


def rows(coincap: CoinCap, now_ms: int = NOW) -> list[dict[str, Any]]:
    body = coincap.answer("/v3/assets", {"limit": "2000"}, now_ms).body
    data: list[dict[str, Any]] = json.loads(body)["data"]
    return data


def read(coincap: CoinCap, path: str, query: Mapping[str, str] | None = None) -> Any:
    return json.loads(coincap.answer(path, query or {}, NOW).body)


def test_a_row_has_the_recorded_keys_in_the_recorded_order(
    coincap: CoinCap, recorded: Callable[[str], Any]
) -> None:
    keys = list(recorded("v3-assets-list-202512-excerpt.json")["data"][0])

    assert len(keys) == 13
    assert all(list(row) == keys for row in rows(coincap))


def test_there_are_150_assets_with_unique_ids_and_duplicate_symbols(coincap: CoinCap) -> None:
    ids = [row["id"] for row in rows(coincap)]
    symbols = Counter(row["symbol"] for row in rows(coincap))

    assert len(ids) == len(set(ids)) == 150
    assert symbols["KEY"] == 2


def test_ids_have_accents_and_parentheses_and_bodies_are_raw_utf8(coincap: CoinCap) -> None:
    body = coincap.answer("/v3/assets", {"limit": "2000"}, NOW).body

    assert "bolívar-coin-(legacy)".encode() in body
    assert b"\\u" not in body
    assert not body.endswith(b"\n")
    assert b'": ' not in body


def test_every_nullable_field_is_null_somewhere_and_price_never(coincap: CoinCap) -> None:
    nulls = {key for row in rows(coincap) for key, value in row.items() if value is None}

    assert nulls == {
        "rank",
        "maxSupply",
        "marketCapUsd",
        "volumeUsd24Hr",
        "changePercent24Hr",
        "vwap24Hr",
        "explorer",
    }


def test_passing_nulls_come_and_go_but_spare_the_best_known(coincap: CoinCap) -> None:
    hours = [rows(coincap, NOW + hour * 3_600_000) for hour in range(12)]
    ranks = [{row["id"] for row in found if row["rank"] is None} for found in hours]
    known = [row for found in hours for row in found if row["id"] == "bitcoin"]

    assert len({frozenset(names) for names in ranks}) > 1
    assert all(None not in row.values() for row in known)


def test_tokens_are_mostly_empty_and_else_lower_case_lists_by_chain(coincap: CoinCap) -> None:
    tokens = {row["id"]: row["tokens"] for row in rows(coincap)}
    filled = [value for value in tokens.values() if value]
    addresses = [address for value in filled for chain in value.values() for address in chain]

    assert 10 < len(filled) < 50
    assert tokens["bitcoin"] == {}
    assert set(tokens["tether"]) == {"1", "10", "56", "101", "137", "42161"}
    assert "0x" + "ee" * 20 in tokens["binance-coin"]["56"]
    assert all(chain.isdigit() for value in filled for chain in value)
    assert all(address == address.lower() for address in addresses)


def test_recorded_tokens_are_served_as_they_were_recorded(
    coincap: CoinCap, recorded: Callable[[str], Any]
) -> None:
    served = {row["id"]: row for row in rows(coincap)}

    for row in recorded("v3-assets-list-202512-excerpt.json")["data"]:
        same = ("id", "symbol", "name", "maxSupply", "explorer", "tokens")
        assert {key: served[row["id"]][key] for key in same} == {key: row[key] for key in same}


def test_there_are_tiny_prices_with_huge_supplies_and_steady_stablecoins(
    coincap: CoinCap,
) -> None:
    served = {row["id"]: row for row in rows(coincap)}

    assert float(served["babydoge"]["priceUsd"]) < 1e-8
    assert "e-" in served["babydoge"]["vwap24Hr"]
    assert len(served["babydoge"]["supply"].partition(".")[0]) == 18
    assert abs(float(served["tether"]["priceUsd"]) - 1.0) < 0.01


def test_exponents_can_be_switched_off_for_the_whole_api(coincap: CoinCap) -> None:
    plain = CoinCap(coincap.data, Switches(exponents=False))

    rows_by_id = {row["id"]: row for row in rows(plain)}

    assert rows_by_id["babydoge"]["vwap24Hr"].startswith("0.000000000")


def test_a_list_is_in_the_order_of_ranks_and_default_100_long(coincap: CoinCap) -> None:
    listed = read(coincap, "/v3/assets")["data"]

    assert len(listed) == 100
    for place, row in enumerate(listed, 1):
        assert row["rank"] in (None, str(place))


def test_pages_tile_the_list_and_an_offset_past_its_end_gives_nothing(coincap: CoinCap) -> None:
    first = read(coincap, "/v3/assets", {"limit": "80"})["data"]
    second = read(coincap, "/v3/assets", {"limit": "80", "offset": "80"})["data"]

    assert first + second == rows(coincap)
    assert read(coincap, "/v3/assets", {"offset": "150"})["data"] == []


def test_ids_come_by_rank_and_unknown_ones_are_silently_absent(coincap: CoinCap) -> None:
    found = read(coincap, "/v3/assets", {"ids": "tether,nothing,bitcoin"})["data"]

    assert [row["id"] for row in found] == ["bitcoin", "tether"]


def test_search_finds_slug_and_symbol(coincap: CoinCap) -> None:
    by_symbol = read(coincap, "/v3/assets", {"search": "USDT"})["data"]
    by_slug = read(coincap, "/v3/assets", {"search": "bitcoin"})["data"]

    assert [row["id"] for row in by_symbol] == ["tether"]
    assert {row["id"] for row in by_slug} >= {"bitcoin", "bitcoin-cash", "wrapped-bitcoin"}


@pytest.mark.parametrize("suffix", ["", "/history", "/markets"])
def test_an_unknown_asset_is_404_with_a_timestamp(coincap: CoinCap, suffix: str) -> None:
    answer = coincap.answer(f"/v3/assets/asdf{suffix}", {"interval": "h1"}, NOW)

    assert answer.status == 404
    assert answer.body == b'{"error":"asdf not found","timestamp":1795370399123}'


@pytest.mark.parametrize(
    "query",
    [{"limit": "x"}, {"limit": "-1"}, {"limit": "0"}, {"limit": "\uff11"}, {"offset": "1.5"}],
)
def test_a_bad_page_is_400(coincap: CoinCap, query: dict[str, str]) -> None:
    answer = coincap.answer("/v3/assets", query, NOW)

    assert (answer.status, answer.body) == (400, b'{"error":"Invalid query parameters"}')


def test_a_limit_over_2000_is_clamped_or_refused_as_told(coincap: CoinCap) -> None:
    query = {"limit": "2001"}

    clamped = page(query, 100, refuse_over=False)
    refused = CoinCap(coincap.data, Switches(refuse_over=True)).answer("/v3/assets", query, NOW)

    assert clamped == ListPage(limit=2000, offset=0)
    assert coincap.answer("/v3/assets", query, NOW).status == 200
    assert refused.status == 400


def test_beyond_the_written_assets_more_are_invented() -> None:
    assets = load_catalogue(200).assets

    assert len(assets) == 200
    assert len({asset.id for asset in assets}) == 200
    assert assets[-1].id == "simcoin-200"
    assert assets[-1].price_usd * assets[-1].supply < 1e6


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"interval": "h3"},
        {"interval": "h1", "start": "1"},
        {"interval": "h1", "start": "2", "end": "1"},
        {"interval": "m1", "start": "0", "end": "86400001"},
    ],
)
def test_bad_history_windows_are_400(coincap: CoinCap, query: dict[str, str]) -> None:
    assert coincap.answer("/v3/assets/bitcoin/history", query, NOW).status == 400


def test_a_history_window_has_both_ends_and_never_the_future(coincap: CoinCap) -> None:
    hour = 3_600_000
    start = NOW // hour * hour - 3 * hour
    query = {"interval": "h1", "start": str(start), "end": str(start + 10 * hour)}

    points = read(coincap, "/v3/assets/bitcoin/history", query)["data"]

    assert [point["time"] for point in points] == [start + n * hour for n in range(4)]
    assert list(points[0]) == ["priceUsd", "time", "date"]


def test_prices_by_symbol_keep_the_order_and_know_the_larger_of_two(coincap: CoinCap) -> None:
    key = next(row for row in rows(coincap) if row["symbol"] == "KEY")

    data = read(coincap, "/v3/price/bysymbol/KEY,NOPE,btc")["data"]

    assert float(data[0]) == float(key["priceUsd"])
    assert data[1] is None
    assert float(data[2]) == float(read(coincap, "/v3/assets/bitcoin")["data"]["priceUsd"])


@pytest.mark.parametrize("path", ["/", "/v3", "/v2/assets", "/v3/asset", "/v3/assets/a/b/c"])
def test_other_routes_are_404(coincap: CoinCap, path: str) -> None:
    assert coincap.answer(path, {}, NOW).status == 404
