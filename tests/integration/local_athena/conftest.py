"""The cloud's S3 and catalog with a small lake, and the local Athena over them."""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_cloud.athena.api.executions import FINAL
from local_cloud.athena.api.service import AthenaService
from local_cloud.bill import Bill
from local_cloud.catalog.service import CatalogService
from local_cloud.clients import Clients, clients_for
from local_cloud.dispatch import CloudParts, Dispatcher
from local_cloud.faults import Faults
from local_cloud.glue import Glue
from local_cloud.moto_services import moto_services
from local_cloud.server import Server

HOURS = ("00", "01", "02", "03")
SCHEMA = pa.schema(
    [
        ("asset_id", pa.string()),
        ("price_usd", pa.decimal128(38, 18)),
        ("rank", pa.int32()),
        ("source_ts", pa.timestamp("ms", "UTC")),
    ]
)


@dataclass
class World:
    """The lake, its clients, and Athena."""

    clients: Clients
    athena: AthenaService
    bill: Bill
    state_dir: Path

    def start(self, sql: str, **more: Any) -> str:
        request = {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": "coinlake"},
            "ResultConfiguration": {"OutputLocation": "s3://lake/athena-results/"},
            **more,
        }
        return str(self.athena.handle("StartQueryExecution", request)["QueryExecutionId"])

    def ended(self, id_: str) -> dict[str, Any]:
        """The execution once it is final."""
        live = self.athena._pool._live.get(id_)
        if live is not None:
            assert live.done.wait(60)
        answer = self.athena.handle("GetQueryExecution", {"QueryExecutionId": id_})
        execution: dict[str, Any] = answer["QueryExecution"]
        assert execution["Status"]["State"] in FINAL
        return execution

    def run(self, sql: str, **more: Any) -> dict[str, Any]:
        return self.ended(self.start(sql, **more))

    def rows(self, sql: str, **more: Any) -> list[list[str | None]]:
        """Data rows of a query that must succeed."""
        execution = self.run(sql, **more)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        answer = self.athena.handle(
            "GetQueryResults", {"QueryExecutionId": execution["QueryExecutionId"]}
        )
        found = [
            [cell.get("VarCharValue") for cell in row["Data"]]
            for row in answer["ResultSet"]["Rows"]
        ]
        return found[1:] if execution["StatementType"] == "DML" else found

    def failure(self, sql: str, **more: Any) -> str:
        """The reason of a query that must fail."""
        execution = self.run(sql, **more)
        assert execution["Status"]["State"] == "FAILED", execution["Status"]
        return str(execution["Status"]["StateChangeReason"])

    def put(self, key: str, body: bytes) -> None:
        self.clients.s3.put_object(Bucket="lake", Key=key, Body=body)


def quotes(hour: str, count: int = 10) -> bytes:
    """A Parquet file: bitcoin at 10000 + hour and 1/3, ethereum without price."""
    rows = count // 2
    price = Decimal(10000 + int(hour)) + Decimal("0.333333333333333333")
    table = pa.table(
        {
            "asset_id": ["bitcoin", "ethereum"] * rows,
            "price_usd": pa.array([price, None] * rows, pa.decimal128(38, 18)),
            "rank": pa.array([1, 2] * rows, pa.int32()),
            "source_ts": pa.array(
                [1_763_805_600_000 + int(hour)] * count, SCHEMA.field(3).type
            ),
        },
        schema=SCHEMA,
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


QUOTES_DDL = """
CREATE EXTERNAL TABLE quotes (
  asset_id string, price_usd decimal(38,18), `rank` int, source_ts timestamp, added_later double)
PARTITIONED BY (dt string, hour string)
STORED AS PARQUET LOCATION 's3://lake/curated/quotes/'
TBLPROPERTIES ('classification'='parquet')
"""


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    catalog = CatalogService(tmp_path_factory.mktemp("catalog") / "catalog.jsonl", time.time)
    engines = {"glue": Glue(catalog.operations)}
    parts = CloudParts(moto_services(), engines, Faults(), Bill(), None)
    with Server("127.0.0.1", 0, Dispatcher(parts)) as serving:
        yield f"http://127.0.0.1:{serving.port}"


@pytest.fixture(scope="package")
def clients(server: str) -> Iterator[Clients]:
    """Made once: botocore reads its models for each client anew."""
    made = clients_for(server, server, "us-east-1", "test", "test")
    yield made
    made.s3.close()
    made.glue.close()


@pytest.fixture
def world(clients: Clients, tmp_path: Path) -> Iterator[World]:
    _empty(clients)
    bill = Bill()
    athena = AthenaService(clients, tmp_path, bill)
    made = World(clients, athena, bill, tmp_path)
    clients.s3.create_bucket(Bucket="lake")
    made.rows("CREATE DATABASE coinlake")
    made.rows(QUOTES_DDL)
    for hour in HOURS:
        made.put(f"curated/quotes/dt=2026-11-22/hour={hour}/part-0.parquet", quotes(hour))
    partitions = " ".join(f"PARTITION (dt='2026-11-22', hour='{hour}')" for hour in HOURS)
    made.rows(f"ALTER TABLE quotes ADD {partitions}")
    yield made
    made.athena.close()


def _empty(clients: Clients) -> None:
    for bucket in clients.s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        for one in clients.s3.list_objects_v2(Bucket=name).get("Contents", []):
            clients.s3.delete_object(Bucket=name, Key=one["Key"])
        clients.s3.delete_bucket(Bucket=name)
    for database in clients.glue.get_databases()["DatabaseList"]:
        clients.glue.delete_database(Name=database["Name"])
