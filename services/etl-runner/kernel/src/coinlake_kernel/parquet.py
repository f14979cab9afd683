"""One Parquet object of a table and an hour: zstd, milliseconds, sorted."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from coinlake.contracts.datasets import table_named
from coinlake_kernel.schemas import file_schema
from coinlake_kernel.sorted_rows import SortedRows

# Small enough that min/max of a group prune, large enough to compress well.
_ROW_GROUP = 100_000
# Amounts of one asset follow each other: so many show whether they repeat.
_SAMPLE = 2_000


def parquet_bytes(name: str, rows: SortedRows, made_by: dict[str, str]) -> bytes:
    """The object's bytes; `made_by` goes to its key-value metadata.

    The metadata differs between batches, so that no two versions of an hour have one ETag, which is
    a hash of the bytes (S3 API, Object: ETag): a conditional PUT with an old ETag must fail also
    where the rows are the same.
    """
    schema = pa.schema(
        [
            pa.field(one.name, rows.columns[one.name].type)
            for one in file_schema(table_named(name))
        ]
    )
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        use_dictionary=_repeating(rows),
        store_schema=False,
        version="2.6",
    ) as file:
        for group in rows.batches(_ROW_GROUP):
            file.write_table(group.select(schema.names))
        file.add_key_value_metadata(made_by)
    return bytes(sink.getvalue())


def without_rows(name: str) -> SortedRows:
    """A table that has none: a published hour has an object in every table."""
    return SortedRows.of(file_schema(table_named(name)).empty_table(), np.arange(0))


def _repeating(rows: SortedRows) -> list[str]:
    """Columns that are worth a dictionary: all but amounts of which most differ.

    Of those a dictionary is made, found too large and thrown away: a third of the writing.
    """
    sample = pa.array(rows.order[:_SAMPLE])
    return [
        name
        for name, column in rows.columns.items()
        if not pa.types.is_decimal(column.type)
        or 2 * len(column.take(sample).unique()) <= len(sample)
    ]
