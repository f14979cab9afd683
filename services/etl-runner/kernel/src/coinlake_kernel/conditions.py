"""The quality rules over whole columns: for each row, whether the rule holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from coinlake.contracts.quality import MAX_UPDATE_AGE_MS, QualityRule
from coinlake_kernel.values import END_MS

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RowColumns:
    """Rows of answers, each of which has every identity once.

    `is_id` says by column whether the text of a row can be an id, `has_time` whether its answer has
    a source time. `received_ms` is when it was received, ms since the epoch, UTC, -1 where that is
    not known. `unfit` are the places by column whose values the type does not hold, `unknown` those
    that have a key which no column knows.
    """

    is_id: dict[str, Mask]
    numbers: dict[str, pa.Array]
    has_time: Mask
    received_ms: npt.NDArray[np.int64]
    unfit: Mapping[str, Sequence[int]]
    unknown: Sequence[int]

    @property
    def length(self) -> int:
        return len(self.has_time)


def holds(rule: QualityRule, rows: RowColumns) -> Mask:
    """Raises KeyError for a rule of a dimension that is not known here."""
    return _CONDITIONS[rule.dimension](rule, rows)


def _complete(rule: QualityRule, rows: RowColumns) -> Mask:
    found = np.zeros(rows.length, bool)
    for column in rule.columns:
        found |= _numpy(pc.is_valid(rows.numbers[column]))
    return found


def _valid(rule: QualityRule, rows: RowColumns) -> Mask:
    (column,) = rule.columns
    return rows.is_id[column]


def _as_contracted(rule: QualityRule, rows: RowColumns) -> Mask:
    good = np.ones(rows.length, bool)
    places = [rows.unfit.get(column, ()) for column in rule.columns] or [rows.unknown]
    for some in places:
        good[np.asarray(some, np.int64)] = False
    return good


def _above_zero(rule: QualityRule, rows: RowColumns) -> Mask:
    (column,) = rule.columns
    above: Mask = _numpy(pc.greater(rows.numbers[column], 0).fill_null(True))
    return above


def _unique(_: QualityRule, rows: RowColumns) -> Mask:
    return np.ones(rows.length, bool)


def _fresh(rule: QualityRule, rows: RowColumns) -> Mask:
    if not rule.columns:
        return rows.has_time
    (column,) = rule.columns
    updated = rows.numbers[column].cast(pa.int64())
    # Never too old where there is nothing to compare.
    age = rows.received_ms - _numpy(updated.fill_null(END_MS))
    found: Mask = (age <= MAX_UPDATE_AGE_MS) | (rows.received_ms < 0)
    return found


def _numpy(found: pa.Array) -> Any:
    return found.to_numpy(zero_copy_only=False)


_CONDITIONS: dict[str, Callable[[QualityRule, RowColumns], Mask]] = {
    "completeness": _complete,
    "validity": _valid,
    "schema": _as_contracted,
    "range": _above_zero,
    "uniqueness": _unique,
    "freshness": _fresh,
}
