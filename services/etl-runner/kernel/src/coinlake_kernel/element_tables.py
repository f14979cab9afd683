"""The tables of a dataset of elements: answers in, typed rows and what was put aside out."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from coinlake.contracts.answers import is_far
from coinlake.contracts.datasets import Dataset
from coinlake.contracts.elements import Element
from coinlake.contracts.ledger import UnknownField
from coinlake.contracts.tables import quarantine_name
from coinlake_kernel.answers import JudgedAnswer, read_answer
from coinlake_kernel.further_tables import asset_tokens, candles_1m, orphans
from coinlake_kernel.hour_rows import HourRows
from coinlake_kernel.main_table import MainTable
from coinlake_kernel.objects import raw_text
from coinlake_kernel.reading import ReadAnswer
from coinlake_kernel.records import SourcedRecord
from coinlake_kernel.sorted_rows import SortedRows
from coinlake_kernel.unknown_keys import UnknownKeys

_FURTHER: dict[str, Callable[[MainTable], SortedRows]] = {
    "asset_tokens": asset_tokens,
    "candles_1m": candles_1m,
}


class ElementTables:
    """The answers of an hour."""

    def __init__(self, dataset: Dataset, element: Element, max_skew_ms: int) -> None:
        self._dataset, self._element = dataset, element
        self._max_skew_ms = max_skew_ms
        self._records: list[SourcedRecord] = []
        self._source_ms: list[int | None] = []
        self._rows = HourRows(element)
        self._unknown = UnknownKeys()
        self._tallies: Counter[str] = Counter()

    @property
    def tallies(self) -> Counter[str]:
        """What became of answers, of their elements and, after `tables`, of the further tables' rows."""
        return self._tallies + self._rows.tallies

    def same(self, record: SourcedRecord, digest: bytes) -> tuple[object, ...]:
        """What two records share that say the same of one page."""
        return record.key, digest

    def take(self, record: SourcedRecord, value: bytes) -> dict[str, Any] | None:
        """Take an answer; its row of the quarantine where nothing in it can be used."""
        # Kept for its rows, without what they are made of.
        kept = replace(record, key=None, value=None, told={})
        read = self._rows.reader.read(value)
        if read is not None and not is_far(
            read.source_ms, record.received_ms, self._max_skew_ms
        ):
            number = self._keep(kept, read)
            self._rows.add_read(number, read, len(value), record.received_ms)
            return None
        judged = read_answer(self._dataset.name, value, record.received_ms, self._max_skew_ms)
        if judged.reason is not None:
            self._tallies["quarantined_records"] += 1
            self._tallies[f"broken:{judged.rule}"] += 1
            told = {"rule": judged.rule, "reason": judged.reason, "raw": raw_text(value)}
            return record.columns() | told
        number = self._keep(kept, judged)
        self._rows.add_judged(number, judged)
        return None

    def tables(self) -> dict[str, SortedRows]:
        """Those of the contract, without quarantines."""
        self._rows.settle()
        main = MainTable(self._element, self._rows, self._records, self._source_ms)
        quotes = main.rows()
        tables = {self._element.table: quotes}
        for one in self._dataset.further:
            tables[one.name] = _FURTHER[one.name](main)
            self._tallies[f"orphans:{one.name}"] = orphans(tables[one.name], quotes)
        return tables

    def put_aside(self, table: str) -> list[dict[str, Any]]:
        """Parts of answers that are rows of this table's quarantine."""
        return [
            self._records[number].columns() | asdict(one)
            for number, one in self._rows.rejected
            if quarantine_name(one.table) == table
        ]

    def unknown_fields(self) -> tuple[UnknownField, ...]:
        """Keys of answers that no column knows."""
        return self._unknown.told(self._rows.tallies)

    def _keep(self, record: SourcedRecord, answer: ReadAnswer | JudgedAnswer) -> int:
        self._tallies["usable"] += 1
        self._records.append(record)
        self._source_ms.append(answer.source_ms)
        self._unknown.add(answer.examples, record.received_ms)
        return len(self._records) - 1
