"""A table whose columns are not sorted, and the order of its rows: cut into sorted batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Places = npt.NDArray[np.int64]
Whole = npt.NDArray[Any]
"""Whole numbers of any width."""


@dataclass(frozen=True, slots=True)
class SortedRows:
    """Columns by name with the order of their rows: a sorted copy of all is never in memory.

    Texts that repeat are dictionaries.
    """

    columns: dict[str, pa.Array]
    order: Places

    @classmethod
    def of(cls, table: pa.Table, order: Places) -> "SortedRows":
        """Those of a table that is in memory already."""
        return cls({name: table[name].combine_chunks() for name in table.schema.names}, order)

    def __len__(self) -> int:
        return len(self.order)

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """The rows in their order, so many at a time."""
        for start in range(0, len(self.order), rows):
            places = pa.array(self.order[start : start + rows])
            yield pa.table({name: one.take(places) for name, one in self.columns.items()})

    def table(self) -> pa.Table:
        """All rows in their order."""
        places = pa.array(self.order)
        return pa.table({name: one.take(places) for name, one in self.columns.items()})


def steps(*keys: Whole) -> Places:
    """The stable order by several keys, the most important first.

    Keys that are in order already cost one look: rows come almost sorted.
    """
    order: Places | None = None
    for key in reversed(keys):
        there = key if order is None else key[order]
        if (there[1:] >= there[:-1]).all():
            continue
        found = np.argsort(_narrow(there), kind="stable")
        order = found if order is None else order[found]
    return np.arange(len(keys[0])) if order is None else order


def _narrow(key: Whole) -> Whole:
    # Sorting 16 bits is a radix sort (NumPy, "numpy.sort", kind "stable"): ten times quicker.
    if key.size and key.min() >= 0 and key.max() < 2**16:
        return key.astype(np.uint16)
    return key


def ranks(values: Sequence[tuple[Any, ...]]) -> Whole:
    """The rank of each tuple among them, from 0, equal ones the same; None is behind all others."""
    keys = [
        tuple((part is None, part if part is not None else 0) for part in one) for one in values
    ]
    numbers = {key: number for number, key in enumerate(sorted(set(keys)))}
    return np.array([numbers[key] for key in keys], np.int32)
