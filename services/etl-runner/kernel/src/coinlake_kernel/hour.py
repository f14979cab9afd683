"""An hour of a dataset: raw objects in, typed tables and tallies out."""

import hashlib
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from isal import isal_zlib

from coinlake.contracts.datasets import TABULAR, table_named
from coinlake.contracts.ledger import UnknownField
from coinlake.contracts.raw_gzip import Inflate
from coinlake.contracts.tables import main_name, quarantine_name
from coinlake_kernel.answers import JudgedAnswer, is_far, read_answer
from coinlake_kernel.further_tables import asset_tokens, candles_1m, orphans
from coinlake_kernel.hour_rows import HourRows
from coinlake_kernel.main_table import MainTable
from coinlake_kernel.objects import raw_text, unreadable
from coinlake_kernel.reading import ReadAnswer
from coinlake_kernel.records import RawSource, SourcedRecord, UnreadableError, records_of
from coinlake_kernel.schemas import file_schema
from coinlake_kernel.sorted_rows import SortedRows
from coinlake_kernel.unknown_keys import UnknownKeys

# ISA-L's: three times as quick as zlib's.
FAST_INFLATE = Inflate(
    partial(isal_zlib.decompressobj, -zlib.MAX_WBITS), isal_zlib.crc32, isal_zlib.IsalError
)
_FURTHER: dict[str, Callable[[MainTable], SortedRows]] = {
    "asset_tokens": asset_tokens,
    "candles_1m": candles_1m,
}


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


class HourKernel:
    """Takes the raw objects of one hour, in the order in which the first of two equals stays."""

    def __init__(self, feed: str, max_skew_ms: int) -> None:
        dataset = TABULAR[feed]
        assert dataset.element is not None
        self._dataset, self._element = dataset, dataset.element
        self._max_skew_ms = max_skew_ms
        self._records: list[SourcedRecord] = []
        self._source_ms: list[int | None] = []
        self._seen: set[tuple[bytes | None, bytes]] = set()
        self._tallies: Counter[str] = Counter()
        self._received: list[int] = []
        self._put_aside: list[dict[str, Any]] = []
        self._rows = HourRows(self._element)
        self._unknown = UnknownKeys()

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
        self._rows.settle()
        main = MainTable(self._element, self._rows, self._records, self._source_ms)
        tables = {self._element.table: main.rows()}
        for one in self._dataset.further:
            tables[one.name] = _FURTHER[one.name](main)
            self._tallies[f"orphans:{one.name}"] = orphans(
                tables[one.name], tables[self._element.table]
            )
        for table in self._dataset.tables:
            tables[quarantine_name(table)] = self._quarantine(quarantine_name(table))
        tallies = self._tallies + self._rows.tallies
        return TypedHour(
            {name: rows for name, rows in tables.items() if len(rows)},
            tallies,
            min(self._received, default=None),
            max(self._received, default=None),
            self._unknown.told(tallies),
        )

    def _take(self, record: SourcedRecord) -> None:
        self._tallies["records"] += 1
        value = record.value
        if value is None:
            self._tallies["heartbeats"] += 1
            return
        if record.received_ms is not None:
            self._received.append(record.received_ms)
        same = (record.key, hashlib.sha256(value).digest())
        if same in self._seen:
            self._tallies["duplicates"] += 1
            return
        self._seen.add(same)
        # Kept for its rows, without what they are made of.
        self._answer(replace(record, key=None, value=None), value)

    def _answer(self, record: SourcedRecord, value: bytes) -> None:
        number = len(self._records)
        read = self._rows.reader.read(value)
        if read is not None and not is_far(
            read.source_ms, record.received_ms, self._max_skew_ms
        ):
            self._keep(record, read)
            self._rows.add_read(number, read, len(value), record.received_ms)
            return
        judged = read_answer(self._dataset.name, value, record.received_ms, self._max_skew_ms)
        if judged.reason is not None:
            self._tallies["quarantined_records"] += 1
            self._tallies[f"broken:{judged.rule}"] += 1
            told = {"rule": judged.rule, "reason": judged.reason, "raw": raw_text(value)}
            self._put_aside.append(record.columns() | told)
            return
        self._keep(record, judged)
        self._rows.add_judged(number, judged)

    def _keep(self, record: SourcedRecord, answer: ReadAnswer | JudgedAnswer) -> None:
        self._tallies["usable"] += 1
        self._records.append(record)
        self._source_ms.append(answer.source_ms)
        self._unknown.add(answer.examples, record.received_ms)

    def _quarantine(self, table: str) -> SortedRows:
        is_own = main_name(table) == self._element.table
        rows = self._put_aside if is_own else []
        rows = rows + [
            self._records[number].columns() | asdict(one)
            for number, one in self._rows.rejected
            if quarantine_name(one.table) == table
        ]
        found = pa.Table.from_pylist(rows, schema=file_schema(table_named(table)))
        sort = [(name, "ascending") for name in table_named(table).sort]
        return SortedRows.of(found, pc.sort_indices(found, sort_keys=sort).to_numpy())
