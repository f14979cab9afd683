"""The DuckDB engine: one locked-down database per query, fed with Arrow and nothing else."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from local_cloud.athena.engines.duck_sql.database import CONFIG, locked_connection
from local_cloud.athena.engines.duck_sql.relation import BoundTable, BoundView, Relation
from local_cloud.athena.engines.duck_sql.udf import Udfs
from local_cloud.athena.engines.overflows import overflow
from local_cloud.athena.engines.planning import planned
from local_cloud.athena.sql import queries
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import Session
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import Expr
from local_cloud.athena.sql.types import OutputColumn
from local_cloud.athena.sql.values.arrow import arrow_type
from local_cloud.athena.storage import views
from local_cloud.athena.storage.catalog import CatalogClient
from local_cloud.athena.storage.dataset import LakeDataset, TableScan
from local_cloud.athena.storage.lake import Meter, S3Lake

# Some forms repeat their operands' text; a query that grows beyond this is refused.
MAX_SQL = 2_000_000
BATCH_ROWS = 8_192


class DuckEngine:
    """Compiles Athena's SQL by type and runs it on DuckDB."""

    def __init__(
        self, catalog: CatalogClient, lake: S3Lake, clock: Callable[[], float] = time.time
    ) -> None:
        self._catalog, self._lake, self._clock = catalog, lake, clock

    def prepare(
        self, sql: str, parameters: Sequence[str], database: str, meter: Meter
    ) -> "DuckAnswer":
        binder = Binder(self._catalog, self._lake, meter)
        session = Session(database.lower(), int(self._clock() * 1_000_000))
        made = compiled(sql, parameters, session, binder)
        return DuckAnswer(*made, binder.scans)

    def close(self) -> None:
        """Nothing is kept between queries."""


def compiled(
    sql: str, parameters: Sequence[str], session: Session, tables: Any
) -> tuple[Relation, Udfs]:
    """The query as DuckDB's SQL, and the Python functions that this calls."""
    udfs = Udfs()
    nodes = [queries.parameter(one) for one in parameters]
    try:
        made = planned(sql, nodes, session, tables, udfs)
    except RecursionError as error:
        raise not_supported("expressions nested so deeply") from error
    if len(made.sql) > MAX_SQL:
        raise not_supported("expressions that grow so large; split the query")
    return made, udfs


def output_columns(made: Relation) -> tuple[OutputColumn, ...]:
    """What the answer's columns are called: those without a name by their place."""
    for one in made.fields:
        if t.holds(one.type, "hyperloglog", "tdigest"):
            # How Athena prints them is not documented.
            raise not_supported(f"output columns of type {one.type}; cast them to varbinary")
    return tuple(
        OutputColumn(one.name if one.name is not None else f"_col{i}", one.type)
        for i, one in enumerate(made.fields)
    )


class Binder:
    """Turns names of the catalog into relations of one query."""

    def __init__(self, catalog: CatalogClient, lake: S3Lake, meter: Meter) -> None:
        self._catalog, self._lake, self._meter = catalog, lake, meter
        self.scans: dict[str, TableScan] = {}

    def bind(self, database: str, name: str) -> BoundTable | BoundView:
        # They are there in Athena: to call them unknown would be wrong.
        if database == "information_schema" or "$" in name:
            raise not_supported("tables of information_schema and hidden ones")
        table = self._catalog.table(database, name)
        self._meter.tables.add(f"{table.database}.{table.name}")
        if table.is_view:
            stored = views.stored(table)
            columns = tuple((one.name, one.type) for one in stored.columns)
            return BoundView(stored.sql, stored.database or database, columns)
        # One relation per reference: each has a WHERE, and so partitions, of its own.
        relation = f"lake{len(self.scans)}"
        self.scans[relation] = TableScan(table, self._catalog, self._lake, self._meter)
        listed = tuple((one.name, one.type) for one in (*table.columns, *table.keys))
        return BoundTable(relation, listed, frozenset(key.name for key in table.keys))

    def prune(self, relation: str, where: Expr, keys: Mapping[str, str]) -> None:
        self.scans[relation].narrow(where, keys)


class DuckAnswer:
    """One compiled query and the database that it runs in."""

    def __init__(self, made: Relation, udfs: Udfs, scans: Mapping[str, TableScan]) -> None:
        self.columns = output_columns(made)
        self._made, self._udfs, self._scans = made, udfs, scans
        self._connection = locked_connection()

    def batches(self) -> Iterator[Any]:
        try:
            for relation, scan in self._scans.items():
                self._connection.register(relation, LakeDataset(scan))
            yield from executed(self._connection, self._made, self._udfs)
        except QueryError as error:
            # What stopped a scan comes back through the engine as a text; the scan kept itself.
            failures = (scan.failure for scan in self._scans.values())
            raise next(filter(None, failures), error) from error

    def cancel(self) -> None:
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()


def executed(connection: Any, made: Relation, udfs: Udfs) -> Iterator[Any]:
    """The rows as record batches. Raises QueryError for whatever goes wrong."""
    try:
        udfs.register(connection)
        reader = connection.execute(made.sql).to_arrow_reader(BATCH_ROWS)
        _check_types(reader.schema, made)
        for batch in reader:
            udfs.check()
            yield batch
        udfs.check()
    except (duckdb.Error, pa.ArrowException, RuntimeError) as error:
        raise translated(error, udfs) from error


def _check_types(schema: Any, made: Relation) -> None:
    """The compiler's claim against the engine's: a difference is never answered."""
    for field, one in zip(schema, made.fields, strict=True):
        if not _same(field.type, arrow_type(one.type)):
            raise not_supported(
                f"column {one.name}: {one.type} in Athena, but {field.type} in this engine"
            )


def _same(have: Any, want: Any) -> bool:
    if pa.types.is_list(have) and pa.types.is_list(want):
        return _same(have.value_type, want.value_type)
    if pa.types.is_map(have) and pa.types.is_map(want):
        return _same(have.key_type, want.key_type) and _same(have.item_type, want.item_type)
    if pa.types.is_struct(have) and pa.types.is_struct(want):
        return have.num_fields == want.num_fields and all(
            have.field(i).name == want.field(i).name
            and _same(have.field(i).type, want.field(i).type)
            for i in range(have.num_fields)
        )
    return bool(have == want)


def translated(error: Exception, udfs: Udfs) -> QueryError:
    """DuckDB's error in Athena's words. What is not known is refused: it says nothing of Trino."""
    said = str(error)
    if found := udfs.failure(said) or udfs.uncaught:
        return found
    if isinstance(error, duckdb.InterruptException) or "INTERRUPT" in said[:20]:
        return QueryError("USER_CANCELED", "Query was canceled")
    first = said.split("\n")[0]
    if isinstance(error, duckdb.OutOfRangeException) or "Out of Range Error" in first:
        return overflow(first)
    if "More than one row returned by a subquery" in first:
        return QueryError(
            "SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows"
        )
    if isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory Error" in first:
        return not_supported(f"queries that need more memory than {CONFIG['memory_limit']}")
    return not_supported(f"this query: its engine says {first}")
