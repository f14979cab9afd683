"""DDL and SHOW: changes of the catalog, answered as lines of text."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from local_cloud.athena.sql.failures import QueryError, not_supported, syntax_error
from local_cloud.athena.sql.statements import CreateTable, Reader, create_table, partition_specs
from local_cloud.athena.storage.catalog import Catalog, Partition, Table
from local_cloud.athena.storage.json_files import SERDES
from local_cloud.athena.storage.lake import Lake
from local_cloud.athena.storage.views import stored

PARQUET_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
PARQUET_INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
PARQUET_OUTPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"


@dataclass(frozen=True, slots=True)
class Lines:
    """A utility's answer: column names, and rows."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


Action = Callable[["Definitions", Reader, str], Lines]


class Definitions:
    """Carries out one DDL or SHOW statement."""

    def __init__(self, catalog: Catalog, lake: Lake) -> None:
        self.catalog, self.lake = catalog, lake

    def run(self, sql: str, database: str) -> Lines:
        reader = Reader(sql)
        for words, action in ACTIONS:
            if reader.accept(*words):
                try:
                    return action(self, reader, database)
                except ClientError as error:
                    said = error.response["Error"]
                    raise QueryError(
                        "FAILED",
                        f"Execution Error: {said['Code']}: {said['Message']}",
                        error_type=1003,
                    ) from error
        raise not_supported(f"the statement {sql.strip()[:60]!r}")

    def table(self, reader: Reader, database: str) -> Table:
        given, name = reader.qualified()
        return self.catalog.table(given or database, name)


def _create_database(self: Definitions, reader: Reader, _: str) -> Lines:
    missing = reader.accept("IF", "NOT", "EXISTS")
    entry: dict[str, Any] = {"Name": reader.database()}
    if reader.accept("COMMENT"):
        entry["Description"] = reader.string()
    if reader.accept("LOCATION"):
        entry["LocationUri"] = reader.string()
    reader.end()
    try:
        self.catalog.glue.create_database(DatabaseInput=entry)
    except self.catalog.glue.exceptions.AlreadyExistsException as error:
        if not missing:
            raise QueryError("FAILED", f"Database {entry['Name']} already exists") from error
    return Lines()


def _drop_database(self: Definitions, reader: Reader, _: str) -> Lines:
    absent = reader.accept("IF", "EXISTS")
    name = reader.database()
    cascade = reader.accept("CASCADE") or (reader.accept("RESTRICT") and False)
    reader.end()
    try:
        if not cascade and self.catalog.tables(name):
            raise QueryError(
                "FAILED", f"Database {name} is not empty. One or more tables exist."
            )
        self.catalog.glue.delete_database(Name=name)
    except QueryError as error:
        if not (absent and error.name == "SCHEMA_NOT_FOUND"):
            raise
    return Lines()


def _create_table(self: Definitions, reader: Reader, database: str) -> Lines:
    made = create_table(reader)
    try:
        self.catalog.glue.create_table(
            DatabaseName=made.database or database, TableInput=table_input(made)
        )
    except self.catalog.glue.exceptions.AlreadyExistsException as error:
        if not made.if_not_exists:
            raise QueryError("FAILED", f"Table {made.name} already exists") from error
    return Lines()


def table_input(made: CreateTable) -> dict[str, Any]:
    """Glue's TableInput of a CREATE EXTERNAL TABLE."""
    parquet = made.stored_as == "PARQUET" or "parquet" in made.serde.lower()
    if not parquet and made.serde not in SERDES:
        raise not_supported(
            f"tables of {made.serde or made.stored_as}; Parquet or JSON SerDes only"
        )
    return {
        "Name": made.name,
        "Description": made.comment,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **made.properties},
        "PartitionKeys": [
            {"Name": k.name, "Type": k.type, "Comment": k.comment} for k in made.keys
        ],
        "StorageDescriptor": {
            "Columns": [
                {"Name": c.name, "Type": c.type, "Comment": c.comment} for c in made.columns
            ],
            "Location": made.location,
            "InputFormat": made.input_format or (PARQUET_INPUT if parquet else TEXT_INPUT),
            "OutputFormat": made.output_format or (PARQUET_OUTPUT if parquet else TEXT_OUTPUT),
            "SerdeInfo": {
                "SerializationLibrary": made.serde or PARQUET_SERDE,
                "Parameters": made.serde_properties,
            },
        },
    }


def _drop_table(self: Definitions, reader: Reader, database: str) -> Lines:
    absent = reader.accept("IF", "EXISTS")
    given, name = reader.qualified()
    reader.end()
    if not self.catalog.exists(given or database, name):
        if absent:
            return Lines()
        raise QueryError("TABLE_NOT_FOUND", f"Table {name} does not exist")
    self.catalog.glue.delete_table(DatabaseName=given or database, Name=name)
    return Lines()


