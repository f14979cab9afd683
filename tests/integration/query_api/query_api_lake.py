"""A small published lake: two hours of bitcoin and friends, as the runner would leave it."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coinlake.contracts.datasets import ASSETS, CANDLES_1M, QUOTES, TABLES
from coinlake.contracts.hours import HOUR_MS, Hour
from coinlake.contracts.ledger import Counts, Output, curated_key, ledger_key
from coinlake.contracts.tables import TableSchema
from coinlake.views.definition import table_input as view_table
from coinlake.views.live import live_views
from coinlake.views.raw_tables import raw_table
from tests.labs.ledger_entries import ledger_entry

NINE, TEN = Hour("2026-11-22", "09"), Hour("2026-11-22", "10")
PRICE = "13436.424411240122935900"

_ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("ms"),
    "decimal(38,18)": pa.decimal128(38, 18),
    "decimal(38,28)": pa.decimal128(38, 28),
    "map<string,string>": pa.map_(pa.string(), pa.string()),
}


def at(clock: str) -> datetime:
    """A moment of the day that all the data is of."""
    return datetime.fromisoformat(f"2026-11-22T{clock}")


def ms(clock: str) -> int:
    return int(at(clock).replace(tzinfo=UTC).timestamp() * 1000)


def quote(asset: str, clock: str, price: str, **more: Any) -> dict[str, Any]:
    """A row of quotes; `clock` is its source time, received a second later unless said."""
    received = more.pop("received", None)
    return {
        "asset_id": asset,
        "symbol": asset[:3].upper(),
        "name": asset.title(),
        "rank": 1 if asset == "bitcoin" else 2,
        "price_usd": Decimal(price),
        "source_ts": at(clock),
        "received_ts": at(received or clock),
        "epoch": 1,
        "kafka_partition": 0,
        "kafka_offset": 1,
        "element_index": 0,
        **more,
    }


def candle(minute: str, first: str, last: str, *prices: str, count: int) -> dict[str, Any]:
    opened, high, low, closed = (Decimal(price) for price in prices)
    return {
        "asset_id": "bitcoin",
        "minute": at(minute),
        "open": opened,
        "high": high,
        "low": low,
        "close": closed,
        "quotes": count,
        "first_source_ts": at(first),
        "last_source_ts": at(last),
    }


QUOTE_ROWS = {
    NINE: [
        quote("bitcoin", "09:59:10", "100.000000000000000001", received="09:59:11"),
        quote("bitcoin", "09:59:30", "101", received="09:59:31"),
        quote("gone", "09:10:00", "3", received="09:10:01"),
    ],
    TEN: [
        # Asked before ten, received after: it lies in the partition of ten.
        quote("bitcoin", "09:59:59", "99", received="10:00:00", kafka_offset=2),
        quote("bitcoin", "10:00:20", "105", received="10:00:21", kafka_offset=3),
        quote(
            "bitcoin",
            "10:07:00",
            PRICE,
            received="10:07:01",
            kafka_offset=4,
            max_supply=None,
            supply=Decimal("19693775"),
            change_24h_pct=Decimal("-1.2345678901234567890123456789"),
        ),
        quote("ether", "10:07:00", "0.000000000000000001", received="10:07:01", name=""),
        quote("o'hara", "10:07:00", "7", received="10:07:01", symbol=None),
    ],
}

CANDLE_ROWS = {
    NINE: [candle("09:59", "09:59:10", "09:59:30", "100", "101", "100", "101", count=2)],
    TEN: [
        candle("09:59", "09:59:59", "09:59:59", "99", "99", "99", "99", count=1),
        candle("10:00", "10:00:20", "10:00:20", "105", "105", "105", "105", count=1),
        candle("10:07", "10:07:00", "10:07:00", "110", "110", "110", "110", count=1),
    ],
}

RATE_ROWS = {
    TEN: [
        {
            "rate_id": f"rate-{number}",
            "rate_usd": Decimal(number),
            "received_ts": at("10:00:00"),
        }
        for number in range(3000)
    ]
}

LAKE: dict[str, tuple[TableSchema, dict[Hour, list[dict[str, Any]]]]] = {
    "quotes": (QUOTES, QUOTE_ROWS),
    "candles_1m": (CANDLES_1M, CANDLE_ROWS),
    "rates": (TABLES["rates"], RATE_ROWS),
}


def publish(s3: Any, glue: Any, athena: Any) -> None:
    """Write the objects, register tables and partitions, then commit the ledger."""
    s3.create_bucket(Bucket="coinlake")
    glue.create_database(DatabaseInput={"Name": "coinlake"})
    athena.create_work_group(
        Name="coinlake",
        Configuration={
            "ResultConfiguration": {"OutputLocation": "s3://coinlake/athena-results/"},
            "EnforceWorkGroupConfiguration": True,
        },
    )
    for table, hours in LAKE.values():
        _create(glue, table)
        for hour, rows in hours.items():
            _put(s3, table, hour, rows)
            _register(glue, table, hour)
    _live(glue)
    for feed, hour in (("assets", NINE), ("assets", TEN), ("rates", TEN)):
        commit(s3, feed, hour, version=1, complete=hour == NINE)


def commit(s3: Any, feed: str, hour: Hour, *, version: int, complete: bool) -> None:
    """One version of an hour in the ledger."""
    tables = ("quotes", "candles_1m") if feed == "assets" else (feed,)
    outputs = tuple(
        Output(name, curated_key(name, hour), "etag", 1, len(LAKE[name][1].get(hour, [])))
        for name in tables
    )
    newest = ms("09:59:31") if hour == NINE else ms("10:07:01")
    entry = ledger_entry(
        feed,
        hour,
        version=version,
        outputs=outputs,
        counts=Counts(1, 1, 0, 0, 0, 1, 1, 0, 0),
        min_received_ms=ms("09:00:00"),
        max_received_ms=newest,
        complete=complete,
        closed_by="heartbeat",
        committed_at_ms=ms("10:08:00"),
        watermark_ms=ms("10:00:00") if hour == NINE else ms("10:06:30"),
    )
    s3.put_object(Bucket="coinlake", Key=ledger_key(feed, hour, version), Body=entry.encode())


def _live(glue: Any) -> None:
    """The live views as the runner leaves them: both hours are closed, and nothing is behind them."""
    tables = [raw_table(ASSETS, "coinlake")]
    tables += [view_table(view, "coinlake") for view in live_views(ASSETS, TEN, HOUR_MS)]
    for table in tables:
        glue.create_table(DatabaseName="coinlake", TableInput=table)


def _create(glue: Any, table: TableSchema) -> None:
    glue.create_table(
        DatabaseName="coinlake",
        TableInput={
            "Name": table.name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
            "PartitionKeys": [{"Name": k, "Type": "string"} for k in ("dt", "hour")],
            "StorageDescriptor": _storage(table, f"s3://coinlake/curated/{table.name}/"),
        },
    )


def _register(glue: Any, table: TableSchema, hour: Hour) -> None:
    location = f"s3://coinlake/curated/{table.name}/{hour.path}/"
    glue.batch_create_partition(
        DatabaseName="coinlake",
        TableName=table.name,
        PartitionInputList=[
            {
                "Values": [hour.dt, hour.hour],
                "StorageDescriptor": _storage(table, location),
            }
        ],
    )


def _storage(table: TableSchema, location: str) -> dict[str, Any]:
    serde = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    return {
        "Columns": [{"Name": c.name, "Type": c.type} for c in table.columns],
        "Location": location,
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {}},
    }


def _put(s3: Any, table: TableSchema, hour: Hour, rows: list[dict[str, Any]]) -> None:
    schema = pa.schema([(column.name, _ARROW[column.type]) for column in table.columns])
    full = [{name: row.get(name) for name in schema.names} for row in rows]
    body = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(full, schema), body, compression="zstd")
    s3.put_object(Bucket="coinlake", Key=curated_key(table.name, hour), Body=body.getvalue())
