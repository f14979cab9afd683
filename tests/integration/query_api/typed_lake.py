"""A lake of all feeds as the job's kernel makes it: some hours closed, one open, one long ago."""

import json
from dataclasses import dataclass
from typing import Any

from coinlake.contracts.datasets import ELEMENTS, TABULAR
from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.contracts.ledger import Counts, Output, curated_key, ledger_key
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.views.candles import INTERVALS_MS, candles
from coinlake.views.definition import table_input as view_table
from coinlake.views.live import live_views
from coinlake.views.raw_tables import raw_table
from coinlake_kernel.hour import HourKernel
from coinlake_kernel.parquet import parquet_bytes, without_rows
from coinlake_kernel.records import RawSource
from coinlake_tools.catalog_tables import table_creation
from tests.labs.ledger_entries import ledger_entry

NAME = "typed"
"""Of the bucket, the database and the workgroup."""
SKEW_MS = 600_000
ODD_ID = "são-tomé/dobra+(old) v1.0"
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class TypedLake:
    """Where the hours lie. `now` is open: its answers are in the raw zone alone."""

    now: Hour

    def back(self, hours: int) -> Hour:
        return hour_of(self.now.start_ms - hours * HOUR_MS)

    @property
    def closed(self) -> tuple[Hour, ...]:
        return tuple(map(self.back, (168, 25, 24, 3, 2, 1)))


def assets(at_ms: int, step: int, lake: TypedLake) -> list[dict[str, Any]]:
    """An answer of /assets: two share a symbol, one has no price, one vanished three hours ago."""
    found = [
        _asset("bitcoin", "BTC", "Bitcoin", 1, f"{60_000 + step}.123456789012345678"),
        _asset("bitcoin-copy", "btc", "Bitcoin Copy", 900, f"0.0000000000{10_000 - step:05d}1"),
        _asset("ethereum", "ETH", "Ethereum", 2, f"{3000 - step % 7}.5"),
        _asset("still", "STL", "Standing Still_", 3, "1"),
        _asset("bits-of_100%", "B%", None, None, f"{1 + step % 3}"),
        _asset(ODD_ID, "STD", "Dobra", 40, f"{20 + step % 11}.25"),
        _asset("o'hara", None, "", 41, "7.0"),
        _asset("no-price", "NOP", "No Price", 42, None),
    ]
    if at_ms < lake.back(3).start_ms + 30 * _MINUTE_MS:
        found.append(_asset("vanished", "VAN", "Vanished", 43, "5"))
    if at_ms >= lake.back(1).start_ms:
        found.append(_asset("newcomer", "NEW", "Newcomer", 44, "5"))
        found[0] |= {"newKey": {"a": [1, "b"]}, "note": "x=y, {z}"}
    return found


def _asset(
    asset_id: str, symbol: str | None, name: str | None, rank: int | None, price: str | None
) -> dict[str, Any]:
    return {
        "id": asset_id,
        "rank": None if rank is None else str(rank),
        "symbol": symbol,
        "name": name,
        "supply": "19693775.0000000000000000",
        "maxSupply": None,
        "marketCapUsd": None if rank is None else f"{10**12 // rank}",
        "volumeUsd24Hr": f"{10**9 // (rank or 500)}.25",
        "priceUsd": price,
        "changePercent24Hr": "-1.2345678901234567",
        "vwap24Hr": price,
        "explorer": None,
        "tokens": {"1": ["0xa"]},
    }


def rates(at_ms: int, step: int, lake: TypedLake) -> list[dict[str, Any]]:
    return [
        {
            "id": rate_id,
            "symbol": symbol,
            "currencySymbol": sign,
            "type": "fiat",
            "rateUsd": f"1.{step % 100:02d}5",
        }
        for rate_id, symbol, sign in (
            ("euro", "EUR", "€"),
            ("são-tomé-and-príncipe-dobra-(pre-2018)", "STD", None),
        )
    ]


def exchanges(at_ms: int, step: int, lake: TypedLake) -> list[dict[str, Any]]:
    return [
        {
            "exchangeId": name,
            "name": name.title(),
            "rank": str(rank),
            "percentTotalVolume": "30.5" if rank == 1 else None,
            "volumeUsd": f"{step}.125",
            "tradingPairs": "1500",
            "socket": rank == 1 or None,
            "exchangeUrl": f"https://{rank}.example",
            "updated": at_ms - 1000,
        }
        for rank, name in enumerate(("binance", "Crypto.com Exchange"), 1)
    ]


