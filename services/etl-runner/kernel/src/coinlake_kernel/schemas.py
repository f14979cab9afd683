"""The contract's tables as Arrow types."""

import pyarrow as pa

from coinlake.contracts.tables import TableSchema

MILLIS = pa.timestamp("ms", tz="UTC")
"""Athena's limit for timestamps (user guide, "Data types in Amazon Athena")."""
EXTRA = pa.map_(pa.string(), pa.string())
_ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": MILLIS,
    "decimal(38,18)": pa.decimal128(38, 18),
    "decimal(38,28)": pa.decimal128(38, 28),
    "map<string,string>": EXTRA,
}


def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type of a column's Hive type. Raises KeyError where there is none."""
    return _ARROW[kind]


def file_schema(table: TableSchema) -> pa.Schema:
    """What a Parquet object of the table holds."""
    return pa.schema([pa.field(one.name, _ARROW[one.type]) for one in table.columns])
