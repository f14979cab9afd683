"""The main table of an hour: every row with its texts, numbers and where it is from."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pyarrow as pa

from coinlake.contracts.datasets import TABLES
from coinlake.contracts.elements import TYPES, Element
from coinlake_kernel.hour_rows import Extra, HourRows, Part
from coinlake_kernel.records import SourcedRecord
from coinlake_kernel.schemas import EXTRA, arrow_type
from coinlake_kernel.sorted_rows import SortedRows, Whole, ranks, steps


class MainTable:
    """The rows of an hour in one piece. `identity` is the rank of each row's identity."""

    def __init__(
        self,
        element: Element,
        rows: HourRows,
        records: Sequence[SourcedRecord],
        source_ms: Sequence[int | None],
    ) -> None:
        self._element = element
        self._records, self._source_ms = records, source_ms
        self._of_records = [record.columns() for record in records]
        self._reader = rows.reader
        self._parts = rows.parts or [_nothing(rows)]
        self.texts = np.concatenate([part.texts for part in self._parts])
        self.tokens = np.concatenate([part.tokens for part in self._parts])
        self.record = np.concatenate([part.record for part in self._parts])
        self.element_index = np.concatenate([part.element for part in self._parts])
        self._text_names = [one.column for one in self._reader.text_fields]
        self._identity_places = [self._text_names.index(one) for one in element.identity]
        identities = ranks([self._identity_of(one) for one in self.known])
        self.identity: Whole = identities[self.texts]
        self.order = self._order()

    @property
    def known(self) -> list[tuple[str | None, ...]]:
        """The texts of elements, by their numbers."""
        return self._reader.texts.known

    @property
    def known_tokens(self) -> list[tuple[tuple[str, str, int], ...]]:
        return self._reader.tokens.known

    def number(self, column: str) -> pa.Array:
        """A column that is no text, unsorted."""
        at = [one.column for one in self._reader.number_fields].index(column)
        return _joined([part.numbers[at] for part in self._parts])

    def of_record(self, column: str, record: Whole) -> pa.Array:
        """A column that comes from the record, for rows of these records."""
        kind = next(
            one.type for one in TABLES[self._element.table].columns if one.name == column
        )
        values = (
            self._source_ms
            if column == "source_ts"
            else [one[column] for one in self._of_records]
        )
        return spread(pa.array(values, arrow_type(kind)), record)

    def text(self, column: str, texts: Whole) -> pa.Array:
        """A text column, for rows of these texts."""
        at = self._text_names.index(column)
        return spread(pa.array([one[at] for one in self.known], pa.string()), texts)

    def rows(self) -> SortedRows:
        """The table of the contract."""
        columns = {}
        numbers = {one.column for one in self._reader.number_fields}
        for column in TABLES[self._element.table].columns:
            name = column.name
            if name in self._text_names:
                columns[name] = self.text(name, self.texts)
            elif name in numbers:
                columns[name] = self.number(name)
            elif name == "extra":
                columns[name] = self._extra()
            elif name == "element_index":
                columns[name] = pa.array(self.element_index, pa.int32())
            else:
                columns[name] = self.of_record(name, self.record)
        return SortedRows(columns, self.order)

    def times(self) -> tuple[Whole, Whole]:
        """Source time in ms, -1 where there is none, and the rank of the record by its moment."""
        source = np.array([-1 if ms is None else ms for ms in self._source_ms], np.int64)
        moments = ranks(
            [
                (
                    one.received_ms,
                    one.epoch,
                    one.kafka_partition,
                    one.kafka_offset,
                    one.raw_object,
                )
                for one in self._records
            ]
        )
        return source[self.record], moments[self.record]

    def _order(self) -> Whole:
        time = ranks([(one.received_ms, one.kafka_offset) for one in self._records])
        place = ranks([(one.topic, one.epoch, one.kafka_partition) for one in self._records])
        return steps(self.identity, time[self.record], self.element_index, place[self.record])

    def _identity_of(self, texts: tuple[str | None, ...]) -> tuple[str | None, ...]:
        return tuple(texts[at] for at in self._identity_places)

    def _extra(self) -> pa.Array:
        count = len(self.texts)
        sizes = np.zeros(count, np.int32)
        found: list[Extra] = []
        start = 0
        for part in self._parts:
            for place in sorted(part.extra):
                sizes[start + place] = len(part.extra[place])
                found.append(part.extra[place])
            start += len(part.texts)
        offsets = np.concatenate(([0], np.cumsum(sizes, dtype=np.int32))).astype(np.int32)
        keys = pa.array(list(chain.from_iterable(found)), pa.string())
        values = pa.array(list(chain.from_iterable(one.values() for one in found)), pa.string())
        return pa.MapArray.from_arrays(pa.array(offsets), keys, values).cast(EXTRA)


def spread(values: pa.Array, places: Whole) -> pa.Array:
    """The value of each place: texts stay a dictionary, of which rows hold numbers."""
    if pa.types.is_string(values.type):
        encoded = values.dictionary_encode()
        return pa.DictionaryArray.from_arrays(
            encoded.indices.take(pa.array(places)), encoded.dictionary
        )
    return values.take(pa.array(places))


def _joined(arrays: list[pa.Array]) -> pa.Array:
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)


def _nothing(rows: HourRows) -> Part:
    none = np.zeros(0, np.int32)
    numbers = [pa.array([], arrow_type(TYPES[one.kind])) for one in rows.reader.number_fields]
    return Part(none, none, none, none, numbers, {})
