"""The rows of a table of the catalog, or of some of its partitions: Parquet objects in S3."""

import io
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from local_cloud.clients import Clients

PREDICATE = "catalogPartitionPredicate"


def rows_of(clients: Clients, source: dict[str, Any], columns: Collection[str]) -> pa.Table:
    """These columns of all rows. Raises botocore's ClientError, and ArrowInvalid for no Parquet."""
    parts: list[pa.Table] = []
    for location in _locations(clients.glue, source):
        for bucket, key in _objects(clients.s3, location):
            body = clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            there = pq.read_schema(io.BytesIO(body)).names
            wanted = [name for name in there if name in columns]
            parts.append(pq.read_table(io.BytesIO(body), columns=wanted))
    if not parts:
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    return pa.concat_tables(parts, promote_options="default")


def _locations(glue: Any, source: dict[str, Any]) -> Iterator[str]:
    named = {"DatabaseName": source["DatabaseName"], "TableName": source["TableName"]}
    table = glue.get_table(DatabaseName=named["DatabaseName"], Name=named["TableName"])["Table"]
    if not table.get("PartitionKeys"):
        yield table["StorageDescriptor"]["Location"]
        return
    predicate = (source.get("AdditionalOptions") or {}).get(PREDICATE)
    more = {} if predicate is None else {"Expression": predicate}
    for page in glue.get_paginator("get_partitions").paginate(**named, **more):
        for partition in page["Partitions"]:
            yield partition["StorageDescriptor"]["Location"]


def _objects(s3: Any, location: str) -> Iterator[tuple[str, str]]:
    parts = urlsplit(location)
    prefix = parts.path.strip("/") + "/"
    for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=parts.netloc, Prefix=prefix
    ):
        for one in page.get("Contents", ()):
            yield parts.netloc, one["Key"]
