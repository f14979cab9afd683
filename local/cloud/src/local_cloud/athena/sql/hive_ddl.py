"""CREATE EXTERNAL TABLE and partitions of Hive's DDL as values."""

from dataclasses import dataclass, field

from local_cloud.athena.sql.failures import not_supported, syntax_error
from local_cloud.athena.sql.statement_reader import ColumnText, StatementReader


@dataclass(slots=True)
class CreateTable:
    """CREATE EXTERNAL TABLE as it was written."""

    database: str | None
    name: str
    if_not_exists: bool
    columns: list[ColumnText] = field(default_factory=list)
    keys: list[ColumnText] = field(default_factory=list)
    comment: str = ""
    serde: str = ""
    serde_properties: dict[str, str] = field(default_factory=dict)
    stored_as: str = "TEXTFILE"
    input_format: str = ""
    output_format: str = ""
    location: str = ""
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartitionSpec:
    values: dict[str, str]
    location: str = ""


def create_table(reader: StatementReader) -> CreateTable:
    """What follows CREATE EXTERNAL TABLE."""
    missing = reader.accept("IF", "NOT", "EXISTS")
    database, name = reader.qualified()
    made = CreateTable(database, name, missing)
    made.columns = reader.columns()
    while reader.peek() is not None:
        _clause(reader, made)
    if not made.location:
        raise syntax_error("a LOCATION is required")
    return made


def _clause(reader: StatementReader, made: CreateTable) -> None:
    if _storage_clause(reader, made):
        return
    if reader.accept("COMMENT"):
        made.comment = reader.string()
    elif reader.accept("PARTITIONED", "BY"):
        made.keys = reader.columns()
    elif reader.accept("LOCATION"):
        made.location = reader.string()
    elif reader.accept("TBLPROPERTIES"):
        made.properties = reader.properties()
    else:
        token = reader.take()
        raise syntax_error(f"mismatched input '{token.text}' in CREATE EXTERNAL TABLE")


def _storage_clause(reader: StatementReader, made: CreateTable) -> bool:
    """ROW FORMAT, STORED AS and SERDEPROPERTIES; False where another clause comes."""
    if reader.accept("ROW", "FORMAT", "SERDE"):
        made.serde = reader.string()
    elif reader.accept("ROW", "FORMAT"):
        raise not_supported("ROW FORMAT DELIMITED; only Parquet and JSON tables can be read")
    elif reader.accept("WITH", "SERDEPROPERTIES"):
        made.serde_properties = reader.properties()
    elif reader.accept("STORED", "AS", "INPUTFORMAT"):
        made.input_format = reader.string()
        reader.expect("OUTPUTFORMAT")
        made.output_format = reader.string()
    elif reader.accept("STORED", "AS"):
        made.stored_as = reader.take().word
    else:
        return False
    return True


def partition_specs(reader: StatementReader, separator: str | None) -> list[PartitionSpec]:
    """One or more PARTITION (…) [LOCATION '…']; Hive's DROP puts commas between them."""
    found = []
    while True:
        values = reader.partition()
        found.append(
            PartitionSpec(values, reader.string() if reader.accept("LOCATION") else "")
        )
        if separator is not None and not reader.accept(separator):
            break
        if reader.peek() is None:
            break
    reader.end()
    return found
