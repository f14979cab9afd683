"""Views as Athena stores them: Presto's JSON, base64, in a comment in the table's text.

(Trino's Hive connector, ViewReaderUtil.PrestoViewReader.)
"""

import base64
import json
from dataclasses import dataclass
from typing import Any

from local_cloud.athena.sql.analysis.type_names import named_type
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.hive_types import hive_name
from local_cloud.athena.sql.types import OutputColumn, Type, trino_name
from local_cloud.athena.storage.catalog import CatalogTable
from local_cloud.athena.storage.stored import has_hive_name

_START, _END = "/* Presto View: ", " */"


@dataclass(frozen=True, slots=True)
class StoredView:
    sql: str
    database: str
    columns: tuple[OutputColumn, ...]


def view_text(sql: str, database: str, columns: tuple[OutputColumn, ...]) -> str:
    """What goes into the table's ViewOriginalText."""
    said = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": one.name.lower(), "type": _type_id(one.type)} for one in columns],
    }
    return f"{_START}{base64.b64encode(json.dumps(said).encode()).decode()}{_END}"


def _type_id(of: Type) -> str:
    """A type as a view keeps it: each field of a row is quoted, since `table` is a word of SQL's own.

    (Trino, NamedTypeSignature.toString; typeof() quotes only what it must.)
    """
    if of.name == "row":
        fields = zip(of.fields, map(_type_id, of.args), strict=True)
        return f"row({','.join(kind if n is None else f'{_quoted(n)} {kind}' for n, kind in fields)})"
    return f"{of.name}({','.join(map(_type_id, of.args))})" if of.args else trino_name(of)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def stored(table: CatalogTable) -> StoredView:
    """The view in a catalog table; QueryError where it is none that Athena could read."""
    text = table.raw.get("ViewOriginalText", "")
    if not text.startswith(_START):
        raise QueryError("HIVE_UNSUPPORTED_FORMAT", f"{table.name} is a view of another engine")
    try:
        said = json.loads(base64.b64decode(text[len(_START) :].removesuffix(_END)))
        columns = tuple(
            OutputColumn(one["name"].lower(), named_type(one["type"]))
            for one in said["columns"]
        )
    except (ValueError, KeyError) as error:
        raise QueryError("INVALID_VIEW", f"{table.name} cannot be read: {error}") from error
    return StoredView(said["originalSql"], said.get("schema") or table.database, columns)


def table_input(
    name: str, sql: str, database: str, columns: tuple[OutputColumn, ...]
) -> dict[str, Any]:
    """Glue's TableInput of a new view. QueryError where the catalog has no type for a column."""
    for one in columns:
        if not has_hive_name(one.type):
            # As Athena says it of views (github.com/Tomme/dbt-athena/issues/115).
            raise QueryError(
                "NOT_SUPPORTED",
                f"Invalid column type for column {one.name}: Unsupported Hive type: {one.type}",
            )
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": view_text(sql, database, columns),
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [
                {"Name": one.name.lower(), "Type": hive_name(one.type)} for one in columns
            ],
            "Location": "",
            "SerdeInfo": {},
        },
    }
