"""The lake of the fuzz: the tables of the conformance runs, some of which nobody may read.

All of them are there, and so is a database of secrets with tables of the same names: what passes
the guard wrongly is read, and the engine says so.
"""

from typing import Any

from local_cloud.athena.engines.duck import DuckEngine
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.storage.catalog import CatalogTable
from local_cloud.athena.storage.lake import Meter
from tests.conformance import ours
from tests.conformance.parquet_tables import table_types
from tests.conformance.tables import SCHEMA

SECRETS = "secrets"
FORBIDDEN = frozenset({"t2", "t8", "region", "supplier", "v4"})
ALLOWED = frozenset(table_types()) - FORBIDDEN


class _Tables(ours._Tables):
    """Two databases of the same tables."""

    def table(self, database: str, name: str) -> CatalogTable:
        if database == SECRETS:
            found = super().table(SCHEMA, name)
            return CatalogTable(
                SECRETS, found.name, found.columns, found.keys, found.storage, {}, {}
            )
        return super().table(database, name)


class Engine:
    """The local Athena's engine; keeps what the last statement touched."""

    def __init__(self) -> None:
        self._engine = DuckEngine(_Tables(None), ours._Files(None))
        self.touched: frozenset[str] = frozenset()

    def run(self, sql: str) -> str:
        """Run a statement to its end: `answered`, or the name of its error."""
        meter = Meter()
        try:
            return self._run(sql, meter)
        except QueryError as error:
            return error.name
        # Whatever else comes out of the engine is its fault; what it touched counts all the same.
        except Exception as error:
            return f"crash: {type(error).__name__}"
        finally:
            self.touched = frozenset(meter.tables)

    def _run(self, sql: str, meter: Meter) -> str:
        prepared: Any = self._engine.prepare(sql, (), SCHEMA, meter)
        try:
            for _ in prepared.batches():
                pass
        finally:
            prepared.close()
        return "answered"


def foreign(touched: frozenset[str]) -> frozenset[str]:
    """Those of the tables that were touched which nobody may read."""
    return touched - {f"{SCHEMA}.{name}" for name in ALLOWED}
