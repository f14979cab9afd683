"""Latest rows by the typed endpoints, against the same rows by plain SQL on the local Athena."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from query_api.core.feed_rows import ASSET_ROWS, EXCHANGE_ROWS, MARKET_ROWS, RATE_ROWS, FeedRows
from tests.integration.query_api.conftest import Api
from tests.integration.query_api.typed_lake import ODD_ID, TypedLake
from tests.integration.query_api.typed_rows import (
    Row,
    by_rank,
    ids_of,
    newest,
    told,
)

LATEST: list[tuple[FeedRows, str, Callable[[Row], Any]]] = [
    (ASSET_ROWS, "/v1/assets", by_rank),
    (RATE_ROWS, "/v1/rates", lambda row: row["rate_id"]),
    (EXCHANGE_ROWS, "/v1/exchanges", by_rank),
    (
        MARKET_ROWS,
        "/v1/markets",
        lambda row: (
            -Decimal(row["volume_24h_usd"] or -1),
            *(row[name] for name in MARKET_ROWS.identity),
        ),
    ),
]


@pytest.mark.parametrize(("rows", "path", "order"), LATEST, ids=lambda one: str(one)[:12])
def test_latest_rows_are_the_newest_of_each_thing(
    typed_api: Api,
    every: Callable[[FeedRows], list[Row]],
    typed_lake: TypedLake,
    rows: FeedRows,
    path: str,
    order: Callable[[Row], Any],
) -> None:
    answer = typed_api.ask(path).json()

    wanted = sorted(newest(rows, every(rows), typed_lake), key=order)
    assert answer["data"] == [told(rows, row, rows.listed) for row in wanted]
    assert answer["meta"]["live"] is True
    assert answer["meta"]["truncated"] is False


def test_a_list_that_is_cut_says_so(typed_api: Api) -> None:
    cut, whole = typed_api.ask("/v1/assets?limit=2"), typed_api.ask("/v1/assets?limit=8")

    assert ids_of(cut) == ["bitcoin", "ethereum"]
    assert cut.json()["meta"]["truncated"] is True
    assert whole.json()["meta"]["truncated"] is False
    assert len(ids_of(whole)) == 8


def test_some_assets_in_one_call_and_what_is_missing(typed_api: Api) -> None:
    asked = ",".join(map(quote_plus, ("o'hara", "no-such", "bitcoin", "vanished", ODD_ID)))

    answer = typed_api.ask(f"/v1/assets?ids={asked}")

    assert ids_of(answer) == ["bitcoin", ODD_ID, "o'hara"]
    assert answer.json()["meta"]["missing"] == ["no-such", "vanished"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("symbol=BTC", ["bitcoin", "bitcoin-copy"]),
        ("symbol=btc", ["bitcoin", "bitcoin-copy"]),
        ("symbol=B%25", ["bits-of_100%"]),
        ("symbol=NONE", []),
        ("symbol=BT", []),
        ("search=bit", ["bitcoin", "bitcoin-copy", "bits-of_100%"]),
        ("search=BITCOIN%20C", ["bitcoin-copy"]),
        ("search=S%C3%83O", [ODD_ID]),
        # No wildcards: these are letters.
        ("search=%25", []),
        ("search=_", []),
        ("search=b%25", ["bits-of_100%"]),
        ("search=bit&symbol=btc&limit=1", ["bitcoin"]),
        ("search=bit&ids=bitcoin-copy,ethereum", ["bitcoin-copy"]),
    ],
)
def test_assets_are_found_by_symbol_and_by_how_they_begin(
    typed_api: Api, query: str, expected: list[str]
) -> None:
    answer = typed_api.ask(f"/v1/assets?{query}")

    assert answer.status_code == 200
    assert ids_of(answer) == expected


def test_a_symbol_is_no_id_and_who_sends_one_is_told_what_to_ask(typed_api: Api) -> None:
    answer = typed_api.ask("/v1/assets/BTC")

    assert answer.status_code == 404
    assert "/v1/assets?symbol=" in answer.json()["detail"]


@pytest.mark.parametrize("asset_id", ["bitcoin", ODD_ID, "o'hara", "bits-of_100%", "newcomer"])
def test_one_asset_is_the_same_row_as_in_the_list(typed_api: Api, asset_id: str) -> None:
    one = typed_api.ask(f"/v1/assets/{quote(asset_id, safe='')}").json()["data"]
    (listed,) = typed_api.ask(f"/v1/assets?ids={quote_plus(asset_id)}").json()["data"]

    assert one == listed
    assert one["asset_id"] == asset_id


@pytest.mark.parametrize("asset_id", ["vanished", "no-price", "no-such"])
def test_what_the_newest_hours_do_not_have_is_404(typed_api: Api, asset_id: str) -> None:
    assert typed_api.ask(f"/v1/assets/{asset_id}").status_code == 404


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/markets?exchange=binance", 3),
        ("/v1/markets?exchange=Crypto.com%20Exchange", 1),
        ("/v1/markets?base=bitcoin&quote=tether", 2),
        ("/v1/markets?base=bitcoin&quote=tether&exchange=binance", 1),
        ("/v1/markets?quote=bitcoin", 1),
        ("/v1/markets?base=no-such", 0),
        ("/v1/assets/bitcoin/markets", 3),
        ("/v1/assets/bitcoin/markets?quote=euro", 1),
        ("/v1/assets/tether/markets", 0),
    ],
)
def test_markets_are_found_by_exchange_base_and_quote(
    typed_api: Api, path: str, expected: int
) -> None:
    answer = typed_api.ask(path).json()

    assert len(answer["data"]) == expected, answer
    keys = [tuple(row[name] for name in MARKET_ROWS.identity) for row in answer["data"]]
    assert len(set(keys)) == len(keys)


def test_a_market_twice_in_an_answer_is_its_later_row_and_null_stays_null(
    typed_api: Api,
) -> None:
    (twice,) = typed_api.ask("/v1/markets?base=bitcoin&quote=euro").json()["data"]
    (unpriced,) = typed_api.ask("/v1/markets?base=ethereum&quote=bitcoin").json()["data"]

    assert twice["price_usd"] == "59000.750000000000000000"
    assert unpriced["price_usd"] is None
    assert unpriced["price_quote"] == "0.050000000000000000"


@pytest.mark.parametrize("kind", ["rates", "exchanges"])
def test_a_thing_is_found_by_its_id(typed_api: Api, kind: str, full_size: bool) -> None:
    listed = typed_api.ask(f"/v1/{kind}").json()["data"]
    name = f"{kind[:-1]}_id"

    for row in listed if full_size else listed[::5]:
        one = typed_api.ask(f"/v1/{kind}/{quote(row[name], safe='')}")
        assert one.json()["data"] == row
    assert typed_api.ask(f"/v1/{kind}/no-such").status_code == 404
    asked = f"{quote_plus(listed[1][name])},no-such"
    some = typed_api.ask(f"/v1/{kind}?ids={asked}").json()
    assert [row[name] for row in some["data"]] == [listed[1][name]]
    assert some["meta"]["missing"] == ["no-such"]
