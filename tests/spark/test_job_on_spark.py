"""The job on a real Spark and a real S3 server: what it stages, and when it must fail."""

import io
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark import SparkContext

from coinlake.contracts.batches import parse_result
from coinlake.contracts.datasets import TABULAR, table_named
from coinlake.contracts.ledger import result_key
from coinlake.contracts.quality import PROMISE_RULE, RULES_OF
from coinlake_job.lake import Batch
from coinlake_job.rebuild import rebuild
from tests.spark.batches import hours_by_chance, made_here, manifest, staged
from tests.spark.warnings_of_pyspark import IGNORED
from tests.unit.coinlake_kernel.by_rules import by_rules, plain_rows

pytestmark = IGNORED


def rows_of(table: str, body: bytes) -> list[dict[str, Any]]:
    assert pq.ParquetFile(io.BytesIO(body)).metadata.metadata[b"coinlake.batch_id"]
    found = pq.read_table(io.BytesIO(body))
    assert found.schema.names == [column.name for column in table_named(table).columns]
    return plain_rows(found)


def test_a_batch_is_staged_row_for_row_as_the_rules_say(
    spark: SparkContext, s3: Any, bucket: str
) -> None:
    batch, landed = Batch(bucket, "batch-1", "a1"), hours_by_chance(s3, bucket)

    result = rebuild(spark, batch, manifest(batch, landed))

    stored = s3.get_object(Bucket=bucket, Key=result_key("batch-1"))["Body"].read()
    assert parse_result(stored) == result
    promised = 0
    for one, done in zip(landed, result.hours, strict=True):
        wanted = by_rules(one.hour.feed, one.objects)
        assert [file.table for file in done.files] == list(TABULAR[one.hour.feed].published)
        for (table, body), file in zip(
            staged(s3, bucket, done).items(), done.files, strict=True
        ):
            rows = rows_of(table, body)
            assert rows == wanted.tables.get(table, [])
            assert len(rows) == file.rows
        assert done.counts.records == wanted.tallies["records"]
        counted = {(rule.table, rule.rule): rule for rule in done.quality}
        assert list(counted) == [(rule.table, rule.name) for rule in RULES_OF[done.feed]]
        kept = counted[done.files[0].table, PROMISE_RULE]
        promise = (kept.evaluated, kept.failed)
        assert promise == (wanted.tallies["promised"], wanted.tallies["unkept"])
        promised += kept.evaluated
    assert promised


def test_each_byte_is_what_the_kernel_makes_without_spark(
    spark: SparkContext, s3: Any, bucket: str
) -> None:
    batch, landed = Batch(bucket, "batch-1", "a1"), hours_by_chance(s3, bucket)

    result = rebuild(spark, batch, manifest(batch, landed))

    for one, done in zip(landed, result.hours, strict=True):
        assert staged(s3, bucket, done) == made_here(batch, one)


def test_an_object_that_was_replaced_fails_the_run_and_there_is_no_result(
    spark: SparkContext, s3: Any, bucket: str
) -> None:
    batch, landed = Batch(bucket, "batch-2", "a1"), hours_by_chance(s3, bucket)
    replaced = landed[0].hour.inputs[0].key
    s3.put_object(Bucket=bucket, Key=replaced, Body=b"another")

    with pytest.raises(Exception, match="PreconditionFailed"):
        rebuild(spark, batch, manifest(batch, landed))

    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix=result_key("batch-2"))


def test_the_first_result_of_a_batch_stays(spark: SparkContext, s3: Any, bucket: str) -> None:
    batch, landed = Batch(bucket, "batch-3", "a1"), hours_by_chance(s3, bucket)

    first = rebuild(spark, batch, manifest(batch, landed))
    second = rebuild(spark, replace(batch, attempt="a2"), manifest(batch, landed))

    stored = s3.get_object(Bucket=bucket, Key=result_key("batch-3"))["Body"].read()
    assert parse_result(stored) == first
    # Another attempt has other bytes: no two versions of an hour have one ETag.
    etags = [
        {file.etag for hour in one.hours for file in hour.files} for one in (first, second)
    ]
    assert not etags[0] & etags[1]
