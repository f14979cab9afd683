"""The tables as Parquet files, so that an engine sees Trino's rows without Trino."""

import base64
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.conformance.tables import DATA
from tests.conformance.trino_types import TrinoType, trino_type
from tests.trino_lab.client import Trino

TYPES = DATA / "tables.json"
_ARROW = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "varchar": pa.string(),
    "char": pa.string(),
    "varbinary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
}


def file_of(table: str, folder: Path = DATA) -> Path:
    """Where a table's rows are."""
    return folder / f"{table}.parquet"


@cache
def table_types() -> dict[str, dict[str, TrinoType]]:
    """For each table its columns and their types, in order."""
    declared = json.loads(TYPES.read_text())
    return {
        table: {name: trino_type(kind) for name, kind in columns}
        for table, columns in declared.items()
    }


def dump(trino: Trino, folder: Path = DATA) -> None:
    """Write every table of the real Trino, in the order of its rows."""
    declared: dict[str, list[tuple[str, str]]] = {}
    for (table,) in sorted(trino.query("show tables").rows):
        answer = trino.query(f"select * from {table}", "task_concurrency=1")
        declared[table] = list(zip(answer.names, answer.types, strict=True))
        kinds = [trino_type(kind) for kind in answer.types]
        columns = [
            pa.array([_python(row[at], kind) for row in answer.rows], arrow_type(kind))
            for at, kind in enumerate(kinds)
        ]
        made = pa.table(columns, names=list(answer.names))
        pq.write_table(made, file_of(table, folder), compression="zstd", compression_level=19)
    lines = (f"{json.dumps(name)}: {json.dumps(kinds)}" for name, kinds in declared.items())
    (folder / TYPES.name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def arrow_type(of: TrinoType) -> Any:
    """The Arrow type of a column; a row's nameless fields are called by their numbers."""
    if of.name == "decimal":
        return pa.decimal128(*of.numbers)
    if of.name == "array":
        return pa.list_(arrow_type(of.arguments[0]))
    if of.name == "map":
        return pa.map_(*map(arrow_type, of.arguments))
    if of.name == "row":
        return pa.struct(
            [(_field(of, at), arrow_type(kind)) for at, kind in enumerate(of.arguments)]
        )
    return _ARROW[of.name]


def _field(of: TrinoType, at: int) -> str:
    return of.fields[at] or f"field{at}"


def _python(value: Any, of: TrinoType) -> Any:
    """A value of Trino's protocol as Arrow takes it."""
    if value is None:
        return None
    if of.name == "array":
        return [_python(one, of.arguments[0]) for one in value]
    if of.name == "map":
        key, item = of.arguments
        return [(_key(name, key), _python(one, item)) for name, one in value.items()]
    if of.name == "row":
        pairs = zip(value, of.arguments, strict=True)
        return {_field(of, at): _python(one, kind) for at, (one, kind) in enumerate(pairs)}
    return _scalar(value, of.name)


def _key(text: str, of: TrinoType) -> Any:
    return text if of.name == "varchar" else int(text)


def _scalar(value: Any, name: str) -> Any:
    if name in ("real", "double"):
        return float(value)
    if name == "decimal":
        return Decimal(value)
    if name == "varbinary":
        return base64.b64decode(value)
    if name == "date":
        return date.fromisoformat(value)
    if name == "timestamp":
        return datetime.fromisoformat(value)
    return value


def size_of(files: Sequence[Path]) -> int:
    """Bytes of all of them."""
    return sum(file.stat().st_size for file in files)
