"""The job's casts are its own: every one of them on this Spark, with ANSI casts and without."""

import io
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from coinlake.contracts.datasets import ELEMENTS
from coinlake_job.lake import Batch
from coinlake_job.rebuild import rebuild
from tests import sparks
from tests.spark.batches import casts_in, hours_of_casts, made_here, manifest, staged
from tests.spark.warnings_of_pyspark import IGNORED
from tests.unit.coinlake_kernel.by_rules import plain_rows
from tests.unit.coinlake_kernel.casts import CASTS
from tests.unit.coinlake_kernel.test_cast_rules import assert_row

pytestmark = IGNORED


def test_every_cast_is_what_the_table_says(spark: SparkContext, s3: Any, bucket: str) -> None:
    batch, landed = Batch(bucket, "batch-1", "a1"), hours_of_casts(s3, bucket)

    result = rebuild(spark, batch, manifest(batch, landed))

    seen = 0
    for one, done in zip(landed, result.hours, strict=True):
        bodies = staged(s3, bucket, done)
        assert bodies == made_here(batch, one)
        body = bodies[ELEMENTS[one.hour.feed].table]
        for row, place, cast in casts_in(plain_rows(pq.read_table(io.BytesIO(body)))):
            assert_row(row, place, cast)
            seen += 1
    assert seen == sum(map(len, CASTS.values()))


@pytest.mark.parametrize("text", ["x", "1e20", "", "2147483648"])
def test_control_a_cast_of_spark_depends_on_the_setting(
    spark: SparkContext, ansi: str, text: str
) -> None:
    """That the two runs of these tests do differ."""
    frame = SparkSession(spark).sql(f"SELECT CAST('{text}' AS INT)")

    if ansi == "true":
        with pytest.raises(PySparkException, match="CAST_INVALID_INPUT"):
            frame.collect()
    else:
        assert [tuple(row) for row in frame.collect()] == [(None,)]


def test_this_is_the_spark_that_was_asked_for(spark: SparkContext) -> None:
    assert spark.version == sparks.asked().version


@pytest.mark.parametrize("name", sparks.SPARKS)
def test_control_another_spark_is_refused(spark: SparkContext, name: str) -> None:
    if sparks.SPARKS[name] == sparks.asked():
        sparks.check(spark.version, sparks.SPARKS[name])
        return
    with pytest.raises(sparks.WrongSparkError, match="was asked for"):
        sparks.check(spark.version, sparks.SPARKS[name])
