"""A table's hour put where it belongs and registered, as a lake has it that was filled without a runner."""

from typing import Any

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import Output, curated_key
from coinlake_kernel.hour import TypedHour
from coinlake_kernel.parquet import parquet_bytes, without_rows


def put_table(s3: Any, glue: Any, lake: str, hour: Hour, name: str, made: TypedHour) -> Output:
    """Publish a table's hour into the bucket and database of one name; what a ledger entry says of it."""
    rows = made.tables.get(name) or without_rows(name)
    key, body = curated_key(name, hour), parquet_bytes(name, rows, {})
    etag = s3.put_object(Bucket=lake, Key=key, Body=body)["ETag"].strip('"')
    table = glue.get_table(DatabaseName=lake, Name=name)["Table"]
    location = f"s3://{lake}/{key.rpartition('/')[0]}/"
    storage = {**table["StorageDescriptor"], "Location": location}
    # An hour that is published anew has its partition already, which is no error here.
    glue.batch_create_partition(
        DatabaseName=lake,
        TableName=name,
        PartitionInputList=[{"Values": [hour.dt, hour.hour], "StorageDescriptor": storage}],
    )
    return Output(name, key, etag, len(body), len(rows))
