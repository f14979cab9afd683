"""SQL: rows equal what was served, value for value; partitions are what the catalog says."""

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.e2e.conftest import PAST_DT, PAST_HOUR, POLLED, Lake

AMOUNTS = (
    "priceUsd",
    "supply",
    "maxSupply",
    "marketCapUsd",
    "volumeUsd24Hr",
    "changePercent24Hr",
    "vwap24Hr",
)
COLUMNS = (
    "asset_id",
    "symbol",
    "name",
    "rank",
    "price_usd",
    "supply",
    "max_supply",
    "market_cap_usd",
    "volume_24h_usd",
    "change_24h_pct",
    "vwap_24h_usd",
    "explorer",
    "source_ts",
)


def _time(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{milliseconds % 1000:03d}"


def _served_rows(lake: Lake) -> Counter[tuple[Any, ...]]:
    rows: Counter[tuple[Any, ...]] = Counter()
    for entry in lake.served():
        if entry["path"] != "/v3/assets" or entry["status"] != 200:
            continue
        body = json.loads(lake.body(entry["sha256"]))
        for asset in body["data"]:
            amounts = {name: asset[name] for name in AMOUNTS}
            exact = {k: None if v is None else Decimal(v) for k, v in amounts.items()}
            rank = asset["rank"]
            rows[
                (
                    asset["id"],
                    asset["symbol"],
                    asset["name"],
                    None if rank is None else int(rank),
                    *(exact[name] for name in AMOUNTS),
                    asset["explorer"],
                    _time(body["timestamp"]),
                )
            ] += 1
    return rows


def _table_rows(lake: Lake) -> Counter[tuple[Any, ...]]:
    answer = lake.sql(f"select {', '.join(COLUMNS)} from quotes where {POLLED}")
    rows: Counter[tuple[Any, ...]] = Counter()
    for row in answer.rows:
        typed: list[Any] = list(row)
        typed[3] = None if row[3] is None else int(row[3])
        for at in range(4, 11):
            cell = row[at]
            typed[at] = None if cell is None else Decimal(cell)
        rows[tuple(typed)] += 1
    return rows


def test_the_rows_of_quotes_equal_what_was_served_value_for_value(
    lake: Lake, settled: None
) -> None:
    served = _served_rows(lake)

    assert _table_rows(lake) == served
    assert served.total() > 0


def test_each_table_has_its_rows_and_its_quarantine_is_empty(lake: Lake, settled: None) -> None:
    for table in ("quotes", "asset_tokens", "candles_1m", "rates", "exchanges", "markets"):
        assert int(lake.sql(f"select count(*) from {table}").one or 0) > 0
        quarantined = lake.sql(f"select count(*) from {table}_quarantine where {POLLED}")
        assert quarantined.one == "0"


def test_candles_agree_with_quotes(lake: Lake, settled: None) -> None:
    quotes = lake.sql(
        "select asset_id, source_ts, price_usd from quotes "
        f"where price_usd is not null and {POLLED}"
    )
    expected: dict[tuple[str, str], list[Decimal]] = {}
    for asset, moment, price in sorted(
        quotes.rows, key=lambda row: (row[0] or "", row[1] or "")
    ):
        assert asset is not None
        assert moment is not None
        assert price is not None
        expected.setdefault((asset, moment[:16]), []).append(Decimal(price))

    candles = lake.sql(
        "select asset_id, minute, open, high, low, close, quotes from candles_1m "
        f"where {POLLED}"
    )

    merged: dict[tuple[str, str], tuple[Decimal, ...]] = {}
    for asset, minute, *values in candles.rows:
        assert asset is not None
        assert minute is not None
        numbers = tuple(Decimal(value or "nan") for value in values)
        # A minute that lies in two receive hours has two partials; the test's run seldom does.
        merged[asset, minute[:16]] = numbers
    assert merged.keys() == expected.keys()
    for at, prices in expected.items():
        if int(merged[at][4]) == len(prices):
            assert merged[at][:4] == (prices[0], max(prices), min(prices), prices[-1])


def test_a_query_with_dt_and_hour_reads_only_those_partitions(
    lake: Lake, past_body: bytes, settled: None
) -> None:
    everything = lake.sql("select count(price_usd), max(price_usd) from quotes")
    one_hour = lake.sql(
        "select count(price_usd), max(price_usd) from quotes "
        f"where dt = '{PAST_DT}' and hour = '{PAST_HOUR}'"
    )

    assert 0 < one_hour.scanned_bytes < everything.scanned_bytes
    others = lake.sql(
        "select count(price_usd), max(price_usd) from quotes "
        f"where not (dt = '{PAST_DT}' and hour = '{PAST_HOUR}')"
    )
    assert one_hour.scanned_bytes + others.scanned_bytes == everything.scanned_bytes
    assert one_hour.rows[0][0] == str(len(json.loads(past_body)["data"]))


def test_a_partition_that_was_not_registered_is_invisible(lake: Lake, settled: None) -> None:
    bucket = lake.env["COINLAKE_BUCKET"]
    source = next(key for key in lake.keys("curated/quotes/"))
    stray = "curated/quotes/dt=2020-02-02/hour=02/part-0.parquet"
    before = lake.sql("select count(*) from quotes").one
    lake.s3.put_object(Bucket=bucket, Key=stray, Body=lake.get(source))

    try:
        assert lake.sql("select count(*) from quotes").one == before
        assert lake.sql("select count(*) from quotes where dt = '2020-02-02'").one == "0"
    finally:
        lake.s3.delete_object(Bucket=bucket, Key=stray)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("7/2", "3"),
        ("-7/2", "-3"),
        ("1.0/3", "0.3"),
        ("cast(1 as decimal(38,18))/3", "0.333333333333333333"),
        ("try(1/0)", None),
        ("cast(1e10 as varchar)", "1.0E10"),
        ("typeof(1.5)", "decimal(2,1)"),
    ],
)
def test_numbers_agree_with_athena(lake: Lake, expression: str, value: str | None) -> None:
    assert lake.sql(f"select {expression}").one == value


def test_the_query_service_says_the_same_as_the_table(lake: Lake, settled: None) -> None:
    newest = lake.sql(
        "select price_usd from quotes where asset_id = 'bitcoin' and dt >= '2026-11-01' "
        "order by received_ts desc, kafka_offset desc limit 1"
    ).one

    answer = lake.query("/v1/assets/bitcoin")

    assert newest is not None
    assert Decimal(answer["data"]["price_usd"]) == Decimal(newest)
    assert isinstance(answer["data"]["price_usd"], str)
