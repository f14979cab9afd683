"""The lake of the bench: an hour of a million quotes, and one as the service's everyday answers read it.

Bucket, catalog and workgroup are made by `coinlake provision`, as anywhere; the two hours are written
and committed to the ledger here.
"""

import io
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coinlake.contracts.datasets import QUOTES
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import Counts, Output, curated_key, ledger_key
from tests.labs.ledger_entries import ledger_entry

BUCKET = "coinlake"
MANY, EVERYDAY = Hour("2026-11-22", "10"), Hour("2026-11-22", "09")
ROWS = 1_000_000
ASSETS = 1000
_GROUP_ROWS = 65_536
_PARTS = ("bucket", "database", "workgroup", "ledger", "tables", "views")
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


def provision(environ: Mapping[str, str]) -> None:
    """Bucket, database, workgroup, tables and views."""
    command = [sys.executable, "-m", "coinlake_tools", "provision"]
    command += [f"--{part}" for part in _PARTS]
    subprocess.run(command, env=dict(environ), check=True, capture_output=True)


def publish(s3: Any, glue: Any, rows: int = ROWS) -> None:
    """Both hours: objects, partitions, ledger."""
    for hour, count in ((EVERYDAY, 60 * ASSETS), (MANY, rows)):
        key = curated_key(QUOTES.name, hour)
        s3.put_object(Bucket=BUCKET, Key=key, Body=_parquet(hour, count))
        _register(glue, hour)
        _commit(s3, hour, key, count)


def question(rows: int, nonce: int) -> str:
    """A statement that gives so many rows; the nonce makes it one that nobody has asked."""
    columns = "asset_id, symbol, rank, price_usd, market_cap_usd, change_24h_pct, source_ts, kafka_offset"
    return (
        f"SELECT {columns} FROM quotes WHERE dt = '{MANY.dt}' AND hour = '{MANY.hour}'"
        f" AND kafka_offset < {rows} AND kafka_offset > {-nonce}"
    )


def _parquet(hour: Hour, count: int) -> bytes:
    schema = pa.schema([(column.name, _ARROW[column.type]) for column in QUOTES.columns])
    known = _columns(hour, count)
    arrays = [
        known[field.name].cast(field.type)
        if field.name in known
        else pa.nulls(count, field.type)
        for field in schema
    ]
    body = io.BytesIO()
    table = pa.Table.from_arrays(arrays, schema=schema)
    pq.write_table(table, body, compression="zstd", row_group_size=_GROUP_ROWS)
    return body.getvalue()


def _columns(hour: Hour, count: int) -> dict[str, pa.Array]:
    """Rows of so many assets, minute after minute, in the order of their offsets."""
    offsets = np.arange(count)
    number = pa.array(offsets % ASSETS)
    names = pc.binary_join_element_wise("asset", pc.cast(number, pa.string()), "-")
    at = hour.start_ms + offsets * 3_600_000 // count
    rng = np.random.default_rng(17)
    cents = pa.array(rng.integers(1, 10**12, count))
    return {
        "asset_id": names,
        "symbol": pc.utf8_upper(names),
        "name": pc.utf8_title(names),
        # Null in an integer: of a text or decimal PyAthena's Arrow cursor gives "" for it.
        "rank": pc.if_else(pc.equal(number, 7), None, pc.add(number, 1)),
        "price_usd": _decimal(cents, Decimal("0.000000123456789")),
        "market_cap_usd": _decimal(cents, Decimal("1.23")),
        "change_24h_pct": _decimal(pc.subtract(cents, 5 * 10**11), Decimal("0.00000000011")),
        "source_ts": pa.array(at, pa.timestamp("ms")),
        "received_ts": pa.array(at + 900, pa.timestamp("ms")),
        "epoch": pa.array(np.ones(count, dtype=np.int64)),
        "kafka_partition": pa.array(np.zeros(count, dtype=np.int64)),
        "kafka_offset": pa.array(offsets),
        "element_index": number,
    }


def _decimal(whole: pa.Array, factor: Decimal) -> pa.Array:
    return pc.multiply(whole.cast(pa.decimal128(19, 0)), pa.scalar(factor))


def _register(glue: Any, hour: Hour) -> None:
    table = glue.get_table(DatabaseName=BUCKET, Name=QUOTES.name)["Table"]
    place = f"s3://{BUCKET}/curated/{QUOTES.name}/{hour.path}/"
    storage = {**table["StorageDescriptor"], "Location": place}
    glue.batch_create_partition(
        DatabaseName=BUCKET,
        TableName=QUOTES.name,
        PartitionInputList=[{"Values": [hour.dt, hour.hour], "StorageDescriptor": storage}],
    )


def _commit(s3: Any, hour: Hour, key: str, count: int) -> None:
    end_ms = hour.start_ms + 3_600_000
    entry = ledger_entry(
        "assets",
        hour,
        outputs=(Output(QUOTES.name, key, "etag", 1, count),),
        counts=Counts(1, 1, 0, 0, 0, 1, count, 0, 0),
        min_received_ms=hour.start_ms,
        max_received_ms=end_ms - 1,
        complete=True,
        closed_by="heartbeat",
        committed_at_ms=int(datetime.now(UTC).timestamp() * 1000),
        watermark_ms=end_ms,
    )
    s3.put_object(Bucket=BUCKET, Key=ledger_key("assets", hour, 1), Body=entry.encode())
