"""CREATE and DROP of databases and tables."""

from typing import Any

from local_cloud.athena.api.warehouse import UtilityAnswer, Warehouse
from local_cloud.athena.sql import hive_ddl
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.hive_ddl import CreateTable
from local_cloud.athena.sql.statement_reader import StatementReader
from local_cloud.athena.storage.catalog import CatalogTable
from local_cloud.athena.storage.json_files import SERDES

PARQUET_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
PARQUET_INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
PARQUET_OUTPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"


def create_database(warehouse: Warehouse, reader: StatementReader, _: str) -> UtilityAnswer:
    missing = reader.accept("IF", "NOT", "EXISTS")
    entry: dict[str, Any] = {"Name": reader.database()}
    if reader.accept("COMMENT"):
        entry["Description"] = reader.string()
    if reader.accept("LOCATION"):
        entry["LocationUri"] = reader.string()
    reader.end()
    try:
        warehouse.catalog.glue.create_database(DatabaseInput=entry)
    except warehouse.catalog.glue.exceptions.AlreadyExistsException as error:
        if not missing:
            raise QueryError("FAILED", f"Database {entry['Name']} already exists") from error
    return UtilityAnswer()


def drop_database(warehouse: Warehouse, reader: StatementReader, _: str) -> UtilityAnswer:
    absent = reader.accept("IF", "EXISTS")
    name = reader.database()
    cascade = reader.accept("CASCADE") or (reader.accept("RESTRICT") and False)
    reader.end()
    try:
        if not cascade and warehouse.catalog.tables(name):
            raise QueryError(
                "FAILED", f"Database {name} is not empty. One or more tables exist."
            )
        warehouse.catalog.glue.delete_database(Name=name)
    except QueryError as error:
        if not (absent and error.name == "SCHEMA_NOT_FOUND"):
            raise
    return UtilityAnswer()


def create_table(warehouse: Warehouse, reader: StatementReader, database: str) -> UtilityAnswer:
    made = hive_ddl.create_table(reader)
    try:
        warehouse.catalog.glue.create_table(
            DatabaseName=made.database or database, TableInput=table_input(made)
        )
    except warehouse.catalog.glue.exceptions.AlreadyExistsException as error:
        if not made.if_not_exists:
            raise QueryError("FAILED", f"Table {made.name} already exists") from error
    return UtilityAnswer()


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


def drop_table(warehouse: Warehouse, reader: StatementReader, database: str) -> UtilityAnswer:
    absent = reader.accept("IF", "EXISTS")
    given, name = reader.qualified()
    reader.end()
    if not warehouse.catalog.exists(given or database, name):
        if absent:
            return UtilityAnswer()
        raise QueryError("TABLE_NOT_FOUND", f"Table {name} does not exist")
    warehouse.catalog.glue.delete_table(DatabaseName=given or database, Name=name)
    return UtilityAnswer()


def created_by(table: CatalogTable) -> str:
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
