"""The rows of an hour as they come in: answers are collected, typed together and judged."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from coinlake.contracts.elements import TYPES, Element
from coinlake.contracts.quality import QualityRule
from coinlake_kernel.answers import JudgedAnswer, Rejected, broken
from coinlake_kernel.columns import as_parsed, typed_column
from coinlake_kernel.conditions import RowColumns, holds
from coinlake_kernel.reading import ReadAnswer, Reader
from coinlake_kernel.rules import BY_TABLE, is_id
from coinlake_kernel.schemas import arrow_type
from coinlake_kernel.values import json_text, plain_text

# Parsed answers of so many bytes are typed together: they are still in the cache of a core then.
_TOGETHER_BYTES = 1024 * 1024

Numbers = npt.NDArray[np.int32]
Extra = dict[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows by column. `texts` and `tokens` are numbers of the reader's memos, `record` the numbers
    of the records they are from; `extra` is by the place of the row."""

    texts: Numbers
    tokens: Numbers
    record: Numbers
    element: Numbers
    numbers: list[pa.Array]
    extra: dict[int, Extra]


@dataclass(slots=True)
class HourRows:
    """Rows of one dataset and hour."""

    element: Element
    parts: list[Part] = field(default_factory=list)
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)
    tallies: Counter[str] = field(default_factory=Counter)
    reader: Reader = field(init=False)
    _waiting: list[tuple[int, ReadAnswer]] = field(default_factory=list)
    _waiting_received: list[int] = field(default_factory=list)
    _waiting_bytes: int = 0
    _judged_ids: dict[int, bytearray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reader = Reader(self.element)

    def add_read(
        self, record: int, answer: ReadAnswer, size: int, received_ms: int | None
    ) -> None:
        """Take an answer of `size` bytes that was read by columns."""
        self._waiting.append((record, answer))
        self._waiting_received.append(-1 if received_ms is None else received_ms)
        self._waiting_bytes += size
        if self._waiting_bytes >= _TOGETHER_BYTES:
            self.settle()

    def add_judged(self, record: int, answer: JudgedAnswer) -> None:
        """Take an answer that the rules judged by rows."""
        self.settle()
        self.tallies.update(answer.tallies)
        self.rejected += [(record, one) for one in answer.rejected]
        if answer.rows:
            self.parts.append(self._part_of_rows(record, answer.rows))

    def settle(self) -> None:
        """Type and judge what waits."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        received, self._waiting_received = self._waiting_received, []
        if waiting:
            self._settle(waiting, received)

    def _settle(
        self, waiting: Sequence[tuple[int, ReadAnswer]], received: Sequence[int]
    ) -> None:
        lengths = [len(answer.items) for _, answer in waiting]
        count = sum(lengths)
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1])).astype(np.int32)
        record = np.repeat(np.array([number for number, _ in waiting], np.int32), lengths)
        place = np.arange(count, dtype=np.int32)
        element = place - np.repeat(starts, lengths)
        texts = np.fromiter(
            chain.from_iterable(answer.texts for _, answer in waiting), np.int32, count
        )
        tokens = np.fromiter(
            chain.from_iterable(answer.tokens for _, answer in waiting), np.int32, count
        )
        extra: dict[int, Extra] = {}
        numbers, unfit = self._typed([answer for _, answer in waiting], extra)
        has_unknown: list[int] = []
        for start, (_, answer) in zip(starts.tolist(), waiting, strict=True):
            for index, unknown in answer.extra.items():
                has_unknown.append(start + index)
                extra.setdefault(start + index, {}).update(unknown)
            self.tallies.update(answer.tallies)
            self.tallies["unfit:source_ts"] += answer.source_ms is None
        part = Part(texts, tokens, record, element, numbers, extra)
        items = chain.from_iterable(answer.items for _, answer in waiting)
        has_time = np.repeat([answer.source_ms is not None for _, answer in waiting], lengths)
        received_ms = np.repeat(np.array(received, np.int64), lengths)
        rows = self._columns(part, has_time, received_ms, unfit, has_unknown)
        self._judge(rows, part, list(items))

    def _typed(
        self, answers: Sequence[ReadAnswer], extra: dict[int, Extra]
    ) -> tuple[list[pa.Array], dict[str, list[int]]]:
        """The columns that are no texts, and by column the places whose values do not fit."""
        typed: dict[str, pa.Array] = {}
        unfit: dict[str, dict[int, Any]] = {}
        for number, one in enumerate(self.reader.number_fields):
            values = list(chain.from_iterable(answer.numbers[number] for answer in answers))
            typed[one.column], places = typed_column(values, one.kind)
            unfit[one.column] = {place: values[place] for place in places}
        for narrow, wide in self.element.widened.items():
            held = [place for place in unfit[narrow] if typed[wide][place].is_valid]
            self.tallies[f"widened:{narrow}"] += len(held)
            for place in held:
                del unfit[narrow][place]
        for column, misfits in unfit.items():
            for place, value in misfits.items():
                extra.setdefault(place, {})[column] = plain_text(as_parsed(value))
            self.tallies[f"unfit:{column}"] += len(misfits)
        return list(typed.values()), {column: list(places) for column, places in unfit.items()}

    def _judge(self, rows: RowColumns, part: Part, items: list[dict[str, Any]]) -> None:
        is_row = np.ones(rows.length, bool)
        for rule in BY_TABLE[self.element.table]:
            good = holds(rule, rows)
            if rule.hard:
                places = np.flatnonzero(is_row & ~good).tolist()
                self.tallies[f"broken:{rule.name}"] += len(places)
                for place in places:
                    self._reject(part, place, rule, as_parsed(items[place]))
                is_row &= good
            else:
                # All hard rules come first.
                self.tallies[f"rule:{rule.name}"] += int((is_row & ~good).sum())
        kept = int(is_row.sum())
        self.tallies["elements"] += rows.length
        self.tallies["rows"] += kept
        self.tallies["quarantined_rows"] += rows.length - kept
        if kept:
            self.parts.append(part if kept == rows.length else _only(part, is_row))

    def _reject(self, part: Part, place: int, rule: QualityRule, item: dict[str, Any]) -> None:
        told = broken(rule, self.element, item)
        index = int(part.element[place])
        rejected = Rejected(self.element.table, index, rule.name, told, json_text(item))
        self.rejected.append((int(part.record[place]), rejected))

    def _columns(
        self,
        part: Part,
        has_time: npt.NDArray[np.bool_],
        received_ms: npt.NDArray[np.int64],
        unfit: dict[str, list[int]],
        has_unknown: list[int],
    ) -> RowColumns:
        return RowColumns(
            {
                one.column: self._are_ids(at)[part.texts]
                for at, one in enumerate(self.reader.text_fields)
                if one.column in self.element.identity
            },
            {
                one.column: column
                for one, column in zip(self.reader.number_fields, part.numbers, strict=True)
            },
            has_time,
            received_ms,
            unfit,
            has_unknown,
        )

    def _are_ids(self, at: int) -> npt.NDArray[np.bool_]:
        """Of each known element, whether its text at this place can be an id: asked once for each."""
        known, judged = self.reader.texts.known, self._judged_ids.setdefault(at, bytearray())
        judged.extend(is_id(texts[at]) for texts in known[len(judged) :])
        return np.frombuffer(judged, np.bool_)

    def _part_of_rows(self, record: int, rows: Sequence[dict[str, Any]]) -> Part:
        reader = self.reader
        texts = [
            reader.texts.number(tuple(row[one.column] for one in reader.text_fields))
            for row in rows
        ]
        tokens = [reader.tokens.number(_usable_tokens(row.get("tokens", ()))) for row in rows]
        return Part(
            np.array(texts, np.int32),
            np.array(tokens, np.int32),
            np.full(len(rows), record, np.int32),
            np.array([row["element_index"] for row in rows], np.int32),
            [
                pa.array([row[one.column] for row in rows], arrow_type(TYPES[one.kind]))
                for one in reader.number_fields
            ],
            {place: row["extra"] for place, row in enumerate(rows) if row["extra"]},
        )


def _usable_tokens(
    tokens: Sequence[tuple[str, list[str | None]]],
) -> tuple[tuple[str, str, int], ...]:
    return tuple(
        (chain, address, place)
        for chain, addresses in tokens
        for place, address in enumerate(addresses)
        if address is not None
    )


def _only(part: Part, wanted: npt.NDArray[np.bool_]) -> Part:
    mask = pa.array(wanted)
    places = np.cumsum(wanted) - 1
    return Part(
        part.texts[wanted],
        part.tokens[wanted],
        part.record[wanted],
        part.element[wanted],
        [column.filter(mask) for column in part.numbers],
        {int(places[at]): extra for at, extra in part.extra.items() if wanted[at]},
    )
