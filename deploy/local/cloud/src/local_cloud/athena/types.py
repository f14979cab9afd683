"""Athena's types: Trino's names, Hive's spellings, and how DuckDB and Arrow call them."""

import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from local_cloud.athena.failures import QueryError

MAX_DECIMAL = 38


@dataclass(frozen=True, slots=True)
class Type:
    """A Trino type. `args` are element types, `fields` a row's field names.

    `precision` is a decimal's digits, a timestamp's fraction digits or a varchar's length.
    """

    name: str
    args: tuple["Type", ...] = ()
    fields: tuple[str | None, ...] = ()
    precision: int | None = None
    scale: int = 0

    def __str__(self) -> str:
        return trino_name(self)


BOOLEAN, TINYINT, SMALLINT = Type("boolean"), Type("tinyint"), Type("smallint")
INTEGER, BIGINT, REAL, DOUBLE = Type("integer"), Type("bigint"), Type("real"), Type("double")
VARCHAR, VARBINARY, DATE, JSON = Type("varchar"), Type("varbinary"), Type("date"), Type("json")
TIMESTAMP = Type("timestamp", precision=3)
TIMESTAMP_TZ = Type("timestamp with time zone", precision=3)
UNKNOWN = Type("unknown")
DAY_INTERVAL = Type("interval day to second")
MONTH_INTERVAL = Type("interval year to month")

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", precision=precision, scale=scale)


def array(element: Type) -> Type:
    return Type("array", (element,))


def trino_name(of: Type) -> str:
    """What Trino's typeof() prints."""
    if of.name == "decimal":
        return f"decimal({of.precision},{of.scale})"
    if of.name in ("varchar", "char", "timestamp") and of.precision is not None:
        return f"{of.name}({of.precision})"
    if of.name == "timestamp with time zone":
        return f"timestamp({of.precision}) with time zone"
    if of.name == "row":
        inner = ", ".join(
            f"{name} {kind}" if name else str(kind)
            for name, kind in zip(of.fields, of.args, strict=True)
        )
        return f"row({inner})"
    return f"{of.name}({', '.join(map(str, of.args))})" if of.args else of.name


_DUCK = {
    "real": "FLOAT",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "varbinary": "BLOB",
    "unknown": "INTEGER",
    "interval day to second": "INTERVAL",
    "interval year to month": "INTERVAL",
}


def duck_name(of: Type) -> str:
    """The type in DuckDB that holds every value of this one."""
    if of.name == "decimal":
        return f"DECIMAL({of.precision},{of.scale})"
    if of.name == "array":
        return f"{duck_name(of.args[0])}[]"
    if of.name == "map":
        return f"MAP({duck_name(of.args[0])}, {duck_name(of.args[1])})"
    if of.name == "row":
        inner = ", ".join(
            f'"{field_key(of, i)}" {duck_name(kind)}' for i, kind in enumerate(of.args)
        )
        return f"STRUCT({inner})"
    return _DUCK.get(of.name, of.name.upper())


_PLAIN_NAME = re.compile(r"[\w $.:-]+", re.ASCII)


def field_key(of: Type, index: int) -> str:
    """The struct key in DuckDB of a row's field; anonymous ones get their number."""
    name = of.fields[index]
    if name and not _PLAIN_NAME.fullmatch(name):
        # Field names go into the engine's text; other characters have no business there.
        raise QueryError("NOT_SUPPORTED", f"the field name {name!r}")
    return name if name else f"field{index}"


_ARROW: dict[str, Any] = {
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
    "varbinary": pa.binary(),
    "date": pa.date32(),
    # DuckDB's plain TIMESTAMP is microseconds; Athena's milliseconds fit in.
    "timestamp": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
    "unknown": pa.int32(),
}


def arrow_type(of: Type) -> Any:
    """The Arrow type in which a scan hands this column to the engine."""
    if of.name == "decimal":
        return pa.decimal128(of.precision or MAX_DECIMAL, of.scale)
    if of.name == "array":
        return pa.list_(arrow_type(of.args[0]))
    if of.name == "map":
        return pa.map_(arrow_type(of.args[0]), arrow_type(of.args[1]))
    if of.name == "row":
        return pa.struct(
            [(field_key(of, i), arrow_type(kind)) for i, kind in enumerate(of.args)]
        )
    return _ARROW[of.name]


_HIVE = {
    "string": VARCHAR,
    "int": INTEGER,
    "float": REAL,
    "binary": VARBINARY,
    "timestamp": TIMESTAMP,
    "boolean": BOOLEAN,
    "tinyint": TINYINT,
    "smallint": SMALLINT,
    "integer": INTEGER,
    "bigint": BIGINT,
    "double": DOUBLE,
    "date": DATE,
    "varchar": VARCHAR,
}
_SIZED = re.compile(r"^(decimal|varchar|char)\((\d+)(?:,(\d+))?\)$")
_NESTED = re.compile(r"^(array|map|struct)<(.*)>$", re.DOTALL)


def hive_type(text: str) -> Type:
    """A catalog's type text, such as `array<struct<id:string,rank:int>>`."""
    text = re.sub(r"\s+", "", text).lower()
    if text in _HIVE:
        return _HIVE[text]
    if text == "decimal":
        return decimal(10, 0)
    if sized := _SIZED.match(text):
        return _sized(sized[1], int(sized[2]), int(sized[3] or 0))
    if nested := _NESTED.match(text):
        return _nested(nested[1], nested[2])
    raise QueryError("HIVE_INVALID_METADATA", f"unsupported column type: {text}")


def _sized(name: str, precision: int, scale: int) -> Type:
    return Type(name, precision=precision, scale=scale)


def _nested(name: str, inner: str) -> Type:
    parts = split_top(inner)
    if name == "struct":
        pairs = [part.split(":", 1) for part in parts]
        if any(len(pair) != 2 for pair in pairs):
            raise QueryError("HIVE_INVALID_METADATA", f"bad struct type: struct<{inner}>")
        return Type(
            "row",
            tuple(hive_type(pair[1]) for pair in pairs),
            tuple(pair[0] for pair in pairs),
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
    "varchar": "string",
    "integer": "int",
    "real": "float",
    "varbinary": "binary",
    "json": "string",
    "unknown": "string",
}


def hive_name(of: Type) -> str:
    """The catalog's spelling of a type, for tables that queries create."""
    if of.name == "decimal":
        return f"decimal({of.precision},{of.scale})"
    if of.name == "row":
        pairs = [f"{field_key(of, i)}:{hive_name(kind)}" for i, kind in enumerate(of.args)]
        return f"struct<{','.join(pairs)}>"
    if of.args:
        return f"{of.name}<{','.join(map(hive_name, of.args))}>"
    return _HIVE_NAMES.get(of.name, of.name)


_WIDTH = {"boolean": 0, "date": 0, "real": 7, "double": 17, "timestamp": 3, **INTEGER_DIGITS}
_UNLIMITED = 2147483647


def column_info(name: str, of: Type) -> dict[str, Any]:
    """One entry of ResultSetMetadata.ColumnInfo."""
    shown = "float" if of.name == "real" else of.name
    text = of.name in ("varchar", "char")
    precision = of.precision if of.name in ("decimal", "char") else _WIDTH.get(of.name, 0)
    if of.name in ("varchar", "varbinary"):
        precision = of.precision if text and of.precision is not None else _UNLIMITED
    if of.name == "timestamp with time zone":
        precision = 3
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
