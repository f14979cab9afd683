"""How DuckDB holds values of Trino's types, and constants as its literals."""

import math
from decimal import Decimal
from typing import Any

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values.arrow import field_key

# A char is held without its trailing spaces, as Trino holds it; JSON as its canonical text;
# times and intervals as numbers; sets and digests as their bytes; a moment with a zone as microseconds of UTC and the zone.
_NAMES = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "json": "VARCHAR",
    "uuid": "VARCHAR",
    "varbinary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "time": "BIGINT",
    "timestamp with time zone": "STRUCT(f0 BIGINT, f1 VARCHAR)",
    "interval day to second": "BIGINT",
    "interval year to month": "INTEGER",
    "unknown": "INTEGER",
    "hyperloglog": "BLOB",
    "tdigest": "BLOB",
    # Patterns and sets of characters are given as text.
    "joniregexp": "VARCHAR",
    "codepoints": "VARCHAR",
    # A path is given as text.
    "jsonpath": "VARCHAR",
}


def duck_type(of: Type) -> str:
    """The DuckDB type that holds every value of this one."""
    if of.name == "decimal":
        return f"DECIMAL({of.precision},{of.scale})"
    if of.name == "array":
        return f"{duck_type(of.args[0])}[]"
    if of.name == "map":
        return f"MAP({duck_type(of.args[0])}, {duck_type(of.args[1])})"
    if of.name == "row":
        inner = ", ".join(f"{field_key(i)} {duck_type(kind)}" for i, kind in enumerate(of.args))
        return f"STRUCT({inner})"
    found = _NAMES.get(of.name)
    if found is None:
        raise not_supported(f"values of type {of}")
    return found


def cast(sql: str, to: Type) -> str:
    return f"CAST({sql} AS {duck_type(to)})"


def quoted(text: str) -> str:
    """A string literal; characters that end a statement's text are added by number."""
    if "\0" in text:
        return "(" + " || chr(0) || ".join(map(quoted, text.split("\0"))) + ")"
    return "'" + text.replace("'", "''") + "'"


def literal(value: Any, of: Type) -> str:
    """A constant of the type; nested values are made by their constructors instead."""
    if value is None:
        return f"CAST(NULL AS {duck_type(of)})"
    if of.name == "boolean":
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return _float(value, of)
    if isinstance(value, Decimal):
        return f"CAST('{value:f}' AS {duck_type(of)})"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bytes):
        return f"unhex('{value.hex()}')"
    return _of_number(value, of)


def _of_number(value: Any, of: Type) -> str:
    """What is held as a whole number, and a moment with its zone."""
    if of.name == "timestamp with time zone":
        return f"{{'f0': {value[0]}::BIGINT, 'f1': {quoted(value[1])}}}"
    if not isinstance(value, int):
        raise not_supported(f"constants of type {of}")
    if of.name == "date":
        return f"make_date({value}::INTEGER)"
    if of.name == "timestamp":
        return f"make_timestamp({value}::BIGINT)"
    return f"CAST({value} AS {duck_type(of)})"


def _float(value: float, of: Type) -> str:
    kind = duck_type(of)
    if math.isnan(value):
        return f"CAST('nan' AS {kind})"
    if math.isinf(value):
        return f"CAST('{'-' if value < 0 else ''}inf' AS {kind})"
    return f"CAST('{value!r}' AS {kind})"
