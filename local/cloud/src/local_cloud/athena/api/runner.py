"""Runs one execution: DDL, query, CREATE VIEW, CTAS or UNLOAD, and writes its result."""

import json
import tempfile
from collections.abc import Callable
from typing import Any

from local_cloud.athena.api.ddl import Definitions
from local_cloud.athena.api.definitions import PARQUET_INPUT, PARQUET_OUTPUT, PARQUET_SERDE
from local_cloud.athena.api.executions import QueryExecution
from local_cloud.athena.api.exports import SPOOL_BYTES, Exports, check_columns, codec
from local_cloud.athena.api.warehouse import UtilityAnswer
from local_cloud.athena.engines.engine import PreparedQuery, QueryEngine
from local_cloud.athena.sql import queries
from local_cloud.athena.sql.failures import QueryError, not_supported, syntax_error
from local_cloud.athena.sql.hive_types import column_info, hive_name
from local_cloud.athena.sql.types import BIGINT, VARCHAR, OutputColumn
from local_cloud.athena.storage import views
from local_cloud.athena.storage.catalog import CatalogClient
from local_cloud.athena.storage.lake import Meter, S3Lake
from local_cloud.athena.storage.results import csv_row, csv_rows

CTAS_PROPERTIES = (
    "format",
    "table_type",
    "is_external",
    "external_location",
    "write_compression",
    "parquet_compression",
    "compression_level",
)
UNLOAD_PROPERTIES = ("format", "compression", "compression_level")

Started = Callable[[PreparedQuery], None]


