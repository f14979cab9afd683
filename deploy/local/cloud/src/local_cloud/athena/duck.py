"""The DuckDB engine: one locked-down database per query, fed with Arrow and nothing else."""

import re
from collections.abc import Iterator
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from local_cloud.athena import arithmetic, casts, views
from local_cloud.athena.catalog import Catalog
from local_cloud.athena.compile_query import BoundTable, Column, Queries, Resolve, View
from local_cloud.athena.dataset import LakeDataset, TableScan
from local_cloud.athena.failures import CutoffError, QueryError, not_supported
from local_cloud.athena.lake import Lake, Meter
from local_cloud.athena.pruning import Key
from local_cloud.athena.types import duck_name

# Division repeats its operands' text; a query that grows beyond this is refused.
MAX_SQL = 2_000_000
BATCH_ROWS = 8_192
# The database sees no file, no network, no extension and none of Python's variables.
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": "2",
    "memory_limit": "2GB",
}
LOCK = "SET TimeZone='UTC'; SET python_enable_replacements=false; SET lock_configuration=true"
_CODED = re.compile(r"<<([A-Z_]+): (.*?)>>(.*?)(?:' to INT64|$)", re.DOTALL)


def locked_connection() -> Any:
    """A DuckDB that can compute on what is registered with it, and nothing more."""
    connection = duckdb.connect(":memory:", config=CONFIG)
    connection.execute(arithmetic.MACROS)
    connection.execute(casts.MACROS)
    connection.execute(LOCK)
    return connection


class DuckEngine:
    """Compiles Athena's SQL by type and runs it on DuckDB."""

    def __init__(self, catalog: Catalog, lake: Lake) -> None:
        self._catalog, self._lake = catalog, lake

    def prepare(self, query: exp.Expression, database: str, meter: Meter) -> "DuckAnswer":
        binder = Binder(self._catalog, self._lake, meter, database)
        made = Queries(binder.resolve_in, binder.prune).compile(query, database)
        if len(made.sql) > MAX_SQL:
            raise not_supported("expressions that grow so large; split the query")
        return DuckAnswer(made.sql, made.columns, binder.scans)

    def close(self) -> None:
        """Nothing is kept between queries."""


class Binder:
    """Turns names of the catalog into relations of one query."""

    def __init__(self, catalog: Catalog, lake: Lake, meter: Meter, database: str) -> None:
        self._catalog, self._lake, self._meter = catalog, lake, meter
        self._database = database
        self.scans: dict[str, TableScan] = {}

    def resolve_in(self, database: str | None) -> Resolve:
        def resolve(given: str | None, name: str) -> BoundTable | View:
            return self._bind(given or database or self._database, name)

        return resolve

    def _bind(self, database: str, name: str) -> BoundTable | View:
        table = self._catalog.table(database, name)
        if table.is_view:
            stored = views.stored(table)
            return View(
                sqlglot.parse_one(stored.sql, read="athena"),
                stored.database or database,
                tuple(Column(one.name, one.type) for one in stored.columns),
            )
        # One relation per reference: each has a WHERE, and so partitions, of its own.
        relation = f"lake{len(self.scans)}"
        self.scans[relation] = TableScan(table, self._catalog, self._lake, self._meter)
        columns = tuple(Column(c.name, c.type) for c in (*table.columns, *table.keys))
        return BoundTable(relation, columns, frozenset(key.name for key in table.keys))

    def prune(self, relation: str, where: exp.Expression, key: Key) -> None:
        self.scans[relation].narrow(where, key)


class DuckAnswer:
    """One compiled query and the database that it runs in."""

    def __init__(
        self, sql: str, columns: tuple[Column, ...], scans: dict[str, TableScan]
    ) -> None:
        self.sql, self.columns, self.scans = sql, columns, scans
        self._connection = locked_connection()

    def batches(self) -> Iterator[Any]:
        try:
            for relation, scan in self.scans.items():
                self._connection.register(relation, LakeDataset(scan))
            result = self._connection.execute(self.sql)
            self._check_types(result.description)
            yield from result.to_arrow_reader(BATCH_ROWS)
        except (QueryError, CutoffError):
            raise
        except Exception as error:
            raise self._translated(error) from error

    def _check_types(self, description: Any) -> None:
        """The compiler's claim against the engine's: a difference is never answered."""
        for column, described in zip(self.columns, description, strict=True):
            claimed, real = duck_name(column.type), str(described[1])
            if "STRUCT" not in claimed and claimed.replace('"', "") != real.replace('"', ""):
                raise not_supported(
                    f"column {column.name}: {column.type} in Athena, but {real} in this engine"
                )

    def _translated(self, error: Exception) -> Exception:
        for scan in self.scans.values():
            if isinstance(scan.failure, (QueryError, CutoffError)):
                return scan.failure
        return translated(error)

    def cancel(self) -> None:
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()


_NAMES = (
    (duckdb.OutOfRangeException, "NUMERIC_VALUE_OUT_OF_RANGE"),
    (duckdb.ConversionException, "INVALID_CAST_ARGUMENT"),
    (duckdb.BinderException, "SYNTAX_ERROR"),
    (duckdb.ParserException, "SYNTAX_ERROR"),
    (duckdb.OutOfMemoryException, "EXCEEDED_LOCAL_MEMORY_LIMIT"),
    (duckdb.InvalidInputException, "INVALID_FUNCTION_ARGUMENT"),
)


def translated(error: Exception) -> QueryError:
    """DuckDB's error in Athena's words."""
    said = str(error)
    if coded := _CODED.search(said):
        value = f": {coded[3]}" if coded[1] == "INVALID_CAST_ARGUMENT" else ""
        return QueryError(coded[1], f"{coded[2]}{value}")
    if isinstance(error, duckdb.InterruptException):
        return QueryError("USER_CANCELED", "Query was canceled")
    first = said.split("\n\n")[0]
    if "out of range" in first:
        return QueryError("NUMERIC_VALUE_OUT_OF_RANGE", first)
    if "Scalar" in first and "more than one row" in first:
        return QueryError(
            "SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows"
        )
    for kind, name in _NAMES:
        if isinstance(error, kind):
            return QueryError(name, first)
    return QueryError("GENERIC_INTERNAL_ERROR", first, category=1, error_type=200)