def _alter(self: Definitions, reader: Reader, database: str) -> Lines:
    table = self.table(reader, database)
    if reader.accept("ADD"):
        missing = reader.accept("IF", "NOT", "EXISTS")
        partitions = [
            _partition(table, spec.values, spec.location)
            for spec in partition_specs(reader, None)
        ]
        present = self.catalog.add_partitions(table, partitions)
        if present and not missing:
            raise QueryError(
                "FAILED", f"Partition already exists: {present[0]}", error_type=1003
            )
        return Lines()
    if reader.accept("DROP"):
        absent = reader.accept("IF", "EXISTS")
        for spec in partition_specs(reader, ","):
            _drop_partition(self, table, spec.values, absent)
        return Lines()
    raise not_supported("ALTER TABLE other than ADD and DROP PARTITION")


def _values(table: Table, given: dict[str, str]) -> tuple[str, ...]:
    names = [key.name for key in table.keys]
    if set(names) != set(given):
        raise syntax_error(f"partition spec {given} does not name the keys {names}")
    return tuple(given[name] for name in names)


def _partition(table: Table, given: dict[str, str], location: str) -> Partition:
    values = _values(table, given)
    names = [key.name for key in table.keys]
    folders = "/".join(f"{n}={v}" for n, v in zip(names, values, strict=True))
    return Partition(values, location or f"{table.storage.location.rstrip('/')}/{folders}/")


def _drop_partition(
    self: Definitions, table: Table, given: dict[str, str], absent: bool
) -> None:
    try:
        self.catalog.glue.delete_partition(
            DatabaseName=table.database,
            TableName=table.name,
            PartitionValues=list(_values(table, given)),
        )
    except self.catalog.glue.exceptions.EntityNotFoundException as error:
        if not absent:
            raise QueryError(
                "FAILED", f"Partition not found: {given}", error_type=1003
            ) from error


def _repair(self: Definitions, reader: Reader, database: str) -> Lines:
    table = self.table(reader, database)
    reader.end()
    if table.projected:
        return Lines()
    known = {partition.values for partition in self.catalog.partitions(table)}
    found = [
        p
        for p in _folders(self.lake, table, (), table.storage.location)
        if p.values not in known
    ]
    self.catalog.add_partitions(table, found)
    names = [f"{table.name}:{'/'.join(p.values)}" for p in found]
    return Lines(
        ("repair",), tuple((f"Repair: Added partition to metastore {n}",) for n in names)
    )


def _folders(lake: Lake, table: Table, values: tuple[str, ...], at: str) -> list[Partition]:
    if len(values) == len(table.keys):
        return [Partition(values, at)]
    key = table.keys[len(values)].name
    found = []
    for folder in lake.folders(at):
        name, mark, value = folder.partition("=")
        # Hive compares lower-case names; other folders are passed over in silence, as in Athena
        # (user guide, "MSCK REPAIR TABLE").
        if mark and name.lower() == key:
            found += _folders(
                lake, table, (*values, unquote(value)), f"{at.rstrip('/')}/{folder}/"
            )
    return found


def _in_database(reader: Reader, database: str) -> str:
    """The database after IN or FROM, or else that of the context."""
    if reader.accept("IN") or reader.accept("FROM"):
        return reader.database()
    return database


def _matching(names: Iterable[str], reader: Reader) -> list[str]:
    """The sorted names that a pattern keeps: `*` for any letters, `|` between choices (Hive)."""
    reader.accept("LIKE")
    pattern = reader.string() if reader.peek() else "*"
    reader.end()
    words = [re.escape(one).replace(r"\*", ".*") for one in pattern.lower().split("|")]
    return sorted(name for name in names if re.fullmatch("|".join(words), name))


def _show_tables(self: Definitions, reader: Reader, database: str) -> Lines:
    names = (one["Name"] for one in self.catalog.tables(_in_database(reader, database)))
    return Lines(("tab_name",), tuple((name,) for name in _matching(names, reader)))


def _show_views(self: Definitions, reader: Reader, database: str) -> Lines:
    found = self.catalog.tables(_in_database(reader, database))
    names = (one["Name"] for one in found if one.get("TableType") == "VIRTUAL_VIEW")
    return Lines(("views",), tuple((name,) for name in _matching(names, reader)))


def _show_databases(self: Definitions, reader: Reader, _: str) -> Lines:
    names = (one["Name"] for one in self.catalog.databases())
    return Lines(("database_name",), tuple((name,) for name in _matching(names, reader)))


def _show_partitions(self: Definitions, reader: Reader, database: str) -> Lines:
    table = self.table(reader, database)
    reader.end()
    # Projected tables list nothing: Athena ignores what is registered (user guide, "Use partition
    # projection with Amazon Athena").
    partitions = [] if table.projected else list(self.catalog.partitions(table))
    names = [key.name for key in table.keys]
    rows = sorted(
        "/".join(f"{n}={v}" for n, v in zip(names, one.values, strict=True))
        for one in partitions
    )
    return Lines(("partition",), tuple((row,) for row in rows))


