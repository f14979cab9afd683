"""Runs one execution: DDL, query, CREATE VIEW, CTAS or UNLOAD, and writes its result."""

import json
import tempfile
from collections.abc import Callable
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from local_cloud.athena import queries, views
from local_cloud.athena.catalog import Catalog
from local_cloud.athena.ddl import (
    PARQUET_INPUT,
    PARQUET_OUTPUT,
    PARQUET_SERDE,
    Definitions,
    Lines,
)
from local_cloud.athena.engine import Answer, Engine, OutputColumn
from local_cloud.athena.executions import Execution
from local_cloud.athena.failures import QueryError, not_supported, syntax_error
from local_cloud.athena.hive_types import column_info, hive_name
from local_cloud.athena.lake import Lake, Meter, split_url
from local_cloud.athena.results import csv_row, csv_rows
from local_cloud.athena.types import VARCHAR
from local_cloud.athena.values.arrow import arrow_type

# Results up to this stay in memory, larger ones go through a temporary file.
SPOOL_BYTES = 16 * 1024 * 1024

Started = Callable[[Answer], None]


class Runner:
    """Everything that an execution needs, shared by all of them."""

    def __init__(self, engine: Engine, catalog: Catalog, lake: Lake) -> None:
        self._engine, self._catalog, self._lake = engine, catalog, lake
        self._definitions = Definitions(catalog, lake)

    def run(self, one: Execution, meter: Meter, started: Started) -> None:
        """Carry out the statement; raises what made it fail. `started` gets the answer's handle."""
        if one.substatement == "SELECT":
            self._select(one, meter, started)
        elif view := queries.create_view(one.query):
            self._create_view(view, one, meter)
            self._write_lines(one, Lines())
        elif table := queries.create_table_as(one.query):
            self._create_table_as(table, one, meter, started)
            self._write_lines(one, Lines())
        elif unload := queries.unload(one.query):
            self._unload(unload, one, meter, started)
        else:
            if one.parameters:
                raise QueryError("INVALID_PARAMETER_USAGE", "DDL takes no parameters")
            self._write_lines(one, self._definitions.run(one.query, one.database))

    def _prepared(self, sql: str, one: Execution, meter: Meter, started: Started) -> Answer:
        answer = self._engine.prepare(sql, one.parameters, one.database, meter)
        started(answer)
        return answer

    def _select(self, one: Execution, meter: Meter, started: Started) -> None:
        answer = self._prepared(one.query, one, meter, started)
        types = [column.type for column in answer.columns]
        with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as file:
            file.write(csv_row([column.name for column in answer.columns]))
            for batch in answer.batches():
                meter.check()
                file.writelines(csv_rows(batch, types))
            file.seek(0)
            self._upload(file, one.output)
        one.columns = [column_info(column.name, column.type) for column in answer.columns]
        self._metadata(one)

    def _write_lines(self, one: Execution, lines: Lines) -> None:
        text = "\n".join("\t".join(row) for row in lines.rows)
        body = (text + "\n").encode() if lines.rows else b""
        self._lake.put(one.output, body, "text/plain")
        one.columns = [column_info(name, VARCHAR) for name in lines.columns]
        self._metadata(one)

    def _metadata(self, one: Execution) -> None:
        # AWS's bytes here are undocumented; ours are JSON and say so.
        said = {"format": "coinlake-local-athena-1", "columns": one.columns}
        self._lake.put(f"{one.output}.metadata", json.dumps(said).encode())

    def _upload(self, file: IO[bytes], url: str) -> None:
        bucket, key = split_url(url)
        try:
            self._lake.s3.upload_fileobj(file, bucket, key)
        except Exception as error:
            raise QueryError(
                "HIVE_WRITER_CLOSE_ERROR", f"cannot write {url}: {error}", error_type=401
            ) from error

    def _create_view(self, view: queries.CreateView, one: Execution, meter: Meter) -> None:
        database = view.database or one.database
        if one.parameters:
            raise QueryError("INVALID_PARAMETER_USAGE", "CREATE VIEW takes no parameters")
        answer = self._engine.prepare(view.sql, (), database, meter)
        columns = answer.columns
        answer.close()
        _refuse_unnamed(columns, "view")
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
        self, table: queries.CreateTableAs, one: Execution, meter: Meter, started: Started
    ) -> None:
        database = table.database or one.database
        if self._catalog.exists(database, table.name):
            if table.if_not_exists:
                return
            raise QueryError("TABLE_ALREADY_EXISTS", f"Table {table.name} already exists")
        known = {"format", "external_location", "write_compression", "parquet_compression"}
        _check_properties(table.properties, known)
        folder = one.output.rsplit("/", 1)[0]
        location = table.properties.get("external_location", f"{folder}/tables/{one.id}/")
        answer = self._prepared(table.sql, one, meter, started)
        _refuse_unnamed(answer.columns, "table")
        self._write_parquet(answer, location, meter)
        self._catalog.glue.create_table(
            DatabaseName=database, TableInput=_made_table(table.name, location, answer.columns)
        )

    def _unload(
        self, unload: queries.Unload, one: Execution, meter: Meter, started: Started
    ) -> None:
        _check_properties(unload.properties, {"format", "compression"})
        if unload.properties.get("format", "").upper() != "PARQUET":
            raise not_supported("UNLOAD in other formats than PARQUET")
        answer = self._prepared(unload.sql, one, meter, started)
        _refuse_unnamed(answer.columns, "UNLOAD")
        url = self._write_parquet(answer, unload.target, meter)
        folder, name = one.output.rsplit("/", 1)
        self._lake.put(
            f"{folder}/{name.removesuffix('.csv')}-manifest.csv", f"{url}\n".encode()
        )
        self._lake.put(one.output, b"")
        self._metadata(one)

    def _write_parquet(self, answer: Answer, location: str, meter: Meter) -> str:
        """The answer as one Parquet object in an empty folder; its URL."""
        if self._lake.objects(location):
            raise QueryError(
                "HIVE_PATH_ALREADY_EXISTS", f"Target directory is not empty: {location}"
            )
        schema = pa.schema(
            [(c.name.lower(), _stored_type(arrow_type(c.type))) for c in answer.columns]
        )
        url = f"{location.rstrip('/')}/part-0.parquet"
        with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as file:
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                for batch in answer.batches():
                    meter.check()
                    columns = [
                        batch.column(i).cast(field.type) for i, field in enumerate(schema)
                    ]
                    writer.write_batch(pa.record_batch(columns, schema=schema))
            file.seek(0)
            self._upload(file, url)
        return url


def _stored_type(kind: Any) -> Any:
    return pa.timestamp("ms") if kind == pa.timestamp("us") else kind


def _refuse_unnamed(columns: tuple[OutputColumn, ...], what: str) -> None:
    names = [column.name.lower() for column in columns]
    if len(set(names)) != len(names):
        raise syntax_error(f"Column name specified more than once in {what}")
    if any(name.startswith("_col") for name in names):
        raise syntax_error(
            f"Column name not specified at position {names.index(min(names)) + 1}"
        )


def _check_properties(given: dict[str, str], known: set[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise not_supported(f"the properties {', '.join(unknown)}")
    if given.get("format", "PARQUET").upper() != "PARQUET":
        raise not_supported("other formats than PARQUET")


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
