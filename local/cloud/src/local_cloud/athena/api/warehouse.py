"""What statements of DDL change and show, and how they answer."""

from dataclasses import dataclass

from local_cloud.athena.sql.statement_reader import StatementReader
from local_cloud.athena.storage.catalog import CatalogClient, CatalogTable
from local_cloud.athena.storage.lake import S3Lake


@dataclass(frozen=True, slots=True)
class UtilityAnswer:
    """A utility's answer: column names, and rows."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The catalog, and the lake that its tables lie in."""

    catalog: CatalogClient
    lake: S3Lake

    def table(self, reader: StatementReader, database: str) -> CatalogTable:
        """The table that is named next."""
        given, name = reader.qualified()
        return self.catalog.table(given or database, name)
