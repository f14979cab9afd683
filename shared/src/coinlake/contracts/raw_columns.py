"""Records in columns: the same sequence of records, without an object for each of them.

A service that copies a hundred thousand records per second cannot afford even to create them one
by one. As columns they are cut, measured and packed by a handful of calls; as a `Sequence[Record]`
they are read like any other list of records.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from coinlake.contracts.headers import Header

# Stands for the length of a null value, here and in the index of an object.
NULL = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record. `value` None is a null value (a heartbeat), not an empty one."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Columns(Sequence[Record]):
    """Records of one partition in rising offset order; all columns have the same length.

    `timestamps_ms` are 64-bit, since the epoch; `lengths` are 32-bit, of the values in bytes,
    `NULL` for a null value. `nulls` counts those, `value_bytes` is the size of all others. `keys`
    and `headers` are None where no record has any.
    """

    offsets: Sequence[int]
    timestamps_ms: "array[int]"
    values: Sequence[bytes | None]
    lengths: "array[int]"
    nulls: int
    value_bytes: int
    keys: Sequence[bytes | None] | None = None
    headers: Sequence[tuple[Header, ...]] | None = None

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> "Columns": ...
    def __getitem__(self, index: int | slice) -> "Record | Columns":
        keys, headers = self.keys, self.headers
        if isinstance(index, slice):
            lengths = self.lengths[index]
            nulls = lengths.count(NULL) if self.nulls else 0
            return Columns(
                self.offsets[index],
                self.timestamps_ms[index],
                self.values[index],
                lengths,
                nulls,
                sum(lengths) - NULL * nulls,
                None if keys is None else _if_any_key(keys[index]),
                None if headers is None else _if_any(headers[index]),
            )
        return Record(
            self.offsets[index],
            self.timestamps_ms[index],
            None if keys is None else keys[index],
            self.values[index],
            () if headers is None else headers[index],
        )

    def __iter__(self) -> Iterator[Record]:
        return (self[index] for index in range(len(self)))

    def null_values(self) -> list[Record]:
        """The records with a null value (heartbeats), in order."""
        if not self.nulls:
            return []
        return [self[index] for index, length in enumerate(self.lengths) if length == NULL]

    def starting_at(self, offset: int) -> "Columns":
        """The records from an offset on; perhaps none."""
        if not self.offsets or self.offsets[0] >= offset:
            return self
        return self[bisect_left(self.offsets, offset) :]

    def ending_before(self, offset: int) -> "Columns":
        """The records before an offset; perhaps none."""
        if not self.offsets or self.offsets[-1] < offset:
            return self
        return self[: bisect_left(self.offsets, offset)]


def columns_of(records: Iterable[Record]) -> Columns:
    """Any records in columns; what is in columns already stays as it is."""
    if isinstance(records, Columns):
        return records
    rows = list(records)
    return columns_from(
        [row.offset for row in rows],
        [row.timestamp_ms for row in rows],
        [row.value for row in rows],
        [row.key for row in rows],
        [row.headers for row in rows],
    )


def columns_from(
    offsets: Sequence[int],
    timestamps_ms: Iterable[int],
    values: list[bytes | None],
    keys: list[bytes | None],
    headers: Sequence[Sequence[Header]],
) -> Columns:
    """Columns from lists of equal length, in rising offset order."""
    lengths = [NULL if value is None else len(value) for value in values]
    nulls = lengths.count(NULL)
    return Columns(
        _offsets(offsets),
        array("q", timestamps_ms),
        values,
        array("I", lengths),
        nulls,
        sum(lengths) - NULL * nulls,
        _if_any_key(keys),
        list(map(tuple, headers)) if any(headers) else None,
    )


def joined(pieces: Sequence[Columns]) -> Columns:
    """One run of columns from several that follow each other."""
    if len(pieces) == 1:
        return pieces[0]
    timestamps_ms, lengths = array("q"), array("I")
    values: list[bytes | None] = []
    for piece in pieces:
        timestamps_ms += piece.timestamps_ms
        lengths += piece.lengths
        values += piece.values
    return Columns(
        _joined_offsets(pieces),
        timestamps_ms,
        values,
        lengths,
        sum(piece.nulls for piece in pieces),
        sum(piece.value_bytes for piece in pieces),
        _joined_keys(pieces),
        _joined_headers(pieces),
    )


def _if_any_key(keys: Sequence[bytes | None]) -> Sequence[bytes | None] | None:
    """A column that says nothing is none: what is packed and hashed depends on the records only."""
    return keys if keys.count(None) < len(keys) else None


def _if_any(headers: Sequence[tuple[Header, ...]]) -> Sequence[tuple[Header, ...]] | None:
    return headers if any(headers) else None


def _offsets(offsets: Sequence[int]) -> Sequence[int]:
    """A range where there are no holes: it costs nothing, whatever its length."""
    if isinstance(offsets, range) or not offsets:
        return offsets
    if offsets[-1] - offsets[0] == len(offsets) - 1:
        return range(offsets[0], offsets[-1] + 1)
    return array("q", offsets)


def _joined_offsets(pieces: Sequence[Columns]) -> Sequence[int]:
    kept = [piece.offsets for piece in pieces if piece.offsets]
    count = sum(map(len, kept))
    if not kept or kept[-1][-1] - kept[0][0] == count - 1:
        return range(kept[0][0], kept[-1][-1] + 1) if kept else range(0)
    return array("q", (offset for offsets in kept for offset in offsets))


def _joined_keys(pieces: Sequence[Columns]) -> list[bytes | None] | None:
    if all(piece.keys is None for piece in pieces):
        return None
    keys: list[bytes | None] = []
    for piece in pieces:
        keys += [None] * len(piece) if piece.keys is None else piece.keys
    return keys


def _joined_headers(pieces: Sequence[Columns]) -> list[tuple[Header, ...]] | None:
    if all(piece.headers is None for piece in pieces):
        return None
    headers: list[tuple[Header, ...]] = []
    for piece in pieces:
        headers += [()] * len(piece) if piece.headers is None else piece.headers
    return headers
