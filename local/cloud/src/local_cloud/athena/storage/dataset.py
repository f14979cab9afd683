"""One table reference as an Arrow dataset: partitions, files and columns chosen at scan time."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import fs

from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import Expr
from local_cloud.athena.sql.pruning import Pruner, at_least, candidates
from local_cloud.athena.sql.values.arrow import arrow_type
from local_cloud.athena.sql.values.moments import parse_date
from local_cloud.athena.storage import json_files, parquet_files, projection
from local_cloud.athena.storage.catalog import (
    CatalogClient,
    CatalogColumn,
    CatalogPartition,
    CatalogTable,
    Storage,
)
from local_cloud.athena.storage.lake import LakeObject, Meter, S3Lake

# DuckDB reads a table's first column for count(*); this one costs nothing.
ROWS = "$row"
_PLACE = "$place"
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


class TableScan:
    """What one reference to a table in a query reads."""

    def __init__(
        self, table: CatalogTable, catalog: CatalogClient, lake: S3Lake, meter: Meter
    ) -> None:
        self.table = table
        self._catalog, self._lake, self._meter = catalog, lake, meter
        self._wheres: list[tuple[Expr, Mapping[str, str]]] = []
        # Names of the catalog have no business in the engine's text.
        self._labels = {
            one.name: f"c{i}" for i, one in enumerate((*table.columns, *table.keys))
        }
        # The error behind a failed scan: DuckDB would only pass on its text.
        self.failure: Exception | None = None
        self.partitions_read: list[str] = []

    def narrow(self, where: Expr, keys: Mapping[str, str]) -> None:
        """Remember a WHERE around this reference: rows are wanted only where all of them hold."""
        self._wheres.append((where, keys))

    def schema(self) -> Any:
        columns = (*self.table.columns, *self.table.keys)
        return pa.schema(
            [
                (ROWS, pa.bool_()),
                *((self._labels[one.name], arrow_type(one.type)) for one in columns),
            ]
        )

    def partitions(self, pushed: Any) -> Iterator[tuple[CatalogPartition, dict[str, Any]]]:
        """The partitions to read, with typed key values; `pushed` is the engine's own filter."""
        if not self.table.keys:
            yield CatalogPartition((), self.table.storage.location), {}
            return
        pruners = [Pruner(*one) for one in self._wheres]
        kept = []
        for partition in self._listed():
            values = key_values(self.table.keys, partition.values)
            if all(one.keeps(values) for one in pruners):
                kept.append((partition, values))
        yield from _unfiltered(kept, pushed, self.schema(), self._labels)

    def _listed(self) -> Iterator[CatalogPartition]:
        if not self.table.projected:
            return self._catalog.partitions(self.table)
        wanted: dict[str, list[str] | None] = {}
        lowest: dict[str, str] = {}
        pruners = [Pruner(*one) for one in self._wheres]
        for column in self.table.keys:
            found = (candidates(*one, column.name) for one in self._wheres)
            wanted[column.name] = next((one for one in found if one is not None), None)
            lows = (at_least(*one, column.name) for one in self._wheres)
            lowest[column.name] = max(lows, default="")

        def keeps(key: CatalogColumn, text: str) -> bool:
            if text < lowest[key.name]:
                return False
            # By this key alone: the others are not known yet.
            value = key_values((key,), (text,))
            return all(one.keeps(value) for one in pruners)

        return projection.partitions(self.table, wanted, datetime.now(UTC), keeps)

    def batches(self, columns: list[str], pushed: Any) -> Iterator[Any]:
        """Record batches of `columns`, in that order, of the rows that pass `pushed`."""
        try:
            yield from self._batches(columns, pushed)
        except Exception as error:
            self.failure = error
            raise

    def _batches(self, columns: list[str], pushed: Any) -> Iterator[Any]:
        schema = self.schema()
        labels = self._labels
        wanted = [
            (one.name, one.type) for one in self.table.columns if labels[one.name] in columns
        ]
        for partition, values in self.partitions(pushed):
            self.partitions_read.append("/".join(partition.values))
            for of in self._lake.objects(partition.location):
                self._meter.check()
                for rows, found in self._file(of, wanted):
                    arrays = {labels[name]: array for name, array in found.items()}
                    arrays[ROWS] = pa.nulls(rows, pa.bool_())
                    for name, value in values.items():
                        label = labels[name]
                        arrays[label] = pa.repeat(
                            pa.scalar(value, schema.field(label).type), rows
                        )
                    fields = [schema.field(name) for name in columns]
                    batch = pa.record_batch(
                        [arrays[name] for name in columns], schema=pa.schema(fields)
                    )
                    yield from _filtered(batch, pushed)

    def _file(
        self, of: LakeObject, wanted: list[tuple[str, Any]]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        storage = self.table.storage
        if is_parquet(storage):
            return parquet_files.batches(self._lake, of, wanted, self._meter)
        if storage.serde in json_files.SERDES:
            return json_files.batches(self._lake, of, storage, wanted, self._meter)
        raise not_supported(f"tables with SerDe {storage.serde or '(none)'}")


def is_parquet(storage: Storage) -> bool:
    return "parquet" in storage.serde.lower()


def _filtered(batch: Any, pushed: Any) -> Iterator[Any]:
    if pushed is None:
        yield batch
        return
    rows = pa.Table.from_batches([batch])
    if not any(_holds_floats(one.type) for one in batch.schema):
        yield from rows.filter(pushed).to_batches()
        return
    names = [*batch.schema.names, _PLACE]
    places = pa.array(range(batch.num_rows), pa.int64())
    plain = map(_one_zero, batch.columns)
    kept = pa.Table.from_arrays([*plain, places], names=names).filter(pushed)
    yield from rows.take(kept.column(_PLACE)).to_batches()


def _holds_floats(of: Any) -> bool:
    if pa.types.is_struct(of):
        return any(_holds_floats(one.type) for one in of)
    return bool(pa.types.is_floating(of))


def _one_zero(column: Any) -> Any:
    """The column without negative zeros: Arrow's `is_in` holds them for another number."""
    if not _holds_floats(column.type):
        return column
    if pa.types.is_floating(column.type):
        return pc.add(column, pa.scalar(0.0, column.type))
    fields = [_one_zero(one) for one in column.flatten()]
    return pa.StructArray.from_arrays(fields, fields=list(column.type), mask=column.is_null())


def _unfiltered(
    kept: list[tuple[CatalogPartition, dict[str, Any]]],
    pushed: Any,
    schema: Any,
    labels: Mapping[str, str],
) -> Iterator[tuple[CatalogPartition, dict[str, Any]]]:
    """The partitions that the engine's filter can keep, by Arrow's own guarantee logic."""
    if pushed is None:
        yield from kept
        return
    form, files = ds.ParquetFileFormat(), fs.LocalFileSystem()
    fragments = [
        form.make_fragment(
            str(index), files, partition_expression=_guarantee(values, schema, labels)
        )
        for index, (_, values) in enumerate(kept)
    ]
    # Nothing is opened here: the paths are only numbers to come back with.
    pretended = ds.FileSystemDataset(fragments, schema, form, files)
    for fragment in pretended.get_fragments(filter=pushed):
        yield kept[int(fragment.path)]


def _guarantee(values: dict[str, Any], schema: Any, labels: Mapping[str, str]) -> Any:
    said = ds.scalar(True)
    for key, value in values.items():
        name = labels[key]
        if value is None:
            said = said & ds.field(name).is_null()
        else:
            said = said & (ds.field(name) == pa.scalar(value, schema.field(name).type))
    return said


_PARSERS: dict[str, Callable[[str], Any]] = {
    "varchar": str,
    "char": str,
    "date": parse_date,
    "tinyint": int,
    "smallint": int,
    "integer": int,
    "bigint": int,
    "boolean": lambda text: text.lower() == "true",
}


def key_values(keys: tuple[CatalogColumn, ...], texts: tuple[str, ...]) -> dict[str, Any]:
    """A partition's key values in their declared types."""
    found: dict[str, Any] = {}
    for key, text in zip(keys, texts, strict=True):
        parser = _PARSERS.get(key.type.name)
        if parser is None:
            raise not_supported(f"partition keys of type {key.type}")
        try:
            found[key.name] = None if text == NULL_PARTITION else parser(text)
        except ValueError as error:
            raise QueryError(
                "HIVE_INVALID_PARTITION_VALUE",
                f"Invalid partition value '{text}' for {key.type} partition key: {key.name}",
            ) from error
    return found


class LakeDataset(ds.Dataset):  # type: ignore[misc]
    """Gives DuckDB the scan as a dataset, so that it asks for columns and pushes filters."""

    def __init__(self, scan: TableScan) -> None:
        self._scan = scan
        self._schema = scan.schema()

    @property
    def schema(self) -> Any:
        return self._schema

    def scanner(self, columns: list[str] | None = None, filter: Any = None, **_: Any) -> Any:
        """A one-pass reader over what `columns` and `filter` ask for."""
        names = list(columns) if columns is not None else self._schema.names
        schema = pa.schema([self._schema.field(name) for name in names])
        batches = self._scan.batches(names, filter)
        return ds.Scanner.from_batches(pa.RecordBatchReader.from_batches(schema, batches))
