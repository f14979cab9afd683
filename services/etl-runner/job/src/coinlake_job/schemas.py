"""The contract's tables as Spark and as Arrow types, and the shape of a decoded record."""

import pyarrow as pa
from pyspark.sql import types as T

from coinlake.contracts.datasets import ELEMENTS, TABLES
from coinlake.contracts.tables import TableSchema

RECORD_COLUMNS = (
    "source",
    "poll_id",
    "tick_id",
    "topic",
    "epoch",
    "kafka_partition",
    "kafka_offset",
    "raw_object",
    "raw_etag",
    "received_ts",
    "source_ts",
)
"""Columns of a table that come from the record, not from the element."""

_SPARK: dict[str, T.DataType] = {
    "string": T.StringType(),
    "int": T.IntegerType(),
    "bigint": T.LongType(),
    "boolean": T.BooleanType(),
    "timestamp": T.TimestampType(),
    "decimal(38,18)": T.DecimalType(38, 18),
    "decimal(38,28)": T.DecimalType(38, 28),
    "map<string,string>": T.MapType(T.StringType(), T.StringType()),
}
_ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "decimal(38,18)": pa.decimal128(38, 18),
    "decimal(38,28)": pa.decimal128(38, 28),
    "map<string,string>": pa.map_(pa.string(), pa.string()),
}
_TOKENS = "tokens"
_EXTRA_TYPES = {_TOKENS: "map<string,array<string>>"}
_SPARK["map<string,array<string>>"] = T.MapType(T.StringType(), T.ArrayType(T.StringType()))
_ARROW["map<string,array<string>>"] = pa.map_(pa.string(), pa.list_(pa.string()))


def file_schema(table: TableSchema) -> pa.Schema:
    """What a Parquet object of the table holds: timestamps are milliseconds, which is Athena's
    limit (user guide, "Data types in Amazon Athena")."""
    millis = pa.timestamp("ms", tz="UTC")
    return pa.schema(
        [
            pa.field(c.name, millis if c.type == "timestamp" else _ARROW[c.type])
            for c in table.columns
        ]
    )


def _element_columns(feed: str) -> list[tuple[str, str]]:
    element = ELEMENTS[feed]
    columns = [
        (column.name, column.type)
        for column in TABLES[element.table].columns
        if column.name not in RECORD_COLUMNS
    ]
    return [*columns, (_TOKENS, _EXTRA_TYPES[_TOKENS])] if element.tokens else columns


_REJECTED = [
    ("table", "string"),
    ("element_index", "int"),
    ("rule", "string"),
    ("reason", "string"),
    ("raw", "string"),
]
_RECORD = [
    ("feed", "string"),
    ("dt", "string"),
    ("hour", "string"),
    ("topic", "string"),
    ("epoch", "int"),
    ("kafka_partition", "int"),
    ("kafka_offset", "bigint"),
    ("received_ts", "timestamp"),
    ("source_ts", "timestamp"),
    ("source", "string"),
    ("poll_id", "string"),
    ("tick_id", "string"),
    ("raw_object", "string"),
    ("raw_etag", "string"),
    ("sha256", "string"),
    ("state", "string"),
    ("rule", "string"),
    ("reason", "string"),
    ("raw", "string"),
]
_LISTS = {ELEMENTS[feed].table: _element_columns(feed) for feed in ELEMENTS} | {
    "rejected": _REJECTED
}

RECORD = T.StructType(
    [
        *(T.StructField(name, _SPARK[kind]) for name, kind in _RECORD),
        T.StructField("key", T.BinaryType()),
        T.StructField("tallies", T.MapType(T.StringType(), T.LongType())),
        *(
            T.StructField(
                name,
                T.ArrayType(
                    T.StructType(
                        [T.StructField(column, _SPARK[kind]) for column, kind in columns]
                    )
                ),
            )
            for name, columns in _LISTS.items()
        ),
    ]
)
"""A decoded record: where it is from, what became of it, and its typed elements."""

RECORD_ARROW = pa.schema(
    [
        *(pa.field(name, _ARROW[kind]) for name, kind in _RECORD),
        pa.field("key", pa.binary()),
        pa.field("tallies", pa.map_(pa.string(), pa.int64())),
        *(
            pa.field(
                name,
                pa.list_(
                    pa.struct([pa.field(column, _ARROW[kind]) for column, kind in columns])
                ),
            )
            for name, columns in _LISTS.items()
        ),
    ]
)
"""The same for Arrow. Timestamps are microseconds, as Spark's are."""