def _show_columns(self: Definitions, reader: Reader, database: str) -> Lines:
    if not (reader.accept("IN") or reader.accept("FROM")):
        raise syntax_error("SHOW COLUMNS needs IN")
    given, name = reader.qualified()
    within = _in_database(reader, given or database)
    if given is not None and within != given:
        raise syntax_error(f"SHOW COLUMNS names two databases, {given} and {within}")
    table = self.catalog.table(within, name)
    reader.end()
    return Lines(("field",), tuple((one.name,) for one in (*table.columns, *table.keys)))


def _describe(self: Definitions, reader: Reader, database: str) -> Lines:
    if reader.accept("FORMATTED") or reader.accept("EXTENDED"):
        raise not_supported("DESCRIBE FORMATTED and EXTENDED")
    table = self.table(reader, database)
    reader.end()
    raw = table.raw
    columns = raw["StorageDescriptor"].get("Columns", []) + raw.get("PartitionKeys", [])
    rows = [(c["Name"], c.get("Type", ""), c.get("Comment", "")) for c in columns]
    if raw.get("PartitionKeys"):
        rows += [
            ("", "", ""),
            ("# Partition Information", "", ""),
            ("# col_name", "data_type", "comment"),
        ]
        rows += [
            (c["Name"], c.get("Type", ""), c.get("Comment", "")) for c in raw["PartitionKeys"]
        ]
    return Lines(("col_name", "data_type", "comment"), tuple(rows))


def _show_create_view(self: Definitions, reader: Reader, database: str) -> Lines:
    table = self.table(reader, database)
    reader.end()
    text = f"CREATE VIEW {table.name} AS\n{stored(table).sql}"
    return Lines(("create view",), tuple((line,) for line in text.splitlines()))


def _show_create_table(self: Definitions, reader: Reader, database: str) -> Lines:
    table = self.table(reader, database)
    reader.end()
    if table.is_view:
        raise QueryError("FAILED", f"{table.name} is a view; use SHOW CREATE VIEW")
    text = created_by(table)
    return Lines(("createtab_stmt",), tuple((line,) for line in text.splitlines()))


def created_by(table: Table) -> str:
    """The CREATE EXTERNAL TABLE statement that makes this table."""

    def listed(columns: list[dict[str, Any]]) -> str:
        return ", \n".join(f"  `{c['Name']}` {c['Type']}" for c in columns)

    def pairs(values: dict[str, str]) -> str:
        return ", \n".join(f"  '{k}'='{v}'" for k, v in sorted(values.items()))

    storage, raw = table.raw["StorageDescriptor"], table.raw
    lines = [f"CREATE EXTERNAL TABLE `{table.name}`(", listed(storage["Columns"]) + ")"]
    if raw.get("PartitionKeys"):
        lines += ["PARTITIONED BY ( ", listed(raw["PartitionKeys"]) + ")"]
    lines += ["ROW FORMAT SERDE ", f"  '{table.storage.serde}' "]
    if table.storage.serde_parameters:
        lines += ["WITH SERDEPROPERTIES ( ", pairs(table.storage.serde_parameters) + ") "]
    lines += ["STORED AS INPUTFORMAT ", f"  '{storage.get('InputFormat', '')}' "]
    lines += ["OUTPUTFORMAT ", f"  '{storage.get('OutputFormat', '')}'"]
    lines += ["LOCATION", f"  '{table.storage.location}'"]
    if table.parameters:
        lines += ["TBLPROPERTIES (", pairs(table.parameters) + ")"]
    return "\n".join(lines)


ACTIONS: tuple[tuple[tuple[str, ...], Action], ...] = (
    (("CREATE", "DATABASE"), _create_database),
    (("CREATE", "SCHEMA"), _create_database),
    (("DROP", "DATABASE"), _drop_database),
    (("DROP", "SCHEMA"), _drop_database),
    (("CREATE", "EXTERNAL", "TABLE"), _create_table),
    (("DROP", "TABLE"), _drop_table),
    (("DROP", "VIEW"), _drop_table),
    (("ALTER", "TABLE"), _alter),
    (("MSCK", "REPAIR", "TABLE"), _repair),
    (("SHOW", "TABLES"), _show_tables),
    (("SHOW", "VIEWS"), _show_views),
    (("SHOW", "DATABASES"), _show_databases),
    (("SHOW", "SCHEMAS"), _show_databases),
    (("SHOW", "PARTITIONS"), _show_partitions),
    (("SHOW", "COLUMNS"), _show_columns),
    (("SHOW", "CREATE", "VIEW"), _show_create_view),
    (("SHOW", "CREATE", "TABLE"), _show_create_table),
    (("DESCRIBE",), _describe),
    (("DESC",), _describe),
)
