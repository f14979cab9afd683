"""Parquet files as batches in a table's declared types, columns found by name."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.types import Type, holds
from local_cloud.athena.sql.values.arrow import arrow_type, field_key
from local_cloud.athena.storage.lake import LakeObject, Meter, ObjectFile, S3Lake

# Rows handed on at once; decoded row groups are the larger part of the memory.
BATCH_ROWS = 32_768
_WIDER = {
    "tinyint": (pa.int8(),),
    "smallint": (pa.int8(), pa.int16()),
    "integer": (pa.int8(), pa.int16(), pa.int32()),
    "bigint": (pa.int8(), pa.int16(), pa.int32(), pa.int64()),
    "real": (pa.float32(),),
    "double": (pa.float32(), pa.float64()),
    "boolean": (pa.bool_(),),
    "date": (pa.date32(),),
    "varchar": (pa.string(), pa.large_string()),
    "char": (pa.string(), pa.large_string()),
    "varbinary": (pa.binary(), pa.large_binary(), pa.string()),
}


def batches(
    lake: S3Lake, of: LakeObject, wanted: list[tuple[str, Type]], meter: Meter
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(rows, {column: array}) per batch. Counts the compressed chunks of the columns it needs."""
    try:
        file = pq.ParquetFile(pa.PythonFile(ObjectFile(lake, of), mode="r"))
    except (pa.ArrowInvalid, OSError) as error:
        raise QueryError(
            "HIVE_CANNOT_OPEN_SPLIT", f"{of.url} is no Parquet file: {error}"
        ) from error
    schema = file.schema_arrow
    present = {name.lower(): name for name in schema.names}
    for name, kind in wanted:
        if name in present:
            check(schema.field(present[name]).type, kind, name, of.url)
    names = [present[name] for name, _ in wanted if name in present]
    for group in range(file.metadata.num_row_groups):
        meter.check()
        about = file.metadata.row_group(group)
        if not names:
            yield (
                about.num_rows,
                {n: pa.nulls(about.num_rows, arrow_type(k)) for n, k in wanted},
            )
            continue
        meter.count(chunk_bytes(about, set(names)))
        for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], columns=names):
            yield batch.num_rows, _columns(batch, wanted, present)


def chunk_bytes(row_group: Any, names: set[str]) -> int:
    """Compressed bytes of the chunks of these top-level columns in one row group."""
    chunks = (row_group.column(i) for i in range(row_group.num_columns))
    return sum(
        chunk.total_compressed_size
        for chunk in chunks
        if chunk.path_in_schema.split(".", 1)[0] in names
    )


def _columns(
    batch: Any, wanted: list[tuple[str, Type]], present: dict[str, str]
) -> dict[str, Any]:
    return {
        name: conformed(batch.column(present[name]), kind)
        if name in present
        else pa.nulls(batch.num_rows, arrow_type(kind))
        for name, kind in wanted
    }


def check(have: Any, declared: Type, column: str, url: str) -> None:
    """HIVE_BAD_DATA unless every value of the file's type is one of the declared type."""
    if not compatible(have, declared):
        raise QueryError(
            "HIVE_BAD_DATA",
            f"Field {column}'s type {str(have).upper()} in parquet file {url} is incompatible "
            f"with type {declared} defined in table schema",
            error_type=1001,
        )


def compatible(have: Any, declared: Type) -> bool:
    if pa.types.is_null(have):
        return True
    if declared.name == "decimal":
        return bool(pa.types.is_decimal(have)) and _decimal_fits(have, declared)
    if declared.name == "timestamp":
        return bool(pa.types.is_timestamp(have))
    if declared.name == "array":
        return bool(pa.types.is_list(have) or pa.types.is_large_list(have)) and compatible(
            have.value_type, declared.args[0]
        )
    if declared.name == "map":
        return bool(pa.types.is_map(have)) and all(
            compatible(a, b)
            for a, b in zip((have.key_type, have.item_type), declared.args, strict=True)
        )
    if declared.name == "row":
        return bool(pa.types.is_struct(have)) and all(
            compatible(have.field(i).type, _field_type(declared, have.field(i).name))
            for i in range(have.num_fields)
            if have.field(i).name.lower() in declared.fields
        )
    return bool(have in _WIDER.get(declared.name, ()))


def _decimal_fits(have: Any, declared: Type) -> bool:
    whole = have.precision - have.scale
    room = (declared.precision or 0) - declared.scale
    return bool(have.scale <= declared.scale and whole <= room)


def _field_type(declared: Type, name: str) -> Type:
    return declared.args[declared.fields.index(name.lower())]


def conformed(column: Any, declared: Type) -> Any:
    """`column`, already checked, as the declared type's Arrow array."""
    target = arrow_type(declared)
    if holds(declared, "char"):
        column = _without_padding(column, declared)
    if declared.name == "timestamp" and pa.types.is_timestamp(column.type):
        return _milliseconds(column)
    if declared.name == "row" and not column.type.equals(target):
        return _struct(column, declared)
    if declared.name == "array" and not column.type.equals(target):
        values = conformed(column.values, declared.args[0])
        return pa.ListArray.from_arrays(column.offsets, values, mask=column.is_null())
    return column if column.type.equals(target) else column.cast(target)


def _without_padding(column: Any, declared: Type) -> Any:
    """A char is held without its trailing spaces, whatever the writer kept of them."""
    if declared.name == "char":
        return pc.utf8_rtrim(column, " ")
    if declared.name == "array":
        values = _without_padding(column.values, declared.args[0])
        return pa.ListArray.from_arrays(column.offsets, values, mask=column.is_null())
    if declared.name == "map":
        keys, items = (
            _without_padding(part, kind)
            for part, kind in zip((column.keys, column.items), declared.args, strict=True)
        )
        return pa.MapArray.from_arrays(column.offsets, keys, items, mask=column.is_null())
    return column


def _milliseconds(column: Any) -> Any:
    """Athena's timestamps are timestamp(3): finer ones are rounded half up."""
    if column.type.unit in ("us", "ns"):
        column = column.cast(pa.timestamp("us"), safe=False)
        shifted = pc.add(column.cast(pa.int64()), 500)
        floored = pc.subtract(shifted, _modulo(shifted, 1000))
        return floored.cast(pa.timestamp("us"))
    return column.cast(pa.timestamp("us"))


def _modulo(column: Any, by: int) -> Any:
    """Non-negative remainder; Arrow's integer division truncates."""
    rest = pc.subtract(column, pc.multiply(pc.divide(column, by), by))
    return pc.if_else(pc.less(rest, 0), pc.add(rest, by), rest)


def _struct(column: Any, declared: Type) -> Any:
    present = {column.type.field(i).name.lower(): i for i in range(column.type.num_fields)}
    children = []
    for name, kind in zip(declared.fields, declared.args, strict=True):
        if name in present:
            children.append(conformed(column.field(present[name]), kind))
        else:
            children.append(pa.nulls(len(column), arrow_type(kind)))
    names = [field_key(i) for i in range(len(declared.args))]
    return pa.StructArray.from_arrays(children, names=names, mask=column.is_null())
