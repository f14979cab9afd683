"""A lake for the dry run: three days of published hours, and open ones in the raw zone alone."""

import gzip
import io
import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coinlake.contracts.datasets import ASSETS, TABLES
from coinlake.contracts.hours import HOUR_MS, Hour
from coinlake.contracts.ledger import Counts, Output, curated_key, ledger_key
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.tables import TableSchema
from coinlake.views.definition import table_input as view_table
from coinlake.views.every import STANDING
from coinlake.views.live import live_views
from coinlake.views.raw_tables import raw_table
from coinlake_tools import resources
from coinlake_tools.resources import Lake
from tests.labs.ledger_entries import ledger_entry

NAME = "dryrun"
"""The bucket and the database."""
DAYS = ("2026-11-20", "2026-11-21", "2026-11-22")
HOURS = tuple(Hour(day, f"{number:02d}") for day in DAYS for number in range(0, 24, 6))
LAST = HOURS[-1]
OPEN = (Hour("2026-11-22", "19"), Hour("2026-11-22", "20"))
ASSET_IDS = [f"asset-{number}" for number in range(40)]
_TABLES = ("quotes", "asset_tokens", "candles_1m", "rates", "exchanges")
# Two row groups an object, so that parts of one can be passed over.
_ROW_GROUP = 120
_CHOSEN = random.Random(17)
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


def publish(s3: Any, glue: Any) -> None:
    """The whole lake: objects, tables, partitions, views, ledger."""
    s3.create_bucket(Bucket=NAME)
    glue.create_database(DatabaseInput={"Name": NAME})
    for table in (TABLES[name] for name in _TABLES):
        glue.create_table(DatabaseName=NAME, TableInput=_table_input(table))
        for hour in HOURS:
            _publish_hour(s3, glue, table, hour)
    for hour in HOURS:
        _commit(s3, hour)
    for hour in (LAST, *OPEN):
        key = str(RawKey(ASSETS.topic, hour, 1, 0, 0))
        s3.put_object(Bucket=NAME, Key=key, Body=_answers(hour))
    lake = Lake(NAME, NAME, "role")
    tables = [raw_table(ASSETS, NAME), resources.ledger_table(lake)]
    views = [*STANDING.values(), *live_views(ASSETS, LAST, HOUR_MS)]
    for made in [*tables, *(view_table(view, NAME) for view in views)]:
        glue.create_table(DatabaseName=NAME, TableInput=made)


def _table_input(table: TableSchema) -> dict[str, Any]:
    return {
        "Name": table.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
        "PartitionKeys": [{"Name": k, "Type": "string"} for k in ("dt", "hour")],
        "StorageDescriptor": _storage(table, f"s3://{NAME}/curated/{table.name}/"),
    }


def _storage(table: TableSchema, location: str) -> dict[str, Any]:
    serde = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    return {
        "Columns": [{"Name": c.name, "Type": c.type} for c in table.columns],
        "Location": location,
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {}},
    }


def _publish_hour(s3: Any, glue: Any, table: TableSchema, hour: Hour) -> None:
    schema = pa.schema([(column.name, _ARROW[column.type]) for column in table.columns])
    start = datetime.fromtimestamp(hour.start_ms / 1000, UTC).replace(tzinfo=None)
    rows = [
        {name: _value(name, table, start, number) for name in schema.names}
        for number in range(200 + 13 * (hour.start_ms // HOUR_MS % 7))
    ]
    body = io.BytesIO()
    made = pa.Table.from_pylist(rows, schema)
    pq.write_table(made, body, compression="zstd", row_group_size=_ROW_GROUP)
    s3.put_object(Bucket=NAME, Key=curated_key(table.name, hour), Body=body.getvalue())
    location = f"s3://{NAME}/curated/{table.name}/{hour.path}/"
    glue.batch_create_partition(
        DatabaseName=NAME,
        TableName=table.name,
        PartitionInputList=[
            {"Values": [hour.dt, hour.hour], "StorageDescriptor": _storage(table, location)}
        ],
    )


def _value(name: str, table: TableSchema, start: datetime, number: int) -> Any:
    kind = next(column.type for column in table.columns if column.name == name)
    if name.endswith("_id"):
        return ASSET_IDS[number % len(ASSET_IDS)]
    return {
        "string": f"{name}-{_CHOSEN.random()}",
        "int": number,
        "bigint": number * 7,
        "boolean": number % 2 == 0,
        "timestamp": start + timedelta(seconds=number * 9),
        "decimal(38,18)": Decimal(_CHOSEN.randrange(10**12)) / 10**6,
        "decimal(38,28)": Decimal(_CHOSEN.randrange(10**6)) / 10**6,
        "map<string,string>": [(f"key-{number % 5}", str(_CHOSEN.random()))],
    }[kind]


def _commit(s3: Any, hour: Hour) -> None:
    outputs = tuple(
        Output(name, curated_key(name, hour), "etag", 1, 200)
        for name in ("quotes", "candles_1m")
    )
    entry = ledger_entry(
        "assets",
        hour,
        version=1,
        outputs=outputs,
        counts=Counts(1, 1, 0, 0, 0, 1, 1, 0, 0),
        min_received_ms=hour.start_ms,
        max_received_ms=hour.start_ms + 1000,
        complete=True,
        closed_by="heartbeat",
        committed_at_ms=hour.end_ms,
        watermark_ms=hour.end_ms,
    )
    s3.put_object(Bucket=NAME, Key=ledger_key("assets", hour, 1), Body=entry.encode())


def _answers(hour: Hour) -> bytes:
    lines = [
        {
            "timestamp": hour.start_ms + 60_000 * minute,
            "data": [
                {"id": one, "symbol": one[:3].upper(), "priceUsd": str(_CHOSEN.random())}
                for one in ASSET_IDS
            ],
        }
        for minute in range(20)
    ]
    return gzip.compress("\n".join(map(json.dumps, lines)).encode())
