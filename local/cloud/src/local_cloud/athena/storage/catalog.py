"""The Glue catalog as the engine sees it: tables, columns, partitions, views."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.hive_types import hive_type
from local_cloud.athena.sql.types import Type

BATCH = 100


@dataclass(frozen=True, slots=True)
class CatalogColumn:
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Storage:
    """Where a table's or partition's files are and how they are to be read."""

    location: str
    serde: str
    input_format: str
    serde_parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class CatalogTable:
    """One table of the catalog. `raw` is Glue's own description."""

    database: str
    name: str
    columns: tuple[CatalogColumn, ...]
    keys: tuple[CatalogColumn, ...]
    storage: Storage
    parameters: dict[str, str]
    raw: dict[str, Any]

    @property
    def is_view(self) -> bool:
        return self.raw.get("TableType") == "VIRTUAL_VIEW"

    @property
    def projected(self) -> bool:
        return self.parameters.get("projection.enabled", "").lower() == "true"


@dataclass(frozen=True, slots=True)
class CatalogPartition:
    """Values of the partition keys, as text, and where the files are."""

    values: tuple[str, ...]
    location: str


class CatalogClient:
    """Reads and writes Glue through one client."""

    def __init__(self, glue: Any) -> None:
        self.glue = glue

    def table(self, database: str, name: str) -> CatalogTable:
        try:
            raw = self.glue.get_table(DatabaseName=database, Name=name)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise _metastore(error) from error
            raise QueryError(
                "TABLE_NOT_FOUND",
                f"Table 'awsdatacatalog.{database}.{name}' does not exist",
                error_type=1301,
            ) from error
        return table_of(database, raw)

    def exists(self, database: str, name: str) -> bool:
        try:
            self.table(database, name)
        except QueryError as error:
            if error.name == "TABLE_NOT_FOUND":
                return False
            raise
        return True

    def tables(self, database: str) -> list[dict[str, Any]]:
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=database)
        try:
            return [table for page in pages for table in page["TableList"]]
        except ClientError as error:
            raise _metastore(error) from error

    def databases(self) -> list[dict[str, Any]]:
        pages = self.glue.get_paginator("get_databases").paginate()
        return [database for page in pages for database in page["DatabaseList"]]

    def partitions(self, table: CatalogTable) -> Iterator[CatalogPartition]:
        """The registered partitions; nothing else is visible (user guide, "Partition your
        data")."""
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=table.database, TableName=table.name
        )
        try:
            for page in pages:
                for raw in page["Partitions"]:
                    location = raw.get("StorageDescriptor", {}).get("Location", "")
                    yield CatalogPartition(tuple(raw["Values"]), location)
        except ClientError as error:
            raise _metastore(error) from error

    def add_partitions(
        self, table: CatalogTable, partitions: list[CatalogPartition]
    ) -> list[str]:
        """Register partitions; the values (joined) of those that were already there."""
        present: list[str] = []
        for start in range(0, len(partitions), BATCH):
            chunk = partitions[start : start + BATCH]
            answer = self.glue.batch_create_partition(
                DatabaseName=table.database,
                TableName=table.name,
                PartitionInputList=[self._partition_input(table, one) for one in chunk],
            )
            for failed in answer.get("Errors", []):
                code = failed["ErrorDetail"]["ErrorCode"]
                if code != "AlreadyExistsException":
                    raise QueryError(
                        "HIVE_METASTORE_ERROR", failed["ErrorDetail"]["ErrorMessage"]
                    )
                present.append("/".join(failed["PartitionValues"]))
        return present

    def _partition_input(
        self, table: CatalogTable, partition: CatalogPartition
    ) -> dict[str, Any]:
        storage = dict(table.raw["StorageDescriptor"])
        storage["Location"] = partition.location
        return {"Values": list(partition.values), "StorageDescriptor": storage}


def _metastore(error: ClientError) -> QueryError:
    said = error.response["Error"]
    name = (
        "SCHEMA_NOT_FOUND"
        if said["Code"] == "EntityNotFoundException"
        else "HIVE_METASTORE_ERROR"
    )
    return QueryError(name, said.get("Message", said["Code"]), error_type=1300)


def table_of(database: str, raw: dict[str, Any]) -> CatalogTable:
    """Glue's table description in our words."""
    storage = raw.get("StorageDescriptor", {})
    serde = storage.get("SerdeInfo", {})
    view = raw.get("TableType") == "VIRTUAL_VIEW"
    return CatalogTable(
        database=database,
        name=raw["Name"],
        columns=tuple(_column(one, view) for one in storage.get("Columns", [])),
        keys=tuple(_column(one, view) for one in raw.get("PartitionKeys", [])),
        storage=Storage(
            storage.get("Location", ""),
            serde.get("SerializationLibrary", ""),
            storage.get("InputFormat", ""),
            dict(serde.get("Parameters") or {}),
        ),
        parameters=dict(raw.get("Parameters") or {}),
        raw=raw,
    )


def _column(raw: dict[str, Any], view: bool) -> CatalogColumn:
    text = raw.get("Type") or "string"
    # Views may carry Trino's spelling of types in the catalog.
    spelled = "string" if view and re.match(r"varchar\b|json|timestamp ?\(", text) else text
    return CatalogColumn(raw["Name"].lower(), hive_type(spelled))
