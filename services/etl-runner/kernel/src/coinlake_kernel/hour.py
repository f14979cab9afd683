"""An hour of a dataset: raw objects in, typed tables and tallies out."""

import hashlib
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from isal import isal_zlib

from coinlake.contracts.datasets import TABULAR, Dataset, table_named
from coinlake.contracts.ledger import UnknownField
from coinlake.contracts.raw_gzip import Inflate
from coinlake.contracts.tables import main_name, quarantine_name
from coinlake_kernel.element_tables import ElementTables
from coinlake_kernel.objects import unreadable
from coinlake_kernel.records import RawSource, SourcedRecord, UnreadableError, records_of
from coinlake_kernel.rejected_rows import RejectedRows
from coinlake_kernel.schemas import file_schema
from coinlake_kernel.sorted_rows import SortedRows

# ISA-L's: three times as quick as zlib's.
FAST_INFLATE = Inflate(
    partial(isal_zlib.decompressobj, -zlib.MAX_WBITS), isal_zlib.crc32, isal_zlib.IsalError
)


@dataclass(frozen=True, slots=True)
class TypedHour:
    """What an hour was made into.

    `tables` are those that have rows, by name. `tallies` counts records by what became of them and
    what the rules say of their elements (see `answers.JudgedAnswer`); `promised` are the records that
    raw objects have or should have, `unkept` those by which they differ, `orphans:<table>` rows whose
    asset has none in the main table. Times are those of its answers.
    """

    tables: dict[str, SortedRows]
    tallies: Counter[str]
    min_received_ms: int | None
    max_received_ms: int | None
    unknown_fields: tuple[UnknownField, ...] = ()


class RecordTables(Protocol):
    """What a dataset's records are made into."""

    @property
    def tallies(self) -> Counter[str]:
        """What became of the records and of what is in them; after `tables`, of these too."""
        ...

    def same(self, record: SourcedRecord, digest: bytes) -> tuple[object, ...]:
        """What two records share of which only the first counts; `digest` is the value's SHA-256."""
        ...

    def take(self, record: SourcedRecord, value: bytes) -> dict[str, Any] | None:
        """Take a record; its row of the main table's quarantine where it is put aside."""
        ...

    def tables(self) -> dict[str, SortedRows]:
        """The tables of everything that was taken, without quarantines."""
        ...

    def put_aside(self, table: str) -> list[dict[str, Any]]:
        """Parts of records that are rows of this quarantine."""
        ...

    def unknown_fields(self) -> tuple[UnknownField, ...]:
        """Keys in the records that no column knows."""
        ...


class HourKernel:
    """Takes the raw objects of one hour, in the order in which the first of two equals stays."""

    def __init__(self, feed: str, max_skew_ms: int) -> None:
        self._dataset = TABULAR[feed]
        self._made = _tables_of(self._dataset, max_skew_ms)
        self._seen: set[tuple[object, ...]] = set()
        self._tallies: Counter[str] = Counter()
        self._received: list[int] = []
        self._put_aside: list[dict[str, Any]] = []

    def add(self, source: RawSource, body: bytes) -> None:
        """Take an object. One that cannot be read is a row of the quarantine."""
        try:
            records = records_of(source, body, FAST_INFLATE)
        except UnreadableError as error:
            self._tallies[f"unreadable:{source.key}"] += 1
            self._put_aside.append(unreadable(source, str(error)))
            return
        if source.promised is not None:
            self._tallies["promised"] += max(source.promised, len(records))
            self._tallies["unkept"] += abs(source.promised - len(records))
        for record in records:
            self._take(record)

    def finish(self) -> TypedHour:
        """The tables of everything that was taken."""
        tables = self._made.tables()
        for table in self._dataset.tables:
            tables[quarantine_name(table)] = self._quarantine(quarantine_name(table))
        return TypedHour(
            {name: rows for name, rows in tables.items() if len(rows)},
            self._tallies + self._made.tallies,
            min(self._received, default=None),
            max(self._received, default=None),
            self._made.unknown_fields(),
        )

    def _take(self, record: SourcedRecord) -> None:
        self._tallies["records"] += 1
        value = record.value
        if value is None:
            self._tallies["heartbeats"] += 1
            return
        if record.received_ms is not None:
            self._received.append(record.received_ms)
        same = self._made.same(record, hashlib.sha256(value).digest())
        if same in self._seen:
            self._tallies["duplicates"] += 1
            return
        self._seen.add(same)
        row = self._made.take(record, value)
        if row is not None:
            self._put_aside.append(row)

    def _quarantine(self, table: str) -> SortedRows:
        is_main = main_name(table) == self._dataset.tables[0]
        rows = [*(self._put_aside if is_main else ()), *self._made.put_aside(table)]
        found = pa.Table.from_pylist(rows, schema=file_schema(table_named(table)))
        sort = [(name, "ascending") for name in table_named(table).sort]
        return SortedRows.of(found, pc.sort_indices(found, sort_keys=sort).to_numpy())


def _tables_of(dataset: Dataset, max_skew_ms: int) -> RecordTables:
    if dataset.element is None:
        return RejectedRows()
    return ElementTables(dataset, dataset.element, max_skew_ms)
