"""Hive columns from Arrow schemas, as a crawler names and types them."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa


class SchemaConflictError(Exception):
    """Files of one table disagree in a way that no single type holds."""


@dataclass(frozen=True, slots=True)
class SchemaColumn:
    """One column: lower-case name and Hive type."""

    name: str
    type: str

    def to_api(self) -> dict[str, str]:
        """The catalog's structure."""
        return {"Name": self.name, "Type": self.type}


_SIMPLE = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_int8, "tinyint"),
    (pa.types.is_int16, "smallint"),
    (pa.types.is_uint8, "smallint"),
    (pa.types.is_int32, "int"),
    (pa.types.is_uint16, "int"),
    (pa.types.is_int64, "bigint"),
    (pa.types.is_uint32, "bigint"),
    (pa.types.is_float32, "float"),
    (pa.types.is_float64, "double"),
    (pa.types.is_string, "string"),
    (pa.types.is_large_string, "string"),
    (pa.types.is_binary, "binary"),
    (pa.types.is_large_binary, "binary"),
    (pa.types.is_fixed_size_binary, "binary"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
)
# A wider type holds every value of the ones before it.
_WIDER = (("tinyint", "smallint", "int", "bigint"), ("float", "double"))


def hive_type(kind: pa.DataType) -> str:
    """The Hive type of an Arrow type; SchemaConflictError for what Hive has no word for."""
    for is_it, name in _SIMPLE:
        if is_it(kind):
            return name
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"array<{hive_type(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{hive_type(kind.key_type)},{hive_type(kind.item_type)}>"
    if pa.types.is_struct(kind):
        inner = (kind.field(index) for index in range(kind.num_fields))
        return (
            f"struct<{','.join(f'{one.name.lower()}:{hive_type(one.type)}' for one in inner)}>"
        )
    raise SchemaConflictError(f"a column of type {kind} has no Hive type")


def columns(schema: pa.Schema) -> tuple[SchemaColumn, ...]:
    """The columns of one file, in its order."""
    return tuple(SchemaColumn(field.name.lower(), hive_type(field.type)) for field in schema)


def merged(schemas: Iterable[tuple[SchemaColumn, ...]]) -> tuple[SchemaColumn, ...]:
    """The columns of a table: all of its files' ones, in order of appearance, widened."""
    types: dict[str, str] = {}
    for schema in schemas:
        for column in schema:
            known = types.get(column.name)
            types[column.name] = (
                column.type if known is None else _wider(column.name, known, column.type)
            )
    return tuple(SchemaColumn(name, kind) for name, kind in types.items())


def _wider(name: str, one: str, other: str) -> str:
    if one == other:
        return one
    for family in _WIDER:
        if one in family and other in family:
            return max(one, other, key=family.index)
    raise SchemaConflictError(f"column {name} is {one} in one file and {other} in another")
