"""A query's rows as a Hive table's Parquet holds them: names of row fields, milliseconds."""

from typing import Any

import pyarrow as pa

from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values.arrow import arrow_type

# What Trino's HiveTypeTranslator has a Hive type for; every other type fails the query.
_STORABLE = frozenset(
    (
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "real",
        "double",
        "decimal",
        "varchar",
        "char",
        "varbinary",
        "date",
        "timestamp",
        "array",
        "map",
        "row",
    )
)
# hive.timestamp-precision, which Athena leaves at milliseconds.
_DIGITS = 3


def has_hive_name(of: Type) -> bool:
    """Whether a type, with all that is in it, can be a column of the catalog."""
    return of.name in _STORABLE and all(map(has_hive_name, of.args))


def check_storable(of: Type) -> None:
    """Refuse a type that Hive has no name for."""
    if of.name not in _STORABLE:
        raise QueryError("NOT_SUPPORTED", f"Unsupported Hive type: {of}")
    if of.name == "timestamp" and (of.precision or 0) > _DIGITS:
        # HiveMetadata.validateTimestampColumns
        raise QueryError(
            "NOT_SUPPORTED",
            f"Incorrect timestamp precision for {of}; the configured precision is MILLISECONDS",
        )
    if of.name == "row" and None in of.fields:
        raise QueryError(
            "NOT_SUPPORTED",
            f"Anonymous row type is not supported in Hive. Please give each field a name: {of}",
        )
    for inner in of.args:
        check_storable(inner)


def stored_type(of: Type) -> Any:
    """The Arrow type of a column in the file."""
    if of.name == "timestamp":
        return pa.timestamp("ms")
    if of.name == "array":
        return pa.list_(stored_type(of.args[0]))
    if of.name == "map":
        return pa.map_(stored_type(of.args[0]), stored_type(of.args[1]))
    if of.name == "row":
        pairs = zip(of.fields, of.args, strict=True)
        return pa.struct([(str(name).lower(), stored_type(kind)) for name, kind in pairs])
    return arrow_type(of)


def stored(array: Any, of: Type) -> Any:
    """An engine's array of a type as an array of its `stored_type`."""
    if array.offset:
        # from_arrays takes no slices with nulls.
        array = array.take(pa.array(range(len(array))))
    if of.name == "array":
        return pa.ListArray.from_arrays(
            array.offsets, stored(array.values, of.args[0]), mask=_mask(array)
        )
    if of.name == "map":
        return pa.MapArray.from_arrays(
            array.offsets,
            stored(array.keys, of.args[0]),
            stored(array.items, of.args[1]),
            mask=_mask(array),
        )
    if of.name == "row":
        parts = [stored(array.field(i), kind) for i, kind in enumerate(of.args)]
        names = [str(name).lower() for name in of.fields]
        return pa.StructArray.from_arrays(parts, names=names, mask=array.is_null())
    return array.cast(stored_type(of))


def _mask(array: Any) -> Any:
    return array.is_null() if array.null_count else None
