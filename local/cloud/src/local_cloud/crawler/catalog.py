"""The catalog as a crawl sees it: one database, through the Glue API."""

from collections.abc import Iterable, Sequence
from typing import Any

from botocore.exceptions import ClientError

# The API's own limits of one batch (Glue API, BatchCreatePartition and BatchDeletePartition).
CREATE_BATCH, DELETE_BATCH = 100, 25
PARTITION_INDEX = "crawler_partition_index"


class CatalogError(Exception):
    """The catalog refused a step of the crawl."""


class CrawledDatabase:
    """Tables and partitions of `database`."""

    def __init__(self, glue: Any, database: str) -> None:
        self._glue = glue
        self._database = database

    def require(self) -> None:
        """CatalogError, in the crawler's words, when the database is missing."""
        try:
            self._glue.get_database(Name=self._database)
        except self._glue.exceptions.EntityNotFoundException as error:
            raise CatalogError(
                "Database does not exist or principal is not authorized to create tables. "
                f"(Database name: {self._database})"
            ) from error

    def table(self, name: str) -> dict[str, Any] | None:
        """The table, None if there is none."""
        try:
            answer = self._glue.get_table(DatabaseName=self._database, Name=name)
        except self._glue.exceptions.EntityNotFoundException:
            return None
        found: dict[str, Any] = answer["Table"]
        return found

    def create(self, table: dict[str, Any]) -> None:
        """Make a table."""
        self._glue.create_table(DatabaseName=self._database, TableInput=table)

    def index(self, name: str, keys: Sequence[str]) -> None:
        """Make the one index that a crawler makes: over every partition key.

        (Glue developer guide, "Setting crawler configuration options": CreatePartitionIndex.)
        """
        self._glue.create_partition_index(
            DatabaseName=self._database,
            TableName=name,
            PartitionIndex={"IndexName": PARTITION_INDEX, "Keys": list(keys)},
        )

    def update(self, table: dict[str, Any]) -> None:
        """Replace a table's definition."""
        self._glue.update_table(DatabaseName=self._database, TableInput=table)

    def drop(self, name: str) -> None:
        """Remove a table and its partitions."""
        self._glue.delete_table(DatabaseName=self._database, Name=name)

    def partitions(self, name: str) -> dict[tuple[str, ...], dict[str, Any]]:
        """Every partition of a table by its values."""
        pages = self._glue.get_paginator("get_partitions").paginate(
            DatabaseName=self._database, TableName=name
        )
        every = (one for answer in pages for one in answer["Partitions"])
        return {tuple(one["Values"]): one for one in every}

    def add(self, name: str, partitions: Sequence[dict[str, Any]]) -> None:
        """Register partitions; one that somebody else registered meanwhile is fine."""
        for some in _batches(partitions, CREATE_BATCH):
            answer = self._glue.batch_create_partition(
                DatabaseName=self._database, TableName=name, PartitionInputList=some
            )
            _refused(answer, {"AlreadyExistsException"})

    def change(self, name: str, partitions: Iterable[dict[str, Any]]) -> None:
        """Replace partitions, each at its own values."""
        for one in partitions:
            try:
                self._glue.update_partition(
                    DatabaseName=self._database,
                    TableName=name,
                    PartitionValueList=one["Values"],
                    PartitionInput=one,
                )
            except ClientError as error:
                raise CatalogError(f"partition {one['Values']} of {name}: {error}") from error

    def remove(self, name: str, values: Sequence[tuple[str, ...]]) -> None:
        """Remove partitions."""
        for some in _batches(values, DELETE_BATCH):
            answer = self._glue.batch_delete_partition(
                DatabaseName=self._database,
                TableName=name,
                PartitionsToDelete=[{"Values": list(one)} for one in some],
            )
            _refused(answer, {"EntityNotFoundException"})


def _batches(items: Sequence[Any], size: int) -> Iterable[list[Any]]:
    return (list(items[start : start + size]) for start in range(0, len(items), size))


def _refused(answer: dict[str, Any], fine: set[str]) -> None:
    """Batch operations answer 200 with a list of errors (Glue API, BatchCreatePartition)."""
    for error in answer.get("Errors", []):
        if error["ErrorDetail"]["ErrorCode"] not in fine:
            raise CatalogError(f"{error['PartitionValues']}: {error['ErrorDetail']}")
