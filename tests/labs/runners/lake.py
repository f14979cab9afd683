"""A lake that is put back as it was, and what is in its tables by a reader of its own."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from tests.integration.etl_runner.conftest import BUCKET, Lake

DATABASE = "coinlake"
# The job's code is the deployment's, results of queries are nobody's state, records the tests'.
_KEPT = ("jobs/", "athena-results/", "recorded/")


@dataclass(frozen=True)
class KeptObject:
    """An object with what its ETag does not tell."""

    body: bytes
    metadata: Mapping[str, str]
    content_type: str
    etag: str


@dataclass(frozen=True)
class Snapshot:
    """Every object, and every registered partition of a table."""

    objects: Mapping[str, KeptObject]
    partitions: Mapping[str, tuple[Mapping[str, Any], ...]]


def taken(lake: Lake, tables: Iterable[str]) -> Snapshot:
    """The lake as it is now."""
    objects = {key: _object(lake, key) for key in _state_keys(lake)}
    return Snapshot(objects, {table: tuple(partitions(lake, table)) for table in tables})


def put_back(lake: Lake, snapshot: Snapshot) -> None:
    """The lake as it was then; tables that came since stay, without partitions."""
    there = set(_state_keys(lake))
    for key in there - snapshot.objects.keys():
        lake.s3.delete_object(Bucket=BUCKET, Key=key)
    for key, kept in snapshot.objects.items():
        if key not in there or _etag(lake, key) != (kept.etag, kept.metadata):
            lake.s3.put_object(
                Bucket=BUCKET,
                Key=key,
                Body=kept.body,
                Metadata=dict(kept.metadata),
                ContentType=kept.content_type,
            )
    for table, kept_partitions in snapshot.partitions.items():
        for values in [one["Values"] for one in partitions(lake, table)]:
            lake.glue.delete_partition(
                DatabaseName=DATABASE, TableName=table, PartitionValues=values
            )
        for one in kept_partitions:
            lake.glue.create_partition(
                DatabaseName=DATABASE, TableName=table, PartitionInput=dict(one)
            )


def partitions(lake: Lake, table: str) -> list[dict[str, Any]]:
    """The registered partitions of a table, as they could be registered again."""
    try:
        pages = list(
            lake.glue.get_paginator("get_partitions").paginate(
                DatabaseName=DATABASE, TableName=table
            )
        )
    except lake.glue.exceptions.EntityNotFoundException:
        return []
    names = ("Values", "StorageDescriptor", "Parameters")
    return [
        {name: one[name] for name in names if name in one}
        for page in pages
        for one in page["Partitions"]
    ]


@dataclass(frozen=True)
class PublishedHour:
    """What a reader of the tables gets of an hour, and what the ledger says of it."""

    rows: Mapping[str, list[str]]
    """By table, each row as text, sorted: what a partition's location holds."""
    partitions: Mapping[str, list[str]]
    versions: list[int]
    inputs: list[str]
    are_objects_the_ledgers: bool


def published(lake: Lake, feed: str, hour: Hour) -> PublishedHour:
    """Read an hour through its registered partitions, without any code of the runner."""
    tables = TABULAR[feed].published
    locations = {
        table: [
            str(one["StorageDescriptor"]["Location"])
            for one in partitions(lake, table)
            if one["Values"] == [hour.dt, hour.hour]
        ]
        for table in tables
    }
    rows = {
        table: sorted(
            repr(sorted(row.items()))
            for location in locations[table]
            for key in lake.keys(location.removeprefix(f"s3://{BUCKET}/"))
            for row in pq.read_table(io.BytesIO(lake.get(key)), partitioning=None).to_pylist()
        )
        for table in tables
    }
    entries = lake.ledger(feed, hour)
    outputs = entries[-1].outputs if entries else ()
    return PublishedHour(
        rows,
        locations,
        [entry.version for entry in entries],
        [item.key for item in entries[-1].inputs] if entries else [],
        all(_etag(lake, output.key)[0] == output.etag for output in outputs),
    )


def _state_keys(lake: Lake) -> list[str]:
    return [key for key in lake.keys("") if not key.startswith(_KEPT)]


def _object(lake: Lake, key: str) -> KeptObject:
    answer = lake.s3.get_object(Bucket=BUCKET, Key=key)
    return KeptObject(
        answer["Body"].read(),
        answer["Metadata"],
        answer["ContentType"],
        answer["ETag"].strip('"'),
    )


def _etag(lake: Lake, key: str) -> tuple[str, Mapping[str, str]]:
    """ETag and metadata; empty where there is nothing."""
    try:
        answer = lake.s3.head_object(Bucket=BUCKET, Key=key)
    except lake.s3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return "", {}
    return answer["ETag"].strip('"'), answer["Metadata"]
