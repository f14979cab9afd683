"""One Parquet object of a table and an hour: zstd, milliseconds, sorted, from Arrow batches."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import pyarrow as pa
import pyarrow.parquet as pq

from coinlake.contracts.datasets import table_named
from coinlake.contracts.tables import TableSchema
from coinlake_job.schemas import file_schema
from coinlake_job.transform import slot_of

# Small enough that min/max of a group prune, large enough to compress well.
_ROW_GROUP = 100_000
_TIES = ("received_ts", "topic", "epoch", "kafka_partition", "kafka_offset", "element_index")

Group = tuple[str, str, str]
"""Table, dt and hour."""


def groups(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Group, list[pa.StructArray]]]:
    """Cut batches of `transform.stacked`, sorted by group, into whole groups."""
    open_group: Group | None = None
    parts: list[pa.StructArray] = []
    for batch in batches:
        keys = list(
            zip(
                *(batch.column(name).to_pylist() for name in ("table", "dt", "hour")),
                strict=True,
            )
        )
        at = 0
        for group, run in groupby(keys):
            length = len(list(run))
            if group != open_group and open_group is not None:
                yield open_group, parts
                parts = []
            open_group = group
            parts.append(batch.column(slot_of(group[0])).slice(at, length))
            at += length
    if open_group is not None:
        yield open_group, parts


def parquet_bytes(name: str, parts: Sequence[pa.StructArray], made_by: dict[str, str]) -> bytes:
    """The object's bytes; `made_by` goes to its key-value metadata.

    The metadata differs between batches, so that no two versions of an hour have one ETag, which is
    a hash of the bytes (S3 API, Object: ETag): a conditional PUT with an old ETag must fail also
    where the rows are the same.
    """
    table = table_named(name)
    schema = file_schema(table)
    rows = (
        pa.Table.from_batches([pa.RecordBatch.from_struct_array(part) for part in parts])
        if parts
        else schema.empty_table()
    )
    rows = rows.select(schema.names).cast(schema).sort_by(_sorting(table))
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink, schema, compression="zstd", store_schema=False, version="2.6"
    ) as file:
        file.write_table(rows, row_group_size=_ROW_GROUP)
        file.add_key_value_metadata(made_by)
    return bytes(sink.getvalue())


def _sorting(table: TableSchema) -> list[tuple[str, str]]:
    present = {column.name for column in table.columns}
    ties = [name for name in _TIES if name in present and name not in table.sort]
    return [(name, "ascending") for name in (*table.sort, *ties)]
