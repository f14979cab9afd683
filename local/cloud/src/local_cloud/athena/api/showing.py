"""SHOW and DESCRIBE."""

import re
from collections.abc import Iterable

from local_cloud.athena.api.definitions import created_by
from local_cloud.athena.api.warehouse import UtilityAnswer, Warehouse
from local_cloud.athena.sql.failures import QueryError, not_supported, syntax_error
from local_cloud.athena.sql.statement_reader import StatementReader
from local_cloud.athena.storage.views import stored


def _in_database(reader: StatementReader, database: str) -> str:
    """The database after IN or FROM, or else that of the context."""
    if reader.accept("IN") or reader.accept("FROM"):
        return reader.database()
    return database


def _matching(names: Iterable[str], reader: StatementReader) -> list[str]:
    """The sorted names that a pattern keeps: `*` for any letters, `|` between choices (Hive)."""
    reader.accept("LIKE")
    pattern = reader.string() if reader.peek() else "*"
    reader.end()
    words = [re.escape(one).replace(r"\*", ".*") for one in pattern.lower().split("|")]
    return sorted(name for name in names if re.fullmatch("|".join(words), name))


def show_tables(warehouse: Warehouse, reader: StatementReader, database: str) -> UtilityAnswer:
    names = (one["Name"] for one in warehouse.catalog.tables(_in_database(reader, database)))
    return UtilityAnswer(("tab_name",), tuple((name,) for name in _matching(names, reader)))


def show_views(warehouse: Warehouse, reader: StatementReader, database: str) -> UtilityAnswer:
    found = warehouse.catalog.tables(_in_database(reader, database))
    names = (one["Name"] for one in found if one.get("TableType") == "VIRTUAL_VIEW")
    return UtilityAnswer(("views",), tuple((name,) for name in _matching(names, reader)))


def show_databases(warehouse: Warehouse, reader: StatementReader, _: str) -> UtilityAnswer:
    names = (one["Name"] for one in warehouse.catalog.databases())
    return UtilityAnswer(
        ("database_name",), tuple((name,) for name in _matching(names, reader))
    )


def show_partitions(
    warehouse: Warehouse, reader: StatementReader, database: str
) -> UtilityAnswer:
    table = warehouse.table(reader, database)
    reader.end()
    # Projected tables list nothing: Athena ignores what is registered (user guide, "Use partition
    # projection with Amazon Athena").
    partitions = [] if table.projected else list(warehouse.catalog.partitions(table))
    names = [key.name for key in table.keys]
    rows = sorted(
        "/".join(f"{n}={v}" for n, v in zip(names, one.values, strict=True))
        for one in partitions
    )
    return UtilityAnswer(("partition",), tuple((row,) for row in rows))


def show_columns(warehouse: Warehouse, reader: StatementReader, database: str) -> UtilityAnswer:
    if not (reader.accept("IN") or reader.accept("FROM")):
        raise syntax_error("SHOW COLUMNS needs IN")
    given, name = reader.qualified()
    within = _in_database(reader, given or database)
    if given is not None and within != given:
        raise syntax_error(f"SHOW COLUMNS names two databases, {given} and {within}")
    table = warehouse.catalog.table(within, name)
    reader.end()
    return UtilityAnswer(
        ("field",), tuple((one.name,) for one in (*table.columns, *table.keys))
    )


def describe(warehouse: Warehouse, reader: StatementReader, database: str) -> UtilityAnswer:
    if reader.accept("FORMATTED") or reader.accept("EXTENDED"):
        raise not_supported("DESCRIBE FORMATTED and EXTENDED")
    table = warehouse.table(reader, database)
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
    return UtilityAnswer(("col_name", "data_type", "comment"), tuple(rows))


def show_create_view(
    warehouse: Warehouse, reader: StatementReader, database: str
) -> UtilityAnswer:
    table = warehouse.table(reader, database)
    reader.end()
    text = f"CREATE VIEW {table.name} AS\n{stored(table).sql}"
    return UtilityAnswer(("create view",), tuple((line,) for line in text.splitlines()))


def show_create_table(
    warehouse: Warehouse, reader: StatementReader, database: str
) -> UtilityAnswer:
    table = warehouse.table(reader, database)
    reader.end()
    if table.is_view:
        raise QueryError("FAILED", f"{table.name} is a view; use SHOW CREATE VIEW")
    text = created_by(table)
    return UtilityAnswer(("createtab_stmt",), tuple((line,) for line in text.splitlines()))
