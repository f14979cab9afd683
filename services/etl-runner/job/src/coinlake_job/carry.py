"""What one task does: an hour from its raw objects to its staged Parquet objects."""

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from coinlake.contracts.batches import BatchHour, BatchInput, HourResult, StagedFile
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.raw_layout import parse_raw_key
from coinlake_job import lake
from coinlake_job.lake import Batch
from coinlake_job.result import hour_result
from coinlake_kernel.hour import HourKernel, TypedHour
from coinlake_kernel.parquet import parquet_bytes, without_rows
from coinlake_kernel.records import RawSource

_PUTS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Task:
    """An hour to rebuild, and for whom."""

    batch: Batch
    hour: BatchHour
    max_skew_ms: int


def rebuilt(task: Task) -> HourResult:
    """Rebuild the hour and stage its objects, those of tables without rows too."""
    s3 = lake.client()
    with _without_collector():
        typed = read(s3, task)
    return hour_result(task.hour, typed, stage(s3, task, typed))


def read(s3: Any, task: Task) -> TypedHour:
    """The tables of all raw objects of the hour."""
    hour = task.hour
    kernel = HourKernel(hour.feed, task.max_skew_ms)
    for item, body, promise in lake.fetched(s3, task.batch.bucket, in_order(hour.inputs)):
        source = RawSource(
            hour.feed,
            hour.dt,
            hour.hour,
            item.key,
            item.etag,
            promise.sha256,
            task.max_skew_ms,
            promise.records,
        )
        kernel.add(source, body)
    return kernel.finish()


def in_order(inputs: Sequence[BatchInput]) -> list[BatchInput]:
    """By epoch, partition and offset, so that of two equal answers the first stays.

    Objects of other writers come last, by their keys.
    """
    parsed = [(parse_raw_key(item.key), item) for item in inputs]
    ours = [(key, item) for key, item in parsed if key is not None]
    others = [item for key, item in parsed if key is None]
    return [
        *(item for _, item in sorted(ours, key=lambda one: one[0])),
        *sorted(others, key=lambda item: item.key),
    ]


def stage(s3: Any, task: Task, typed: TypedHour) -> list[StagedFile]:
    """One object for each table that the hour publishes, in the order of publishing."""

    def put(table: str) -> StagedFile:
        rows = typed.tables.get(table) or without_rows(table)
        body = parquet_bytes(table, rows, task.batch.made_by())
        return lake.put_staged(s3, task.batch, table, task.hour.at, body, len(rows))

    with ThreadPoolExecutor(_PUTS_AT_ONCE) as pool:
        return list(pool.map(put, TABULAR[task.hour.feed].published))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Parsed answers are trees that end by themselves; looking for circles costs a fifth of all."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
