"""The job's only contact with S3: manifest and raw objects in, Parquet and result out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
import pyarrow as pa
from botocore.config import Config
from botocore.exceptions import ClientError

from coinlake.contracts.batches import Manifest, parse_manifest
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import result_key, staging_prefix
from coinlake_job.objects import RawSource, rows_of
from coinlake_job.parquet import groups, parquet_bytes
from coinlake_job.schemas import RECORD_ARROW

INPUT = "feed string, dt string, hour string, key string, etag string, max_skew_ms bigint"
WRITTEN = (
    "table string, dt string, hour string, key string, etag string, size bigint, rows bigint"
)
_WRITTEN_ARROW = pa.schema(
    [
        *((name, pa.string()) for name in ("table", "dt", "hour", "key", "etag")),
        ("size", pa.int64()),
        ("rows", pa.int64()),
    ]
)
# Decoded rows of a batch are a few times larger than the text that they come from.
_BATCH_RECORDS = 64
_BATCH_BYTES = 4 * 1024 * 1024

Batches = Iterable[pa.RecordBatch]
OnBatches = Callable[[Batches], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Where this run reads and writes."""

    bucket: str
    batch_id: str
    attempt: str

    def staged_key(self, table: str, hour: Hour) -> str:
        return (
            f"{staging_prefix(self.batch_id, self.attempt)}{table}/{hour.path}/part-0.parquet"
        )

    def made_by(self) -> dict[str, str]:
        return {"coinlake.batch_id": self.batch_id, "coinlake.attempt": self.attempt}


def client() -> Any:
    """An S3 client from the standard environment; on Glue that is the job's role."""
    config = Config(
        s3={"addressing_style": "path"},
        retries={"mode": "standard", "total_max_attempts": 5},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client("s3", config=config)


def load_manifest(location: str) -> tuple[str, Manifest]:
    """The bucket and the manifest of `s3://bucket/key`."""
    parts = urlsplit(location)
    body = client().get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))["Body"].read()
    return parts.netloc, parse_manifest(body)


def reader(bucket: str) -> OnBatches:
    """Rows of INPUT to rows of `schemas.RECORD`: fetch, decode and type each raw object.

    Reads exactly the keys of the manifest with the ETags that were frozen (`If-Match`): Spark's
    own `binaryFile` takes a key for a glob (Spark 3.5, DataSource.checkAndGlobPathIfNecessary) and
    cannot tell that an object was replaced.
    """

    def read(batches: Batches) -> Iterator[pa.RecordBatch]:
        s3 = client()
        for batch in batches:
            for item in batch.to_pylist():
                yield from _record_batches(s3, bucket, item)

    return read


def _record_batches(s3: Any, bucket: str, item: dict[str, Any]) -> Iterator[pa.RecordBatch]:
    answer = s3.get_object(Bucket=bucket, Key=item["key"], IfMatch=item["etag"])
    source = RawSource(
        item["feed"],
        item["dt"],
        item["hour"],
        item["key"],
        item["etag"],
        answer.get("Metadata", {}).get("sha256"),
        item["max_skew_ms"],
    )
    rows: list[dict[str, Any]] = []
    pending = 0
    body = answer["Body"].read()
    for row in rows_of(source, body):
        rows.append(row)
        pending += sum(len(row.get(name) or ()) for name in RECORD_ARROW.names[-5:]) * 512
        if len(rows) >= _BATCH_RECORDS or pending >= _BATCH_BYTES:
            yield pa.RecordBatch.from_pylist(rows, schema=RECORD_ARROW)
            rows, pending = [], 0
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=RECORD_ARROW)


def writer(batch: Batch) -> OnBatches:
    """Rows of `transform.stacked`, sorted by table and hour, to staged objects; rows of WRITTEN."""

    def write(batches: Batches) -> Iterator[pa.RecordBatch]:
        s3 = client()
        for (table, dt, hour), parts in groups(batches):
            rows = sum(len(part) for part in parts)
            body = parquet_bytes(table, parts, batch.made_by())
            written = put_staged(s3, batch, table, Hour(dt, hour), body) | {"rows": rows}
            yield pa.RecordBatch.from_pylist([written], schema=_WRITTEN_ARROW)

    return write


def put_staged(s3: Any, batch: Batch, table: str, hour: Hour, body: bytes) -> dict[str, Any]:
    """Store one staged object; what was written, without its rows."""
    key = batch.staged_key(table, hour)
    etag = s3.put_object(Bucket=batch.bucket, Key=key, Body=body)["ETag"].strip('"')
    return {
        "table": table,
        "dt": hour.dt,
        "hour": hour.hour,
        "key": key,
        "etag": etag,
        "size": len(body),
    }


def put_empty(s3: Any, batch: Batch, table: str, hour: Hour) -> dict[str, Any]:
    """Stage an object without rows: a published hour has an object in every table."""
    return put_staged(s3, batch, table, hour, parquet_bytes(table, (), batch.made_by())) | {
        "rows": 0
    }


def put_result(s3: Any, batch: Batch, body: bytes) -> bool:
    """Put the result where there is none; False where another attempt was first."""
    try:
        s3.put_object(
            Bucket=batch.bucket, Key=result_key(batch.batch_id), Body=body, IfNoneMatch="*"
        )
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 412:
            return False
        raise
    return True
