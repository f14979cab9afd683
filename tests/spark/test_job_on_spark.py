"""The job on a real Spark and a real S3 server: what it stages, and when it must fail."""

import io
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark import SparkContext

from coinlake.contracts.batches import BatchHour, BatchInput, Manifest, parse_result
from coinlake.contracts.datasets import TABULAR, table_named
from coinlake.contracts.ledger import result_key
from coinlake.contracts.quality import PROMISE_RULE, RULES_OF
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import RawFormatError
from coinlake.contracts.raw_meta import RawMeta
from coinlake_job.lake import Batch
from coinlake_job.rebuild import rebuild
from tests.spark.conftest import BUCKET
from tests.unit.coinlake_kernel.by_rules import by_rules, plain_rows
from tests.unit.coinlake_kernel.odd_hours import HOUR, SKEW_MS, Objects, hour_by_chance

pytestmark = [
    # pyspark 3.5 asks distutils for versions, and py4j leaves its sockets to the collector.
    pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def metadata(promised: int | None, body: bytes) -> dict[str, str]:
    """What the sink says of an object; nothing where nobody promises anything."""
    if promised is None:
        return {}
    try:
        sha256 = decode(body).sha256
    except RawFormatError:
        sha256 = "of what is no longer there"
    return RawMeta(0, 0, promised, promised, 1, sha256, 1, 2, None, "test").encode()


def landed(s3: Any, feed: str, objects: Objects) -> BatchHour:
    """The hour of raw objects that are in the bucket."""
    inputs = []
    for source, body in objects:
        answer = s3.put_object(
            Bucket=BUCKET, Key=source.key, Body=body, Metadata=metadata(source.promised, body)
        )
        etag = answer["ETag"].strip('"')
        inputs.append(BatchInput(source.key, etag, len(body)))
    return BatchHour(feed, HOUR.dt, HOUR.hour, 0, (), tuple(inputs))


def hours_of_all_feeds(s3: Any) -> tuple[Manifest, dict[str, Objects]]:
    """One hour by chance of each feed, with the ETags that the store gave its objects."""
    objects: dict[str, Objects] = {}
    seed = 100
    while objects.keys() != TABULAR.keys():
        feed, objects[feed] = hour_by_chance(seed)[0], hour_by_chance(seed)[1]
        seed += 1
    hours = tuple(landed(s3, feed, made) for feed, made in objects.items())
    return Manifest("batch-1", 1, "code", SKEW_MS, hours), objects


def rows_of(s3: Any, table: str, key: str) -> list[dict[str, Any]]:
    body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert pq.ParquetFile(io.BytesIO(body)).metadata.metadata[b"coinlake.batch_id"]
    found = pq.read_table(io.BytesIO(body))
    assert found.schema.names == [column.name for column in table_named(table).columns]
    return plain_rows(found)


def test_a_batch_is_staged_row_for_row_as_the_rules_say(spark: SparkContext, s3: Any) -> None:
    manifest, objects = hours_of_all_feeds(s3)

    result = rebuild(spark, Batch(BUCKET, "batch-1", "a1"), manifest)

    stored = s3.get_object(Bucket=BUCKET, Key=result_key("batch-1"))["Body"].read()
    assert parse_result(stored) == result
    promised = 0
    for hour, done in zip(manifest.hours, result.hours, strict=True):
        etags = {item.key: item.etag for item in hour.inputs}
        made = [(replace(one, etag=etags[one.key]), body) for one, body in objects[hour.feed]]
        wanted = by_rules(hour.feed, made)
        assert [file.table for file in done.files] == list(TABULAR[hour.feed].published)
        for file in done.files:
            rows = rows_of(s3, file.table, file.key)
            assert rows == wanted.tables.get(file.table, [])
            assert len(rows) == file.rows
        assert done.counts.records == wanted.tallies["records"]
        counted = {(one.table, one.rule): one for one in done.quality}
        assert list(counted) == [(one.table, one.name) for one in RULES_OF[hour.feed]]
        kept = counted[done.files[0].table, PROMISE_RULE]
        promise = (kept.evaluated, kept.failed)
        assert promise == (wanted.tallies["promised"], wanted.tallies["unkept"])
        promised += kept.evaluated
    assert promised


def test_an_object_that_was_replaced_fails_the_run_and_there_is_no_result(
    spark: SparkContext, s3: Any
) -> None:
    manifest, _ = hours_of_all_feeds(s3)
    hour = manifest.hours[0]
    s3.put_object(Bucket=BUCKET, Key=hour.inputs[0].key, Body=b"another")

    with pytest.raises(Exception, match="PreconditionFailed"):
        rebuild(spark, Batch(BUCKET, "batch-2", "a1"), replace(manifest, batch_id="batch-2"))

    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix=result_key("batch-2"))


def test_the_first_result_of_a_batch_stays(spark: SparkContext, s3: Any) -> None:
    manifest = replace(hours_of_all_feeds(s3)[0], batch_id="batch-3")

    first = rebuild(spark, Batch(BUCKET, "batch-3", "a1"), manifest)
    second = rebuild(spark, Batch(BUCKET, "batch-3", "a2"), manifest)

    stored = s3.get_object(Bucket=BUCKET, Key=result_key("batch-3"))["Body"].read()
    assert parse_result(stored) == first
    # Another attempt has other bytes: no two versions of an hour have one ETag.
    etags = [
        {file.etag for hour in one.hours for file in hour.files} for one in (first, second)
    ]
    assert not etags[0] & etags[1]
