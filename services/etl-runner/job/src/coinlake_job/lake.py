"""The job's only contact with S3: manifest and raw objects in, Parquet and result out."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from coinlake.contracts.batches import BatchInput, Manifest, StagedFile, parse_manifest
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import result_key, staging_prefix
from coinlake.contracts.raw_meta import parse_raw_meta

# So many objects are on their way while one is read: an object is a few megabytes.
_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Promise:
    """What an object's metadata says of its content; None where it says nothing of ours."""

    sha256: str | None
    records: int | None


Fetched = tuple[BatchInput, bytes, Promise]
"""An input, its bytes, and what its metadata promises."""


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


def fetched(s3: Any, bucket: str, inputs: Sequence[BatchInput]) -> Iterator[Fetched]:
    """Each input in its order, a few ahead of what is read.

    Reads exactly the keys of the manifest with the ETags that were frozen (`If-Match`): Spark's
    own `binaryFile` takes a key for a glob (Spark 3.5, DataSource.checkAndGlobPathIfNecessary) and
    cannot tell that an object was replaced.
    """

    def fetch(item: BatchInput) -> Fetched:
        answer = s3.get_object(Bucket=bucket, Key=item.key, IfMatch=item.etag)
        return item, answer["Body"].read(), _promise(answer.get("Metadata", {}))

    with ThreadPoolExecutor(_AHEAD) as pool:
        ahead: deque[Future[Fetched]] = deque()
        for item in inputs:
            ahead.append(pool.submit(fetch, item))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _promise(metadata: Mapping[str, str]) -> Promise:
    whole = parse_raw_meta(metadata)
    return Promise(metadata.get("sha256"), None if whole is None else whole.records)


def put_staged(
    s3: Any, batch: Batch, table: str, hour: Hour, body: bytes, rows: int
) -> StagedFile:
    """Store one staged object."""
    key = batch.staged_key(table, hour)
    etag = s3.put_object(Bucket=batch.bucket, Key=key, Body=body)["ETag"].strip('"')
    return StagedFile(table, key, etag, len(body), rows)


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
