"""A view as Athena stores it in the Glue Data Catalog.

Athena writes such a table for CREATE VIEW: the statement and the types of its columns, as JSON in
Base64 (Trino 476, `io.trino.plugin.hive.HiveMetadata.createView` and `ConnectorViewDefinition`). Who
writes the same needs no query, and a view is replaced by one call.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coinlake.contracts.hours import Hour, parse_hour
from coinlake.contracts.meanings import meaning_of
from coinlake.contracts.tables import Column

_START, _END = "/* Presto View: ", " */"
_BOUNDARY = "coinlake.boundary"
_TRINO = {
    "string": "varchar",
    "int": "integer",
    "timestamp": "timestamp(3)",
    "map<string,string>": "map(varchar,varchar)",
}


@dataclass(frozen=True, slots=True)
class View:
    """A name, what the rows are, the columns with their Hive types, and the SQL that gives them.

    `boundary` is the last hour that a live view reads from the tables.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    sql: str
    boundary: Hour | None = None


def trino_type(hive: str) -> str:
    """Trino's name of a Hive type of ours: `varchar` for `string`."""
    return _TRINO.get(hive, hive)


def view_text(view: View, database: str) -> str:
    """What the catalog keeps of the view."""
    said = {
        "originalSql": view.sql,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": one.name, "type": trino_type(one.type)} for one in view.columns],
        "owner": "coinlake",
        "runAsInvoker": False,
    }
    return f"{_START}{base64.b64encode(json.dumps(said).encode()).decode()}{_END}"


def boundary_of(table: Mapping[str, Any]) -> Hour | None:
    """The boundary of a view as the catalog has it; None where it tells none."""
    return parse_hour((table.get("Parameters") or {}).get(_BOUNDARY, ""))


def table_input(view: View, database: str) -> dict[str, Any]:
    """Glue's TableInput of the view.

    Without a description: Trino takes it for the parameter `comment`, by which it knows a view of its
    own (Trino 476, `ViewReaderUtil.isTrinoView`).
    """
    return {
        "Name": view.name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {
            "presto_view": "true",
            "comment": "Presto View",
            **({} if view.boundary is None else {_BOUNDARY: view.boundary.path}),
        },
        "ViewOriginalText": view_text(view, database),
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [
                {"Name": one.name, "Type": one.type, "Comment": meaning_of(one.name)}
                for one in view.columns
            ],
            "Location": "",
            "SerdeInfo": {},
        },
    }


def view_sql(table: Mapping[str, Any]) -> str | None:
    """The SELECT of a view as the catalog has it; None for a table, and for what no engine wrote."""
    text = table.get("ViewOriginalText") or ""
    if not (text.startswith(_START) and text.endswith(_END)):
        return None
    try:
        said = json.loads(base64.b64decode(text[len(_START) : -len(_END)], validate=True))
        return str(said["originalSql"])
    except (ValueError, KeyError, TypeError):
        return None