class StatementRunner:
    """Everything that an execution needs, shared by all of them."""

    def __init__(self, engine: QueryEngine, catalog: CatalogClient, lake: S3Lake) -> None:
        self._engine, self._catalog, self._lake = engine, catalog, lake
        self._definitions = Definitions(catalog, lake)
        self._exports = Exports(lake)

    def run(self, one: QueryExecution, meter: Meter, started: Started) -> None:
        """Carry out the statement; raises what made it fail. `started` gets the answer's handle."""
        if one.substatement == "SELECT":
            self._select(one, meter, started)
        elif view := queries.create_view(one.query):
            self._create_view(view, one, meter)
            self._write_lines(one, UtilityAnswer())
        elif table := queries.create_table_as(one.query):
            self._create_table_as(table, one, meter, started)
            self._write_count(one)
        elif unload := queries.unload(one.query):
            self._unload(unload, one, meter, started)
            self._write_count(one)
        else:
            if one.parameters:
                raise QueryError("INVALID_PARAMETER_USAGE", "DDL takes no parameters")
            self._write_lines(one, self._definitions.run(one.query, one.database))

    def _prepared(
        self, sql: str, one: QueryExecution, meter: Meter, started: Started
    ) -> PreparedQuery:
        answer = self._engine.prepare(sql, one.parameters, one.database, meter)
        started(answer)
        return answer

    def _select(self, one: QueryExecution, meter: Meter, started: Started) -> None:
        answer = self._prepared(one.query, one, meter, started)
        types = [column.type for column in answer.columns]
        with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as file:
            file.write(csv_row([column.name for column in answer.columns]))
            count = 0
            for batch in answer.batches():
                meter.check()
                count += batch.num_rows
                file.writelines(csv_rows(batch, types))
            file.seek(0)
            self._lake.upload(file, one.output)
        one.rows = count
        one.columns = [column_info(column.name, column.type) for column in answer.columns]
        self._metadata(one)

    def _write_lines(self, one: QueryExecution, lines: UtilityAnswer) -> None:
        text = "\n".join("\t".join(row) for row in lines.rows)
        body = (text + "\n").encode() if lines.rows else b""
        self._lake.put(one.output, body, "text/plain")
        one.columns = [column_info(name, VARCHAR) for name in lines.columns]
        self._metadata(one)

    def _metadata(self, one: QueryExecution) -> None:
        # AWS's bytes here are undocumented; ours are JSON and say so.
        said = {"format": "coinlake-local-athena-1", "columns": one.columns}
        self._lake.put(f"{one.output}.metadata", json.dumps(said).encode())

    def _create_view(self, view: queries.CreateView, one: QueryExecution, meter: Meter) -> None:
        database = view.database or one.database
        if one.parameters:
            raise QueryError("INVALID_PARAMETER_USAGE", "CREATE VIEW takes no parameters")
        answer = self._engine.prepare(view.sql, (), database, meter)
        columns = answer.columns
        answer.close()
        check_columns(columns, "view")
        entry = views.table_input(view.name, view.sql, database, columns)
        exists = self._catalog.exists(database, view.name)
        if exists and not view.replace:
            raise QueryError(
                "TABLE_ALREADY_EXISTS", f"line 1:1: View {view.name} already exists"
            )
        if exists and not self._catalog.table(database, view.name).is_view:
            raise QueryError("TABLE_ALREADY_EXISTS", f"{view.name} is a table, not a view")
        if exists:
            self._catalog.glue.update_table(DatabaseName=database, TableInput=entry)
        else:
            self._catalog.glue.create_table(DatabaseName=database, TableInput=entry)

    def _create_table_as(
        self, table: queries.CreateTableAs, one: QueryExecution, meter: Meter, started: Started
    ) -> None:
        database = table.database or one.database
        if self._catalog.exists(database, table.name):
            if table.if_not_exists:
                return
            raise QueryError("TABLE_ALREADY_EXISTS", f"Table {table.name} already exists")
        if not table.with_data:
            raise not_supported("CREATE TABLE … AS … WITH NO DATA")
        _check_properties(table.properties, CTAS_PROPERTIES)
        _check_kind(table.properties)
        packed = codec(table.properties, ("write_compression", "parquet_compression"))
        location = table.properties.get("external_location", f"{one.output}/")
        answer = self._prepared(table.sql, one, meter, started)
        check_columns(answer.columns, "table")
        one.updated = self._exports.write(one, answer, location, packed, meter).rows
        self._catalog.glue.create_table(
            DatabaseName=database, TableInput=_made_table(table.name, location, answer.columns)
        )

    def _unload(
        self, unload: queries.Unload, one: QueryExecution, meter: Meter, started: Started
    ) -> None:
        _check_properties(unload.properties, UNLOAD_PROPERTIES)
        if "format" not in unload.properties:
            raise syntax_error("UNLOAD needs a format")
        packed = codec(unload.properties, ("compression",))
        answer = self._prepared(unload.sql, one, meter, started)
        check_columns(answer.columns, "UNLOAD")
        self._exports.write(one, answer, unload.target, packed, meter)

    def _write_count(self, one: QueryExecution) -> None:
        """What the query wrote is told by its manifest and its count; no result object."""
        one.columns = [column_info("rows", BIGINT)]
        self._metadata(one)


def _check_properties(given: dict[str, str], known: tuple[str, ...]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise not_supported(f"the properties {', '.join(unknown)}")
    if given.get("format", "PARQUET").upper() != "PARQUET":
        raise not_supported(f"the format {given['format'].upper()}; only PARQUET is written")


def _check_kind(given: dict[str, str]) -> None:
    """ "CTAS table properties" in Athena's user guide: what is made here is HIVE and external."""
    if given.get("table_type", "HIVE").upper() != "HIVE":
        raise not_supported(f"table_type {given['table_type'].upper()}")
    if given.get("is_external", "true").lower() != "true":
        raise not_supported(f"is_external {given['is_external']} of table_type HIVE")


def _made_table(name: str, location: str, columns: tuple[OutputColumn, ...]) -> dict[str, Any]:
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "has_encrypted_data": "false"},
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": c.name.lower(), "Type": hive_name(c.type)} for c in columns],
            "Location": location,
            "InputFormat": PARQUET_INPUT,
            "OutputFormat": PARQUET_OUTPUT,
            "SerdeInfo": {"SerializationLibrary": PARQUET_SERDE, "Parameters": {}},
        },
    }
