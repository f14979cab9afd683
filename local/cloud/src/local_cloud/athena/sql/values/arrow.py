"""Values between the engine, which speaks Arrow, and Python."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.types import MAX_DECIMAL, Type

_PLAIN: dict[str, Any] = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "varchar": pa.string(),
    "char": pa.string(),
    "json": pa.string(),
    "uuid": pa.string(),
    "varbinary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "time": pa.int64(),
    "interval day to second": pa.int64(),
    "interval year to month": pa.int32(),
    "unknown": pa.int32(),
    "hyperloglog": pa.binary(),
    "tdigest": pa.binary(),
}
_ZONED = pa.struct([("f0", pa.int64()), ("f1", pa.string())])


def field_key(index: int) -> str:
    """What the engine calls a row's field: Trino's names may repeat or be missing."""
    return f"f{index}"


def arrow_type(of: Type) -> Any:
    """The Arrow type in which the engine holds values of a type."""
    if of.name == "decimal":
        return pa.decimal128(of.precision or MAX_DECIMAL, of.scale)
    if of.name == "array":
        return pa.list_(arrow_type(of.args[0]))
    if of.name == "map":
        return pa.map_(arrow_type(of.args[0]), arrow_type(of.args[1]))
    if of.name == "row":
        return pa.struct([(field_key(i), arrow_type(kind)) for i, kind in enumerate(of.args)])
    if of.name == "timestamp with time zone":
        return _ZONED
    found = _PLAIN.get(of.name)
    if found is None:
        raise not_supported(f"values of type {of}")
    return found


def to_python(array: Any, of: Type) -> list[Any]:
    """The values of an Arrow array, as `ir` describes them."""
    if isinstance(array, pa.ChunkedArray):
        return [one for chunk in array.chunks for one in to_python(chunk, of)]
    if of.name == "array":
        return _lists(array, to_python(array.values, of.args[0]))
    if of.name == "map":
        keys = to_python(array.keys, of.args[0])
        values = to_python(array.items, of.args[1])
        return _lists(array, list(zip(keys, values, strict=True)))
    if of.name == "row":
        columns = [to_python(array.field(i), kind) for i, kind in enumerate(of.args)]
        return _present(array, list(zip(*columns, strict=True)))
    if of.name == "timestamp with time zone":
        columns = [array.field(0).to_pylist(), array.field(1).to_pylist()]
        return _present(array, list(zip(*columns, strict=True)))
    if of.name == "date":
        array = array.cast(pa.int32())
    if of.name == "timestamp":
        array = array.cast(pa.int64())
    found: list[Any] = array.to_pylist()
    return found


def _lists(array: Any, values: list[Any]) -> list[Any]:
    offsets = array.offsets.to_pylist()
    valid = array.is_valid().to_pylist()
    return [
        values[start:end] if present else None
        for start, end, present in zip(offsets, offsets[1:], valid, strict=False)
    ]


def _present(array: Any, values: list[Any]) -> list[Any]:
    if array.null_count == 0:
        return values
    valid = array.is_valid().to_pylist()
    return [value if present else None for value, present in zip(values, valid, strict=True)]


def to_arrow(values: Sequence[Any], of: Type) -> Any:
    """An Arrow array of Python values; the inverse of `to_python`."""
    if of.name == "array":
        flat = [one for value in values if value is not None for one in value]
        return pa.ListArray.from_arrays(_offsets(values), to_arrow(flat, of.args[0]))
    if of.name == "map":
        pairs = [pair for value in values if value is not None for pair in value]
        return pa.MapArray.from_arrays(
            _offsets(values),
            to_arrow([k for k, _ in pairs], of.args[0]),
            to_arrow([v for _, v in pairs], of.args[1]),
        )
    if of.name == "row":
        columns = [
            to_arrow([None if one is None else one[i] for one in values], kind)
            for i, kind in enumerate(of.args)
        ]
        names = [field_key(i) for i in range(len(of.args))]
        mask = pa.array([one is None for one in values], pa.bool_())
        return pa.StructArray.from_arrays(columns, names=names, mask=mask)
    if of.name == "timestamp with time zone":
        made = [None if one is None else {"f0": one[0], "f1": one[1]} for one in values]
        return pa.array(made, _ZONED)
    return pa.array(values, arrow_type(of))


def _offsets(values: Sequence[Any]) -> Any:
    """List offsets; a null list is a null offset (ListArray.from_arrays)."""
    offsets: list[int | None] = []
    at = 0
    for value in values:
        offsets.append(None if value is None else at)
        at += len(value) if value is not None else 0
    return pa.array([*offsets, at], pa.int32())
