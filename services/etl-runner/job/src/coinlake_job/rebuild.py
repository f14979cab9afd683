"""The run: manifest in, an hour in each task, result out."""

import argparse
import time
from collections.abc import Callable, Sequence

from pyspark import SparkConf, SparkContext

from coinlake.contracts.batches import MAX_HOUR_BYTES, HourResult, Manifest, Result
from coinlake_job import lake
from coinlake_job.carry import Task, rebuilt
from coinlake_job.lake import Batch


class HourTooLargeError(Exception):
    """An hour is larger than one task can rebuild; the message says what to do."""


def main(argv: Sequence[str], work: Callable[[Task], HourResult] = rebuilt) -> None:
    """Run one batch: `--manifest s3://bucket/key --batch_id ID --attempt NAME`."""
    parser = argparse.ArgumentParser()
    for name in ("manifest", "batch_id", "attempt"):
        parser.add_argument(f"--{name}", required=True)
    # Glue adds arguments of its own (developer guide, "Using job parameters in AWS Glue jobs").
    arguments, _ = parser.parse_known_args(argv)
    bucket, manifest = lake.load_manifest(arguments.manifest)
    refuse_too_large(manifest)
    # There is nothing to look at while it runs.
    conf = SparkConf().setAppName("coinlake-rebuild").set("spark.ui.enabled", "false")
    with SparkContext.getOrCreate(conf) as context:
        rebuild(context, Batch(bucket, arguments.batch_id, arguments.attempt), manifest, work)


def refuse_too_large(manifest: Manifest) -> None:
    """Raises HourTooLargeError where an hour would not fit."""
    for hour in manifest.hours:
        size = sum(item.size for item in hour.inputs)
        if size > MAX_HOUR_BYTES:
            raise HourTooLargeError(
                f"{hour.feed} {hour.at.path} has {size} bytes of raw objects, the limit is"
                f" {MAX_HOUR_BYTES}: poll less often or raise MAX_HOUR_BYTES and the worker type"
            )


def rebuild(
    context: SparkContext,
    batch: Batch,
    manifest: Manifest,
    work: Callable[[Task], HourResult] = rebuilt,
) -> Result:
    """Rebuild every hour of the manifest, stage its files and put the result."""
    started = time.monotonic()
    tasks = [Task(batch, hour, manifest.max_skew_ms) for hour in manifest.hours]
    hours = tuple(context.parallelize(tasks, len(tasks)).map(work).collect())
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
