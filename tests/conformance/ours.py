"""The local Athena under test: the one file here that knows its engine.

The engine is the real one, on a catalog and a lake that are the committed Parquet files.
"""

import base64
import math
from functools import cache
from typing import Any

import duckdb

from local_cloud.athena.engines.duck import DuckEngine
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.types import INTEGERS, Type, trino_name
from local_cloud.athena.sql.values.arrow import to_python
from local_cloud.athena.sql.values.numbers import java_double, java_float, single_digits
from local_cloud.athena.sql.values.texts import to_text
from local_cloud.athena.storage.catalog import (
    CatalogClient,
    CatalogColumn,
    CatalogTable,
    Storage,
)
from local_cloud.athena.storage.lake import LakeObject, Meter, S3Lake
from tests.conformance import java_maps
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
    prepared = _engine().prepare(text, (), SCHEMA, Meter())
    rows: list[tuple[Any, ...]] = []
    try:
        kinds = [column.type for column in prepared.columns]
        for batch in prepared.batches():
            columns = [
                [_value(one, kind) for one in to_python(batch.column(at), kind)]
                for at, kind in enumerate(kinds)
            ]
            rows += zip(*columns, strict=True)
    finally:
        prepared.close()
    return Answer(tuple(type_text(trino_name(kind)) for kind in kinds), tuple(rows))


@cache
def _engine() -> DuckEngine:
    return DuckEngine(_Tables(None), _Files(None))


class _Tables(CatalogClient):
    """A catalog whose one database holds the tables of the conformance runs."""

    def table(self, database: str, name: str) -> CatalogTable:
        types = table_types().get(name.lower())
        if database != SCHEMA:
            raise QueryError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist")
        if types is None:
            raise QueryError("TABLE_NOT_FOUND", f"Table '{database}.{name}' does not exist")
        return CatalogTable(
            database,
            name.lower(),
            tuple(CatalogColumn(column, engine_type(kind)) for column, kind in types.items()),
            (),
            Storage(f"s3://tables/{name.lower()}", _PARQUET, "", {}),
            {},
            {},
        )


class _Files(S3Lake):
    """A lake that is a folder: one file for each table."""

    def objects(self, location: str) -> list[LakeObject]:
        name = location.rpartition("/")[2]
        return [LakeObject("tables", name, file_of(name).stat().st_size, "fixed")]

    def read(self, of: LakeObject, start: int = 0, size: int | None = None) -> bytes:
        return file_of(of.key).read_bytes()[start : None if size is None else start + size]


def engine_type(of: TrinoType) -> Type:
    """A declared type of Trino in the engine's words."""
    precision, scale = (*of.numbers, None, None)[:2]
    return Type(
        of.name, tuple(map(engine_type, of.arguments)), of.fields, precision, scale or 0
    )


def _value(value: Any, of: Type) -> Any:
    """A value of the engine as Trino's protocol shows it (io.trino.server.protocol)."""
    if value is None:
        return None
    if of.name == "array":
        return [_value(one, of.args[0]) for one in value]
    if of.name == "map":
        # Keys are written by their toString, whatever their type.
        return {_key(k, of.args[0]): _value(v, of.args[1]) for k, v in value}
    if of.name == "row":
        return [_value(one, kind) for one, kind in zip(value, of.args, strict=True)]
    if of.name in ("double", "real"):
        return _float(value, of)
    if of.name == "varbinary":
        return base64.b64encode(value).decode()
    if of.name in INTEGERS or of.name in ("boolean", "varchar", "json", "uuid"):
        return value
    return to_text(value, of)


def _key(value: Any, of: Type) -> str:
    if value is None:
        return "null"
    if of.name in ("double", "real"):
        return java_double(value) if of.name == "double" else java_float(value)
    if of.name == "array":
        return f"[{', '.join(_key(one, of.args[0]) for one in value)}]"
    if of.name == "row":
        items = (_key(one, kind) for one, kind in zip(value, of.args, strict=True))
        return f"[{', '.join(items)}]"
    if of.name == "map":
        listed = java_maps.in_order(value, of.args[0])
        pairs = (f"{_key(k, of.args[0])}={_key(v, of.args[1])}" for k, v in listed)
        return f"{{{', '.join(pairs)}}}"
    shown = _value(value, of)
    return str(shown).lower() if isinstance(shown, bool) else str(shown)


def _float(value: float, of: Type) -> Any:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(single_digits(value)) if of.name == "real" else value
