"""The typed endpoints over real Parquet, a real catalog and the local Athena."""

from typing import Any

import pytest

from tests.integration.query_api.conftest import Api

PRICE = "13436.424411240122935900"
RANGE = "from=2026-11-22T09:00:00Z&to=2026-11-22T11:00:00Z"


def test_latest_prices_are_exact_and_null_is_not_empty(api: Api) -> None:
    answer = api.ask("/v1/assets").json()

    by_id = {row["asset_id"]: row for row in answer["data"]}
    assert by_id["bitcoin"]["price_usd"] == PRICE
    assert by_id["bitcoin"]["max_supply"] is None
    assert by_id["bitcoin"]["change_24h_pct"] == "-1.2345678901234567890123456789"
    assert by_id["bitcoin"]["source_ts"] == "2026-11-22T10:07:00.000Z"
    assert by_id["ether"]["price_usd"] == "0.000000000000000001"
    assert by_id["ether"]["name"] == ""
    assert by_id["o'hara"]["symbol"] is None
    assert answer["data"][0]["asset_id"] == "bitcoin"


def test_each_answer_tells_freshness_and_cost(api: Api) -> None:
    about = api.ask("/v1/assets/bitcoin").json()["meta"]

    assert about["newest_received"] == "2026-11-22T10:07:01.000Z"
    assert about["watermark"] == "2026-11-22T10:06:30.000Z"
    assert about["as_of"].endswith("Z")
    assert about["scanned_bytes"] > 0
    assert about["usd"] == "0.00005000"
    assert len(about["dataset_version"]) == 16


def test_an_asset_with_a_quote_in_its_id_is_a_value_not_sql(api: Api) -> None:
    answer = api.ask("/v1/assets/o'hara")

    assert answer.json()["data"]["price_usd"] == "7.000000000000000000"


def test_an_asset_that_is_not_there_is_404(api: Api) -> None:
    answer = api.ask("/v1/assets/no-such-coin")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:coinlake:problem:not_found"


def test_quotes_are_found_by_source_time_across_receive_hours(api: Api) -> None:
    path = "/v1/assets/bitcoin/quotes?from=2026-11-22T09:59:00Z&to=2026-11-22T10:00:00Z"

    rows = api.ask(path).json()["data"]

    assert [row["price_usd"] for row in rows] == [
        "100.000000000000000001",
        "101.000000000000000000",
        "99.000000000000000000",
    ]
    assert rows[2]["received_ts"] == "2026-11-22T10:00:00.000Z"


@pytest.mark.parametrize(
    ("path", "is_live"),
    [
        ("/v1/assets", True),
        ("/v1/assets/bitcoin", True),
        # Both receive hours that it can be made of are closed.
        ("/v1/assets/bitcoin/quotes?from=2026-11-22T09:00:00Z&to=2026-11-22T10:45:00Z", False),
        ("/v1/assets/bitcoin/quotes?from=2026-11-22T09:00:00Z&to=2026-11-22T10:59:00Z", True),
        (f"/v1/assets/bitcoin/candles?interval=1h&{RANGE}", True),
        (
            "/v1/assets/bitcoin/candles?interval=1m&from=2026-11-22T09:00:00Z&to=2026-11-22T10:40:00Z",
            False,
        ),
    ],
)
def test_only_what_reaches_into_an_open_hour_is_live(
    api: Api, path: str, is_live: bool
) -> None:
    answer = api.ask(path).json()

    assert answer["meta"]["live"] is is_live
    assert answer["data"]


def test_a_cut_answer_says_so(api: Api) -> None:
    answer = api.ask(f"/v1/assets/bitcoin/quotes?{RANGE}&limit=2&order=desc").json()

    assert [row["price_usd"] for row in answer["data"]] == [PRICE, "105.000000000000000000"]
    assert answer["meta"]["truncated"] is True


def test_partitions_outside_of_the_range_are_not_scanned(api: Api) -> None:
    wide = api.ask(f"/v1/assets/bitcoin/quotes?{RANGE}").json()["meta"]
    narrow = api.ask(
        "/v1/assets/bitcoin/quotes?from=2026-11-22T09:00:00Z&to=2026-11-22T09:30:00Z"
    ).json()["meta"]
    nowhere = api.ask(
        "/v1/assets/bitcoin/quotes?from=2026-11-20T09:00:00Z&to=2026-11-20T09:30:00Z"
    ).json()["meta"]

    assert wide["scanned_bytes"] > narrow["scanned_bytes"] > nowhere["scanned_bytes"] == 0


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (
            "1m",
            [
                ("09:59", "100", "101", "99", "99", 3, False),
                ("10:00", "105", "105", "105", "105", 1, False),
                ("10:07", "110", "110", "110", "110", 1, False),
            ],
        ),
        (
            "5m",
            [
                ("09:55", "100", "101", "99", "99", 3, False),
                ("10:00", "105", "105", "105", "105", 1, False),
                ("10:05", "110", "110", "110", "110", 1, False),
            ],
        ),
        (
            "1h",
            [
                ("09:00", "100", "101", "99", "99", 3, False),
                ("10:00", "105", "110", "105", "110", 2, False),
            ],
        ),
        ("1d", [("00:00", "100", "110", "99", "110", 5, False)]),
    ],
)
def test_candles_are_merged_from_partials(api: Api, interval: str, expected: list[Any]) -> None:
    answer = api.ask(f"/v1/assets/bitcoin/candles?interval={interval}&{RANGE}").json()

    assert [
        (
            row["start"][11:16],
            *(
                row[name].removesuffix("." + "0" * 18)
                for name in ("open", "high", "low", "close")
            ),
            row["quotes"],
            row["final"],
        )
        for row in answer["data"]
    ] == expected


def test_coverage_is_free_and_counts_rows(api: Api) -> None:
    answer = api.ask("/v1/coverage").json()

    rows = {row["table"]: row for row in answer["data"]}
    assert rows["quotes"]["hours_published"] == 2
    assert rows["quotes"]["hours_complete"] == 1
    assert rows["quotes"]["rows"] == 8
    assert rows["quotes"]["last_hour"] == "2026-11-22T10"
    assert rows["rates"]["rows"] == 3000
    assert rows["markets"] == {
        "table": "markets",
        "feed": "markets",
        "hours_published": 0,
        "hours_complete": 0,
        "first_hour": None,
        "last_hour": None,
        "newest_received": None,
        "watermark": None,
        "rows": 0,
        "quarantined_rows": 0,
    }
    assert answer["meta"]["usd"] == "0"


def test_health_metrics_and_status_are_open(api: Api) -> None:
    api.ask("/v1/assets")

    ready, metrics = api.ask("/readyz", None), api.ask("/metrics", None)
    status = api.ask("/status", None).json()

    assert ready.json() == {"ready": True, "needs": {"athena": "ok", "s3": "ok", "keys": "ok"}}
    assert api.ask("/healthz", None).status_code == 200
    assert 'query_api_requests_total{route="/v1/assets",status="200"}' in metrics.text
    assert status["feeds"]["assets"]["newest_hours"] == 2


@pytest.mark.parametrize("what", ["quotes?", "candles?interval=1h&"])
def test_a_range_without_a_published_hour_is_empty_and_costs_nothing(
    api: Api, what: str
) -> None:
    answer = api.ask(
        f"/v1/assets/bitcoin/{what}from=2001-01-01T00:00:00Z&to=2001-01-01T06:00:00Z"
    )

    assert answer.status_code == 200
    assert answer.json()["data"] == []
    assert answer.json()["meta"]["scanned_bytes"] == 0
