"""The run: manifest in, hours rebuilt in one pass over their raw objects, result out."""

import argparse
import time
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from pyspark.sql import DataFrame, SparkSession
from pyspark.storagelevel import StorageLevel

from coinlake.contracts.batches import (
    MAX_HOUR_BYTES,
    BatchHour,
    HourResult,
    Manifest,
    Result,
)
from coinlake.contracts.datasets import ELEMENTS, TABULAR
from coinlake_job import lake, transform
from coinlake_job.lake import Batch
from coinlake_job.result import Tally, Written, hour_result, put_aside
from coinlake_job.schemas import RECORD

_BYTES_PER_TASK = 8 * 1024 * 1024
_SMALL_TASKS = 4


class HourTooLargeError(Exception):
    """An hour is larger than one task can rebuild; the message says what to do."""


def main(argv: Sequence[str]) -> None:
    """Run one batch: `--manifest s3://bucket/key --batch_id ID --attempt NAME`."""
    parser = argparse.ArgumentParser()
    for name in ("manifest", "batch_id", "attempt"):
        parser.add_argument(f"--{name}", required=True)
    # Glue adds arguments of its own (developer guide, "Using job parameters in AWS Glue jobs").
    arguments, _ = parser.parse_known_args(argv)
    bucket, manifest = lake.load_manifest(arguments.manifest)
    refuse_too_large(manifest)
    spark = session(manifest)
    rebuild(spark, Batch(bucket, arguments.batch_id, arguments.attempt), manifest)
    spark.stop()


def session(manifest: Manifest) -> SparkSession:
    """A session sized for the batch; settings of the deployment stay as they are."""
    builder = SparkSession.builder.appName("coinlake-rebuild")
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(tasks(manifest)),
        # The plan is known; asking again after each stage costs more than it saves.
        "spark.sql.adaptive.enabled": "false",
        # Compiling a stage takes longer than interpreting it over a small batch.
        "spark.sql.codegen.wholeStage": str(tasks(manifest) > _SMALL_TASKS).lower(),
        "spark.sql.execution.arrow.maxRecordsPerBatch": "5000",
        "spark.ui.enabled": "false",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def tasks(manifest: Manifest) -> int:
    """How many partitions the batch is worth."""
    size = sum(item.size for hour in manifest.hours for item in hour.inputs)
    return max(2, min(64, size // _BYTES_PER_TASK))


def refuse_too_large(manifest: Manifest) -> None:
    """Raises HourTooLargeError where an hour would not fit."""
    for hour in manifest.hours:
        size = sum(item.size for item in hour.inputs)
        if size > MAX_HOUR_BYTES:
            raise HourTooLargeError(
                f"{hour.feed} {hour.at.path} has {size} bytes of raw objects, the limit is"
                f" {MAX_HOUR_BYTES}: poll less often or raise MAX_HOUR_BYTES and the worker type"
            )


def rebuild(spark: SparkSession, batch: Batch, manifest: Manifest) -> Result:
    """Rebuild every hour of the manifest, stage its files and put the result."""
    started = time.monotonic()
    records = transform.deduplicated(read(spark, batch.bucket, manifest))
    records = records.persist(StorageLevel.MEMORY_AND_DISK)
    tallies = [row.asDict() for row in transform.tallies(records).collect()]
    files = write(records, batch, manifest, put_aside(tallies))
    hours = tuple(_hour(hour, tallies, files) for hour in manifest.hours)
    useful_ms = int((time.monotonic() - started) * 1000)
    result = Result(
        batch.batch_id,
        batch.attempt,
        manifest.job_version,
        manifest.code_version,
        useful_ms,
        hours,
    )
    lake.put_result(lake.client(), batch, result.encode())
    return result


def read(spark: SparkSession, bucket: str, manifest: Manifest) -> DataFrame:
    """The records of every raw object of the manifest."""
    inputs = [
        (hour.feed, hour.dt, hour.hour, item.key, item.etag, manifest.max_skew_ms)
        for hour in manifest.hours
        for item in hour.inputs
    ]
    frame = spark.createDataFrame(inputs, lake.INPUT)
    return frame.mapInArrow(lake.reader(bucket), RECORD)


def write(
    records: DataFrame, batch: Batch, manifest: Manifest, aside: Collection[str]
) -> list[Written]:
    """Stage one object per table and hour, those without rows too."""
    feeds = sorted({hour.feed for hour in manifest.hours})
    frame = transform.stacked(transform.tables(records, feeds, aside))
    # A union has the partitions of all its parts (Spark 3.5, UnionRDD): far too many tasks for a
    # small batch.
    frame = frame.coalesce(tasks(manifest))
    frame = frame.repartition("table", "dt", "hour").sortWithinPartitions("table", "dt", "hour")
    files: list[Written] = [
        row.asDict() for row in frame.mapInArrow(lake.writer(batch), lake.WRITTEN).collect()
    ]
    there = {(file["table"], file["dt"], file["hour"]) for file in files}
    missing = [
        (table, hour.at)
        for hour in manifest.hours
        for table in TABULAR[hour.feed].published
        if (table, hour.dt, hour.hour) not in there
    ]
    s3 = lake.client()
    with ThreadPoolExecutor(8) as pool:
        empty = pool.map(lambda item: lake.put_empty(s3, batch, *item), missing)
        return list(chain(files, empty))


def _hour(hour: BatchHour, tallies: Sequence[Tally], files: Iterable[Written]) -> HourResult:
    names = TABULAR[hour.feed].published
    own: list[Written] = [
        file
        for file in files
        if file["table"] in names and (file["dt"], file["hour"]) == (hour.dt, hour.hour)
    ]
    own.sort(key=lambda file: names.index(str(file["table"])))
    return hour_result(hour, tallies, own, ELEMENTS[hour.feed].table)
