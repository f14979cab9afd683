"""One cloud with a small table, for released clients that know nothing of it but its address."""

import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.local_cloud.conftest import Cloud, end, start

COLUMNS = {
    "asset_id": "string",
    "price": "decimal(38,18)",
    "rank": "int",
    "volume": "bigint",
    "share": "double",
    "listed": "boolean",
    "seen": "timestamp",
    "day": "date",
}
ROWS = {
    "asset_id": ["bitcoin", "ethereum", 'ünïcode, "quoted"\nline', None],
    "price": [Decimal("97123.123456789012345678"), None, Decimal(2), Decimal("-0.5")],
    "rank": [1, 2, 3, 4],
    "volume": [2**53 + 1, -1, 0, 7],
    "share": [1.5, None, 1e-7, 1e22],
    "listed": [True, None, False, True],
    "seen": [1_763_805_600_001, None, 0, 4_102_444_800_999],
    "day": [date(2026, 1, 1), None, date(1969, 12, 31), date(2026, 11, 28)],
}


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud of this folder's own, with the table `lake.quotes`."""
    cloud = start(tmp_path_factory.mktemp("clients"))
    cloud.s3.create_bucket(Bucket="lake")
    cloud.glue.create_database(DatabaseInput={"Name": "lake"})
    cloud.glue.create_table(DatabaseName="lake", TableInput=_quotes())
    cloud.s3.put_object(Bucket="lake", Key="quotes/part.parquet", Body=_parquet())
    yield cloud
    assert end(cloud) == 0


def _quotes() -> dict[str, object]:
    serde = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    return {
        "Name": "quotes",
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in COLUMNS.items()],
            "Location": "s3://lake/quotes/",
            "SerdeInfo": {"SerializationLibrary": serde},
        },
    }


def _parquet() -> bytes:
    types = {
        "asset_id": pa.string(),
        "price": pa.decimal128(38, 18),
        "rank": pa.int32(),
        "volume": pa.int64(),
        "share": pa.float64(),
        "listed": pa.bool_(),
        "seen": pa.timestamp("ms"),
        "day": pa.date32(),
    }
    body = io.BytesIO()
    arrays = {name: pa.array(ROWS[name], kind) for name, kind in types.items()}
    pq.write_table(pa.table(arrays), body)
    return body.getvalue()
