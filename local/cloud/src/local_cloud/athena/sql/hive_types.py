"""Types as the catalog writes them (Hive's spelling), and as Athena's API tells them."""

import re
from typing import Any

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.types import Type

_HIVE = {
    "string": t.VARCHAR,
    "int": t.INTEGER,
    "float": t.REAL,
    "binary": t.VARBINARY,
    "timestamp": t.TIMESTAMP,
    "boolean": t.BOOLEAN,
    "tinyint": t.TINYINT,
    "smallint": t.SMALLINT,
    "integer": t.INTEGER,
    "bigint": t.BIGINT,
    "double": t.DOUBLE,
    "date": t.DATE,
    "varchar": t.VARCHAR,
}
_SIZED = re.compile(r"^(decimal|varchar|char)\((\d+)(?:,(\d+))?\)$")
_NESTED = re.compile(r"^(array|map|struct)<(.*)>$", re.DOTALL)


def hive_type(text: str) -> Type:
    """A catalog's type text, such as `array<struct<id:string,rank:int>>`."""
    text = re.sub(r"\s+", "", text).lower()
    if text in _HIVE:
        return _HIVE[text]
    if text == "decimal":
        return t.decimal(10, 0)
    if sized := _SIZED.match(text):
        return Type(sized[1], precision=int(sized[2]), scale=int(sized[3] or 0))
    if nested := _NESTED.match(text):
        return _nested(nested[1], nested[2])
    raise QueryError("HIVE_INVALID_METADATA", f"unsupported column type: {text}")


def _nested(name: str, inner: str) -> Type:
    parts = split_top(inner)
    if name == "struct":
        pairs = [part.split(":", 1) for part in parts]
        if any(len(pair) != 2 for pair in pairs):
            raise QueryError("HIVE_INVALID_METADATA", f"bad struct type: struct<{inner}>")
        return t.row(
            tuple(hive_type(pair[1]) for pair in pairs), tuple(pair[0] for pair in pairs)
        )
    return Type(name, tuple(hive_type(part) for part in parts))


def split_top(text: str, separator: str = ",") -> list[str]:
    """Parts of `text` between separators that are in no bracket."""
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        if char in "<(":
            depth += 1
        elif char in ">)":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


_HIVE_NAMES = {
    "integer": "int",
    "real": "float",
    "varbinary": "binary",
    "json": "string",
    "unknown": "string",
}


def hive_name(of: Type) -> str:
    """The catalog's spelling of a type, for tables and views that queries create."""
    if of.name == "decimal":
        return f"decimal({of.precision},{of.scale})"
    if of.name in ("varchar", "char"):
        return "string" if of.precision is None else f"{of.name}({of.precision})"
    if of.name == "row":
        pairs = [f"{field_label(of, i)}:{hive_name(kind)}" for i, kind in enumerate(of.args)]
        return f"struct<{','.join(pairs)}>"
    if of.args:
        return f"{of.name}<{','.join(map(hive_name, of.args))}>"
    return _HIVE_NAMES.get(of.name, of.name)


def field_label(of: Type, index: int) -> str:
    """A row's field as it is shown; Trino calls an unnamed one by its number (RowType)."""
    name = of.fields[index]
    return name if name is not None else f"field{index}"


_WIDTH = {
    "boolean": 0,
    "date": 0,
    "real": 7,
    "double": 17,
    "timestamp": 3,
    "timestamp with time zone": 3,
    **t.INTEGER_DIGITS,
}


def column_info(name: str, of: Type) -> dict[str, Any]:
    """One entry of ResultSetMetadata.ColumnInfo."""
    shown = "float" if of.name == "real" else of.name
    text = of.name in ("varchar", "char")
    precision = of.precision if of.name in ("decimal", "char") else _WIDTH.get(of.name, 0)
    if of.name in ("varchar", "varbinary"):
        precision = of.precision if text and of.precision is not None else t.UNBOUNDED
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": shown,
        "Precision": precision,
        "Scale": of.scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": text,
    }
