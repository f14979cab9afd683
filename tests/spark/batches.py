"""Batches of raw objects in a bucket, and what must be staged of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from coinlake.contracts.batches import BatchHour, BatchInput, HourResult, Manifest
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.elements import Kind
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import RawFormatError
from coinlake.contracts.raw_meta import RawMeta
from coinlake_job.carry import in_order
from coinlake_job.lake import Batch
from coinlake_kernel.hour import HourKernel
from coinlake_kernel.parquet import parquet_bytes, without_rows
from tests.unit.coinlake_kernel.casts import CASTS, Cast, Place, places
from tests.unit.coinlake_kernel.odd_hours import HOUR, SKEW_MS, Objects, hour_by_chance

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Landed:
    """An hour whose raw objects are in the bucket, with the ETags that the store gave them."""

    hour: BatchHour
    objects: Objects


def land(s3: Any, bucket: str, feed: str, objects: Objects) -> Landed:
    """Put the objects; they are told in the order in which the job reads them."""
    inputs, made = [], {}
    for source, body in objects:
        promise = _metadata(source.promised, body)
        answer = s3.put_object(Bucket=bucket, Key=source.key, Body=body, Metadata=promise)
        etag = answer["ETag"].strip('"')
        inputs.append(BatchInput(source.key, etag, len(body)))
        made[source.key] = (replace(source, etag=etag), body)
    hour = BatchHour(feed, HOUR.dt, HOUR.hour, 0, (), tuple(inputs))
    return Landed(hour, [made[item.key] for item in in_order(inputs)])


def _metadata(promised: int | None, body: bytes) -> dict[str, str]:
    """What the sink says of an object; nothing where nobody promises anything."""
    if promised is None:
        return {}
    try:
        sha256 = decode(body).sha256
    except RawFormatError:
        sha256 = "of what is no longer there"
    return RawMeta(0, 0, promised, promised, 1, sha256, 1, 2, None, "test").encode()


def hours_by_chance(s3: Any, bucket: str) -> list[Landed]:
    """One hour by chance of each feed."""
    objects: dict[str, Objects] = {}
    seed = 100
    while objects.keys() != TABULAR.keys():
        feed, made = hour_by_chance(seed)
        objects[feed] = made
        seed += 1
    return [land(s3, bucket, feed, made) for feed, made in objects.items()]


def hours_of_casts(s3: Any, bucket: str) -> list[Landed]:
    """Hours in which every cast of the table is met; the partition tells the kind."""
    objects: dict[str, Objects] = {}
    for partition, kind in enumerate(KINDS):
        place = places(kind)[0]
        made = place.hour(CASTS[kind], partition)
        objects[place.feed] = objects.get(place.feed, []) + made
    return [land(s3, bucket, feed, made) for feed, made in objects.items()]


def casts_in(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Place, Cast]]:
    """Each row of such hours with the cast that it must show."""
    for row in rows:
        kind = KINDS[row["kafka_partition"]]
        yield row, places(kind)[0], CASTS[kind][row["kafka_offset"]]


def manifest(batch: Batch, landed: list[Landed]) -> Manifest:
    return Manifest(batch.batch_id, 1, "code", SKEW_MS, tuple(one.hour for one in landed))


def made_here(batch: Batch, landed: Landed) -> Mapping[str, bytes]:
    """The Parquet object of each table, made in this process by the kernel alone."""
    kernel = HourKernel(landed.hour.feed, SKEW_MS)
    for source, body in landed.objects:
        kernel.add(source, body)
    typed = kernel.finish()
    return {
        table: parquet_bytes(
            table, typed.tables.get(table) or without_rows(table), batch.made_by()
        )
        for table in TABULAR[landed.hour.feed].published
    }


def staged(s3: Any, bucket: str, done: HourResult) -> Mapping[str, bytes]:
    """The Parquet object of each table, as the run staged it."""
    return {
        file.table: s3.get_object(Bucket=bucket, Key=file.key)["Body"].read()
        for file in done.files
    }
