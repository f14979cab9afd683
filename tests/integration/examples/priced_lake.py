"""A lake whose prices a test chooses, made by the project's own commands, formats and rules."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from coinlake.contracts.datasets import ASSETS, table_named
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import Counts, Output, curated_key, ledger_key
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake_kernel.hour import HourKernel, TypedHour
from coinlake_kernel.parquet import parquet_bytes
from coinlake_kernel.records import RawSource
from coinlake_kernel.schemas import file_schema
from coinlake_kernel.sorted_rows import SortedRows
from tests.labs import page_lake
from tests.labs.ledger_entries import ledger_entry
from tests.labs.published_tables import put_table

SKEW_MS = 3_600_000
"""The runner's default `MAX_SKEW_S`."""
_TRAVEL_MS = 3_000
Prices = Mapping[int, Mapping[str, str]]
"""The answers of an hour: what each says its time is, in ms, and the price of each asset."""


class PricedLake:
    """Bucket and database of one name; hours are published into it, and published anew."""

    def __init__(self, name: str, environ: Mapping[str, str], s3: Any, glue: Any) -> None:
        self.name, self._s3, self._glue = name, s3, glue
        names = {"COINLAKE_BUCKET": name, "COINLAKE_DATABASE": name}
        page_lake.provision({**environ, **names})

    def publish(self, hour: Hour, prices: Prices, version: int = 1) -> None:
        """Make the hour's tables of these answers, and commit them as this version."""
        made = _made(hour, prices)
        outputs = [
            put_table(self._s3, self._glue, self.name, hour, name, made)
            for name in ASSETS.published
        ]
        self._commit(hour, version, outputs)

    def put_rows(self, hour: Hour, table: str, rows: list[dict[str, Any]]) -> None:
        """Put rows that no job has made in the place of a table's hour."""
        columns = pa.Table.from_pylist(rows, schema=file_schema(table_named(table)))
        body = parquet_bytes(table, SortedRows.of(columns, np.arange(len(rows))), {})
        self._s3.put_object(Bucket=self.name, Key=curated_key(table, hour), Body=body)

    def _commit(self, hour: Hour, version: int, outputs: Iterable[Output]) -> None:
        entry = ledger_entry(
            ASSETS.name,
            hour,
            version=version,
            outputs=tuple(outputs),
            counts=Counts(1, 1, 0, 0, 0, 1, 1, 0, 0),
            complete=True,
            closed_by="heartbeat",
            committed_at_ms=hour.end_ms + version * 60_000,
            watermark_ms=hour.end_ms,
        )
        key = ledger_key(ASSETS.name, hour, version)
        self._s3.put_object(Bucket=self.name, Key=key, Body=entry.encode())


def _made(hour: Hour, prices: Prices) -> TypedHour:
    records = []
    for offset, (at_ms, priced) in enumerate(sorted(prices.items())):
        data = [_asset(rank, *one) for rank, one in enumerate(sorted(priced.items()), 1)]
        value = json.dumps({"data": data, "timestamp": at_ms}).encode()
        records.append(Record(offset, at_ms + _TRAVEL_MS, b"assets", value, ()))
    key = str(RawKey(ASSETS.topic, hour, 0, 0, 0))
    kernel = HourKernel(ASSETS.name, SKEW_MS)
    kernel.add(
        RawSource(ASSETS.name, hour.dt, hour.hour, key, "etag", None, SKEW_MS),
        encode(records).body,
    )
    return kernel.finish()


def _asset(rank: int, asset_id: str, price: str) -> dict[str, Any]:
    return {
        "id": asset_id,
        "rank": str(rank),
        "symbol": asset_id[:3].upper(),
        "name": asset_id.title(),
        "supply": "19693775.0",
        "maxSupply": None,
        "marketCapUsd": "1000000",
        "volumeUsd24Hr": "1000.25",
        "priceUsd": price,
        "changePercent24Hr": "-1.25",
        "vwap24Hr": price,
        "explorer": None,
        "tokens": {},
    }
