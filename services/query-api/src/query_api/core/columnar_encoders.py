"""Rows as Arrow's stream and as Parquet: typed columns, with what is said of the answer in the schema."""

import io
from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from query_api.core.answers import ResultColumn
from query_api.core.columnar import arrow_type, typed_column
from query_api.core.encoders import Bytes, Meta, unique_names

META_KEY = "coinlake"
"""Where the schema's metadata has the answer's meta, as JSON."""
TYPE_KEY = "athena_type"
"""Where a field's metadata has Athena's name of its type."""
# Fewer, larger groups read and compress better; more would be held for each answer.
_GROUP_ROWS = 131_072
# Arrow's end of a stream: the continuation mark and a length of 0 (Arrow columnar format,
# "IPC Streaming Format").
_END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def schema_of(columns: Sequence[ResultColumn], meta: Meta | None = None) -> pa.Schema:
    """The columns as Arrow's fields."""
    fields = [
        pa.field(name, arrow_type(column.type), metadata={TYPE_KEY: column.type})
        for name, column in zip(unique_names(columns), columns, strict=True)
    ]
    told = None if meta is None else {META_KEY: orjson.dumps(meta)}
    return pa.schema(fields, metadata=told)


def typed(cells: pa.Table, columns: Sequence[ResultColumn], schema: pa.Schema) -> pa.Table:
    """The rows as values of their types. Raises UnreadableValueError."""
    arrays = [
        typed_column(column, of.type) for column, of in zip(cells.columns, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


class ArrowEncoder:
    """An Arrow IPC stream: schema, batches, end mark."""

    def __init__(self, columns: Sequence[ResultColumn]) -> None:
        self._columns = columns
        self._schema = schema_of(columns)

    def head(self, meta: Meta) -> bytes:
        return bytes(schema_of(self._columns, meta).serialize())

    def block(self, cells: pa.Table) -> Bytes:
        batches = typed(cells, self._columns, self._schema).combine_chunks().to_batches()
        messages = [memoryview(batch.serialize()) for batch in batches]
        return messages[0] if len(messages) == 1 else b"".join(messages)

    def tail(self, meta: Meta) -> bytes:
        return _END_OF_STREAM


class ParquetEncoder:
    """A Parquet file, which ends with its footer. Row groups are written as they fill."""

    def __init__(self, columns: Sequence[ResultColumn]) -> None:
        self._columns = columns
        self._schema = schema_of(columns)
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._waiting: list[pa.Table] = []
        self._count = 0

    def head(self, meta: Meta) -> bytes:
        return b""

    def block(self, cells: pa.Table) -> Bytes:
        self._waiting.append(typed(cells, self._columns, self._schema))
        self._count += cells.num_rows
        if self._count >= _GROUP_ROWS:
            self._write()
        return self._sink.taken()

    def tail(self, meta: Meta) -> bytes:
        self._write()
        self._writer.add_key_value_metadata({META_KEY: orjson.dumps(meta)})
        self._writer.close()
        return self._sink.taken()

    def _write(self) -> None:
        if self._waiting:
            self._writer.write_table(
                pa.concat_tables(self._waiting), row_group_size=_GROUP_ROWS
            )
        self._waiting, self._count = [], 0


class _Sink(io.RawIOBase):
    """A file that is sent while it is written: it knows how long it is, and holds what was not taken.

    (Parquet's footer has places by the byte, counted from the file's start.)
    """

    def __init__(self) -> None:
        self._length = 0
        self._held: list[bytes] = []

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._length

    def write(self, data: Any) -> int:
        held = bytes(data)
        self._held.append(held)
        self._length += len(held)
        return len(held)

    def taken(self) -> bytes:
        found, self._held = b"".join(self._held), []
        return found
