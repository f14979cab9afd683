"""How parts are cut: the open part of one partition, and what it becomes when it is sealed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from coinlake.contracts.hours import UNKNOWN_HOUR, Hour, hour_of
from coinlake.contracts.raw_columns import Columns, joined

# What a record costs beside its bytes: the objects that hold it, measured on CPython 3.11.
RECORD_OVERHEAD_BYTES = 200
_HEADER_OVERHEAD_BYTES = 100


class SealReason(StrEnum):
    """Why a part was sealed."""

    BYTES = "bytes"
    RECORDS = "records"
    AGE = "age"
    HOUR = "hour"
    PRESSURE = "pressure"
    REVOKE = "revoke"
    SHUTDOWN = "shutdown"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class PartLimits:
    """When a part is full. `max_bytes` is the estimated size after compression."""

    max_bytes: int
    max_raw_bytes: int
    max_records: int
    max_age_s: float


@dataclass(frozen=True, slots=True)
class Part:
    """A sealed part: records of one partition and one hour, in offset order, at least one.

    `weight` is the memory it holds on to, `raw_bytes` the size of the values as the API sent
    them, `values` the number of records that are no heartbeats, `beside_bytes` the size of keys
    and headers.
    """

    records: Columns
    hour: Hour
    reason: SealReason
    weight: int
    raw_bytes: int
    values: int
    beside_bytes: int = 0

    @property
    def next_offset(self) -> int:
        return self.records.offsets[-1] + 1

    def from_offset(self, offset: int) -> "Part | None":
        """What is left of the part from an offset on; None where nothing is."""
        left = self.records.starting_at(offset)
        if left is self.records:
            return self
        return part_of(left, self.hour, self.reason) if len(left) else None


def part_of(records: Columns, hour: Hour, reason: SealReason) -> Part:
    """A sealed part of these records: at least one, all of this hour."""
    values = len(records) - records.nulls
    size = beside(records)
    weight = weight_of(records, size)
    return Part(records, hour, reason, weight, records.value_bytes, values, size)


def weight_of(records: Columns, beside_bytes: int) -> int:
    """Bytes of memory that records hold on to, roughly."""
    weight = RECORD_OVERHEAD_BYTES * len(records) + records.value_bytes + beside_bytes
    if records.headers is not None:
        weight += _HEADER_OVERHEAD_BYTES * sum(map(len, records.headers))
    return weight


def beside(records: Columns) -> int:
    """Bytes of keys and headers: what an object has beside its lines."""
    size = 0
    if records.keys is not None:
        size += sum(len(key) for key in records.keys if key is not None)
    if records.headers is not None:
        size += sum(
            len(name) + len(value or b"")
            for headers in records.headers
            for name, value in headers
        )
    return size


class OpenPart:
    """The part of a partition that still grows. `now_s` is given, never read."""

    def __init__(self, limits: PartLimits) -> None:
        self._limits = limits
        self._pieces: list[Columns] = []
        self._hour = UNKNOWN_HOUR
        self._hour_ms = range(0)
        self._values = 0
        self.count = 0
        self.weight = 0
        self.raw_bytes = 0
        self.beside_bytes = 0
        self.first_value_at_s: float | None = None

    @property
    def pieces(self) -> Sequence[Columns]:
        """The records, in runs that follow each other."""
        return self._pieces

    def add(self, records: Columns, now_s: float, ratio: float) -> Iterator[Part]:
        """Take records; the parts that they closed. `ratio` is compressed to raw bytes.

        The cuts are those of taking one record after the other; but what fits is taken whole.
        """
        if len(records) <= 1:
            yield from self._add_one(records, now_s, ratio)
        elif self._fits(records, ratio):
            self._take(records, now_s)
        else:
            half = len(records) // 2
            yield from self.add(records[:half], now_s, ratio)
            yield from self.add(records[half:], now_s, ratio)

    def is_due(self, now_s: float) -> bool:
        """Whether the oldest value has waited long enough; heartbeats never wait."""
        first = self.first_value_at_s
        return first is not None and now_s - first >= self._limits.max_age_s

    def seal(self, reason: SealReason) -> Part | None:
        """Close the part for whatever reason; None where it is empty."""
        return self._seal(reason) if self.count else None

    def drop_before(self, offset: int) -> None:
        """Forget records that the chain already has."""
        if not self.count or self._pieces[0].offsets[0] >= offset:
            return
        pieces, first_value_at_s = self._pieces, self.first_value_at_s
        self._empty()
        for piece in pieces:
            left = piece.starting_at(offset)
            if len(left):
                self._hold(left)
        if self._values:
            self.first_value_at_s = first_value_at_s

    def _add_one(self, record: Columns, now_s: float, ratio: float) -> Iterator[Part]:
        """The rules, for one record (or none)."""
        for timestamp_ms in record.timestamps_ms:
            if self.count and not self._is_of_hour(timestamp_ms):
                yield self._seal(SealReason.HOUR)
            elif self.count and self._is_full(record.value_bytes, beside(record), ratio):
                # A record above the flush size becomes an object of its own.
                yield self._seal(SealReason.BYTES)
            self._take(record, now_s)
            if self._is_full(self.raw_bytes, self.beside_bytes, ratio):
                yield self._seal(SealReason.BYTES)
            elif self.count >= self._limits.max_records:
                yield self._seal(SealReason.RECORDS)

    def _fits(self, records: Columns, ratio: float) -> bool:
        """Whether no rule cuts before, between or after these records."""
        hour_ms = self._hour_ms if self.count else _span(hour_of(records.timestamps_ms[0]))
        return (
            min(records.timestamps_ms) in hour_ms
            and max(records.timestamps_ms) in hour_ms
            and self.count + len(records) < self._limits.max_records
            and not self._is_full(
                self.raw_bytes + records.value_bytes, self.beside_bytes + beside(records), ratio
            )
        )

    def _take(self, records: Columns, now_s: float) -> None:
        if not self.count:
            self._hour = hour_of(records.timestamps_ms[0])
            self._hour_ms = _span(self._hour)
        self._hold(records)
        if self._values and self.first_value_at_s is None:
            self.first_value_at_s = now_s

    def _hold(self, records: Columns) -> None:
        self._pieces.append(records)
        self.count += len(records)
        size = beside(records)
        self.weight += weight_of(records, size)
        self.raw_bytes += records.value_bytes
        self.beside_bytes += size
        self._values += len(records) - records.nulls

    def _is_of_hour(self, timestamp_ms: int) -> bool:
        return timestamp_ms in self._hour_ms or hour_of(timestamp_ms) == self._hour

    def _is_full(self, raw_bytes: int, beside_bytes: int, ratio: float) -> bool:
        """Keys and headers make an object full too, but only where they are much: lines count."""
        limits = self._limits
        return (
            raw_bytes >= limits.max_raw_bytes
            or beside_bytes >= limits.max_raw_bytes
            or raw_bytes * ratio >= limits.max_bytes
        )

    def _seal(self, reason: SealReason) -> Part:
        part = Part(
            joined(self._pieces),
            self._hour,
            reason,
            self.weight,
            self.raw_bytes,
            self._values,
            self.beside_bytes,
        )
        self._empty()
        return part

    def _empty(self) -> None:
        self._pieces = []
        self.count = self.weight = self.raw_bytes = self._values = self.beside_bytes = 0
        self.first_value_at_s = None


def _span(hour: Hour) -> range:
    """The timestamps of an hour; none where it is unknown, as that hour may have any."""
    return range(0) if hour == UNKNOWN_HOUR else range(hour.start_ms, hour.end_ms)
