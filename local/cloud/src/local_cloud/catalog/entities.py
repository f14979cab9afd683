"""What the catalog holds, and how the Glue API shows it. Inputs are kept as they came."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

# The account of every request here, as moto has it for S3, SQS and STS.
ACCOUNT = "123456789012"

Input = dict[str, Any]
Answer = dict[str, Any]
Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartitionEntity:
    """One partition; times are seconds since 1970."""

    input: Input
    created: float

    @property
    def values(self) -> Values:
        return tuple(self.input.get("Values") or ())


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a table. Glue counts them from 0, and by 1 per update (Glue API,
    TableVersion)."""

    input: Input
    number: int
    updated: float

    @property
    def id(self) -> str:
        return str(self.number)

    @property
    def keys(self) -> list[dict[str, Any]]:
        return list(self.input.get("PartitionKeys") or ())


@dataclass(slots=True)
class TableEntity:
    """A table: the version in force, the archived ones, its partitions and their indexes."""

    database: str
    name: str
    created: float
    current: Version
    archive: dict[int, Version] = field(default_factory=dict)
    partitions: dict[Values, PartitionEntity] = field(default_factory=dict)
    indexes: dict[str, list[str]] = field(default_factory=dict)

    def versions(self) -> list[Version]:
        """Newest first."""
        return [self.current, *(self.archive[n] for n in sorted(self.archive, reverse=True))]

    def to_api(self, version: Version | None = None) -> Answer:
        """The `Table` structure of GetTable and GetTableVersion."""
        shown = version or self.current
        return {
            **shown.input,
            "Name": self.name,
            "DatabaseName": self.database,
            "CreateTime": self.created,
            "UpdateTime": shown.updated,
            "IsRegisteredWithLakeFormation": False,
            "CatalogId": ACCOUNT,
            "VersionId": shown.id,
        }

    def partition_to_api(self, one: PartitionEntity, without_columns: bool = False) -> Answer:
        """The `Partition` structure; the request may want it without its columns."""
        told = {
            **one.input,
            "DatabaseName": self.database,
            "TableName": self.name,
            "CreationTime": one.created,
            "CatalogId": ACCOUNT,
        }
        if without_columns and "StorageDescriptor" in told:
            descriptor = told["StorageDescriptor"]
            told["StorageDescriptor"] = {k: v for k, v in descriptor.items() if k != "Columns"}
        return told

    def index_to_api(self, name: str) -> Answer:
        """The `PartitionIndexDescriptor` structure."""
        types = {key["Name"]: key.get("Type", "string") for key in self.current.keys}
        return {
            "IndexName": name,
            "Keys": [{"Name": key, "Type": types[key]} for key in self.indexes[name]],
            "IndexStatus": "ACTIVE",
        }


@dataclass(slots=True)
class Database:
    """A database and its tables, whose names are lower case."""

    name: str
    input: Input
    created: float
    tags: dict[str, str] = field(default_factory=dict)
    tables: dict[str, TableEntity] = field(default_factory=dict)

    def to_api(self) -> Answer:
        """The `Database` structure."""
        return {
            **self.input,
            "Name": self.name,
            "CreateTime": self.created,
            "CatalogId": ACCOUNT,
        }


def only(told: Answer, names: Iterable[str]) -> Answer:
    """The members that `AttributesToGet` asks for."""
    return {name: told[name] for name in names if name in told}
