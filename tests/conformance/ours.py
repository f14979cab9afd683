"""The local Athena under test: the one file here that knows its engine.

The engine is the real one, on a catalog and a lake that are the committed Parquet files.
"""

import base64
import math
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb

from local_cloud.athena.catalog import Catalog, CatalogColumn, Storage, Table
from local_cloud.athena.duck import DuckEngine
from local_cloud.athena.failures import QueryError
from local_cloud.athena.lake import Lake, LakeObject, Meter
from local_cloud.athena.queries import parsed
from local_cloud.athena.results import java_float
from local_cloud.athena.types import Type, field_key, trino_name
from tests.conformance.canonical import Answer, type_text
from tests.conformance.outcome import Outcome
from tests.conformance.parquet_tables import file_of, table_types
from tests.conformance.tables import SCHEMA
from tests.conformance.trino_types import TrinoType

ENGINE = f"DuckDB {duckdb.__version__}"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


def answer(text: str) -> Outcome:
    """What the engine says to one text."""
    try:
        return Outcome(answer=_run(text))
    except QueryError as error:
        return Outcome(error=error.name, message=error.message)
    # Whatever else comes out of the engine is its fault, and is reported as such.
    except Exception as error:
        return Outcome(crash=f"{type(error).__name__}: {error}")


def _run(text: str) -> Answer:
    prepared = _engine().prepare(parsed(text), SCHEMA, Meter())
    try:
        kinds = [column.type for column in prepared.columns]
        rows = tuple(
            row
            for batch in prepared.batches()
            for row in zip(
                *(
                    [_value(one, kind) for one in batch.column(at).to_pylist()]
                    for at, kind in enumerate(kinds)
                ),
                strict=True,
            )
        )
    finally:
        prepared.close()
    return Answer(tuple(type_text(trino_name(kind)) for kind in kinds), rows)


@cache
def _engine() -> DuckEngine:
    return DuckEngine(_Tables(None), _Files(None))


class _Tables(Catalog):
    """A catalog whose one database holds the tables of the conformance runs."""

    def table(self, database: str, name: str) -> Table:
        types = table_types().get(name.lower())
        if database != SCHEMA or types is None:
            raise QueryError("TABLE_NOT_FOUND", f"Table '{database}.{name}' does not exist")
        return Table(
            database,
            name.lower(),
            tuple(CatalogColumn(column, _type(kind)) for column, kind in types.items()),
            (),
            Storage(f"s3://tables/{name.lower()}", _PARQUET, "", {}),
            {},
            {},
        )


class _Files(Lake):
    """A lake that is a folder: one file for each table."""

    def objects(self, location: str) -> list[LakeObject]:
        name = location.rpartition("/")[2]
        return [LakeObject("tables", name, file_of(name).stat().st_size, "fixed")]

    def read(self, of: LakeObject, start: int = 0, size: int | None = None) -> bytes:
        return file_of(of.key).read_bytes()[start : None if size is None else start + size]


def _type(of: TrinoType) -> Type:
    """A declared type of Trino in the engine's words."""
    precision, scale = (*of.numbers, None, None)[:2]
    return Type(of.name, tuple(map(_type, of.arguments)), of.fields, precision, scale or 0)


def _value(value: Any, of: Type) -> Any:
    """A value of Arrow as Trino's protocol shows it (io.trino.server.protocol.JsonEncodingUtils)."""
    if value is None:
        return None
    if of.name == "array":
        return [_value(one, of.args[0]) for one in value]
    if of.name == "map":
        # Keys are written by their toString, whatever their type.
        return {_key(_value(k, of.args[0])): _value(v, of.args[1]) for k, v in value}
    if of.name == "row":
        return [_value(value[field_key(of, at)], kind) for at, kind in enumerate(of.args)]
    return _scalar(value, of)


def _key(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _scalar(value: Any, of: Type) -> Any:
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return _float(value, of)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return _moment(value, of)
    if of.name.startswith("interval"):
        return _interval(value, of)
    # Python's isoformat of a date: four digits of the year, as Trino's SqlDate.
    return value.isoformat()


def _float(value: float, of: Type) -> Any:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(java_float(value)) if of.name == "real" else value


def _moment(value: datetime, of: Type) -> str:
    places = 3 if of.precision is None else of.precision
    fraction = f".{value.microsecond:06d}"[: places + 1] if places else ""
    # Not strftime: it writes the years below 1000 with fewer digits.
    text = f"{value.replace(microsecond=0, tzinfo=None).isoformat(sep=' ')}{fraction}"
    return f"{text} UTC" if of.name == "timestamp with time zone" else text


def _interval(value: Any, of: Type) -> str:
    months, days, nanos = value
    if of.name == "interval year to month":
        sign = "-" if months < 0 else ""
        return f"{sign}{abs(months) // 12}-{abs(months) % 12}"
    millis = days * 86_400_000 + nanos // 1_000_000
    sign, millis = ("-" if millis < 0 else ""), abs(millis)
    seconds, millis = divmod(millis, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{sign}{days} {hours:02d}:{minutes:02d}:{seconds:02d}.{millis:03d}"