def markets(at_ms: int, step: int, lake: TypedLake) -> list[dict[str, Any]]:
    """Pairs that are equal on two exchanges, one twice in an answer, and one without a price in USD."""
    pairs = [
        ("binance", "bitcoin", "tether", "60000.5", "2000"),
        ("Crypto.com Exchange", "bitcoin", "tether", "60001.5", "3000"),
        ("binance", "ethereum", "bitcoin", None, "10"),
        ("binance", "bitcoin", "euro", "59000.25", None),
        # Once more, later in the same answer: that one counts.
        ("binance", "bitcoin", "euro", "59000.75", None),
    ]
    return [
        {
            "exchangeId": exchange,
            "rank": "1",
            "baseSymbol": base[:3].upper(),
            "baseId": base,
            "quoteSymbol": quote[:3].upper(),
            "quoteId": quote,
            "priceQuote": "0.05",
            "priceUsd": price,
            "volumeUsd24Hr": volume,
            "percentExchangeVolume": "1.5",
            "tradesCount24Hr": "7",
            "updated": at_ms,
        }
        for exchange, base, quote, price, volume in pairs
    ]


ANSWERS = {"assets": assets, "rates": rates, "exchanges": exchanges, "markets": markets}
# Two answers may say the same time.
_SAID_MS = (30_000, 5 * _MINUTE_MS, 5 * _MINUTE_MS, 17 * _MINUTE_MS, 55 * _MINUTE_MS)


def publish(lake: TypedLake, s3: Any, glue: Any, athena: Any) -> None:
    """Everything: tables, views, raw objects, closed hours with their ledger, and the open one."""
    s3.create_bucket(Bucket=NAME)
    glue.create_database(DatabaseInput={"Name": NAME})
    athena.create_work_group(
        Name=NAME,
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{NAME}/athena-results/"},
            "EnforceWorkGroupConfiguration": True,
        },
    )
    for interval in INTERVALS_MS:
        glue.create_table(DatabaseName=NAME, TableInput=view_table(candles(interval), NAME))
    for feed in ELEMENTS:
        dataset = TABULAR[feed]
        for name in dataset.published:
            glue.create_table(**table_creation(NAME, name, NAME))
        made = [view_table(view, NAME) for view in live_views(dataset, lake.back(1), SKEW_MS)]
        for table in [raw_table(dataset, NAME), *made]:
            glue.create_table(DatabaseName=NAME, TableInput=table)
        for hour in lake.closed:
            _close(s3, glue, feed, hour, _raw(lake, feed, hour))
        for source, body in [_raw(lake, feed, lake.now, _SAID_MS[:2])]:
            s3.put_object(Bucket=NAME, Key=source.key, Body=body)


def _raw(
    lake: TypedLake, feed: str, hour: Hour, said_ms: tuple[int, ...] = _SAID_MS
) -> tuple[RawSource, bytes]:
    """The hour's raw object. An answer is received 3 s after the time that it says; the first says a
    time of the hour before."""
    records = []
    for offset, at in enumerate((-2000, *said_ms)):
        at_ms = hour.start_ms + at
        body = {
            "data": ANSWERS[feed](at_ms, at_ms // _MINUTE_MS % 9000 + offset, lake),
            "timestamp": at_ms,
        }
        value = json.dumps(body, ensure_ascii=False).encode()
        records.append(Record(offset, at_ms + 3000, b"page", value, ()))
    key = RawKey(TABULAR[feed].topic, hour, 0, 0, 0)
    source = RawSource(feed, hour.dt, hour.hour, str(key), "etag", None, SKEW_MS)
    return source, encode(records).body


def _close(s3: Any, glue: Any, feed: str, hour: Hour, raw: tuple[RawSource, bytes]) -> None:
    dataset, (source, body) = TABULAR[feed], raw
    kernel = HourKernel(feed, SKEW_MS)
    kernel.add(source, body)
    typed = kernel.finish()
    outputs = []
    for name in dataset.published:
        rows = typed.tables.get(name) or without_rows(name)
        key = curated_key(name, hour)
        s3.put_object(Bucket=NAME, Key=key, Body=parquet_bytes(name, rows, {}))
        storage = table_creation(NAME, name, NAME)["TableInput"]["StorageDescriptor"]
        glue.batch_create_partition(
            DatabaseName=NAME,
            TableName=name,
            PartitionInputList=[
                {
                    "Values": [hour.dt, hour.hour],
                    "StorageDescriptor": {
                        **storage,
                        "Location": f"s3://{NAME}/{key.rpartition('/')[0]}/",
                    },
                }
            ],
        )
        outputs.append(Output(name, key, "etag", 1, 1))
    entry = ledger_entry(
        feed,
        hour,
        outputs=tuple(outputs),
        counts=Counts(1, 1, 0, 0, 0, 1, 1, 0, 0),
        min_received_ms=hour.start_ms,
        max_received_ms=hour.start_ms + 55 * _MINUTE_MS + 3000,
        complete=True,
        closed_by="heartbeat",
        committed_at_ms=hour.end_ms,
        watermark_ms=hour.end_ms,
    )
    s3.put_object(Bucket=NAME, Key=ledger_key(feed, hour, 1), Body=entry.encode())
