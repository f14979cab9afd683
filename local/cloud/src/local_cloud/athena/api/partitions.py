"""ALTER TABLE's partitions, and MSCK REPAIR TABLE."""

from urllib.parse import unquote

from local_cloud.athena.api.warehouse import UtilityAnswer, Warehouse
from local_cloud.athena.sql.failures import QueryError, not_supported, syntax_error
from local_cloud.athena.sql.hive_ddl import partition_specs
from local_cloud.athena.sql.statement_reader import StatementReader
from local_cloud.athena.storage.catalog import CatalogPartition, CatalogTable
from local_cloud.athena.storage.lake import S3Lake


def alter(warehouse: Warehouse, reader: StatementReader, database: str) -> UtilityAnswer:
    table = warehouse.table(reader, database)
    if reader.accept("ADD"):
        missing = reader.accept("IF", "NOT", "EXISTS")
        partitions = [
            _partition(table, spec.values, spec.location)
            for spec in partition_specs(reader, None)
        ]
        present = warehouse.catalog.add_partitions(table, partitions)
        if present and not missing:
            raise QueryError(
                "FAILED", f"Partition already exists: {present[0]}", error_type=1003
            )
        return UtilityAnswer()
    if reader.accept("DROP"):
        absent = reader.accept("IF", "EXISTS")
        for spec in partition_specs(reader, ","):
            _drop_partition(warehouse, table, spec.values, absent)
        return UtilityAnswer()
    raise not_supported("ALTER TABLE other than ADD and DROP PARTITION")


def _values(table: CatalogTable, given: dict[str, str]) -> tuple[str, ...]:
    names = [key.name for key in table.keys]
    if set(names) != set(given):
        raise syntax_error(f"partition spec {given} does not name the keys {names}")
    return tuple(given[name] for name in names)


def _partition(table: CatalogTable, given: dict[str, str], location: str) -> CatalogPartition:
    values = _values(table, given)
    names = [key.name for key in table.keys]
    folders = "/".join(f"{n}={v}" for n, v in zip(names, values, strict=True))
    return CatalogPartition(
        values, location or f"{table.storage.location.rstrip('/')}/{folders}/"
    )


def _drop_partition(
    warehouse: Warehouse, table: CatalogTable, given: dict[str, str], absent: bool
) -> None:
    try:
        warehouse.catalog.glue.delete_partition(
            DatabaseName=table.database,
            TableName=table.name,
            PartitionValues=list(_values(table, given)),
        )
    except warehouse.catalog.glue.exceptions.EntityNotFoundException as error:
        if not absent:
            raise QueryError(
                "FAILED", f"Partition not found: {given}", error_type=1003
            ) from error


def repair(warehouse: Warehouse, reader: StatementReader, database: str) -> UtilityAnswer:
    table = warehouse.table(reader, database)
    reader.end()
    if table.projected:
        return UtilityAnswer()
    known = {partition.values for partition in warehouse.catalog.partitions(table)}
    found = [
        p
        for p in _folders(warehouse.lake, table, (), table.storage.location)
        if p.values not in known
    ]
    warehouse.catalog.add_partitions(table, found)
    names = [f"{table.name}:{'/'.join(p.values)}" for p in found]
    return UtilityAnswer(
        ("repair",), tuple((f"Repair: Added partition to metastore {n}",) for n in names)
    )


def _folders(
    lake: S3Lake, table: CatalogTable, values: tuple[str, ...], at: str
) -> list[CatalogPartition]:
    if len(values) == len(table.keys):
        return [CatalogPartition(values, at)]
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
