"""How parts are cut: the open part of one partition, and what it becomes when it is sealed."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from coinlake.contracts.hours import UNKNOWN_HOUR, Hour, hour_of
from coinlake.contracts.raw_index import Record

# What a record costs beside its bytes: the objects that hold it, measured on CPython 3.11.
RECORD_OVERHEAD_BYTES = 200


class Reason(StrEnum):
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
class Limits:
    """When a part is full. `max_bytes` is the estimated size after compression."""

    max_bytes: int
    max_raw_bytes: int
    max_records: int
    max_age_s: float


@dataclass(frozen=True, slots=True)
class Part:
    """A sealed part: records of one partition and one hour, in offset order, at least one.

    `weight` is the memory it holds on to, `raw_bytes` the size of the values as the API sent
    them, `values` the number of records that are no heartbeats.
    """

    records: tuple[Record, ...]
    hour: Hour
    reason: Reason
    weight: int
    raw_bytes: int
    values: int

    @property
    def next_offset(self) -> int:
        return self.records[-1].offset + 1

    def from_offset(self, offset: int) -> "Part | None":
        """What is left of the part from an offset on; None where nothing is."""
        if self.records[0].offset >= offset:
            return self
        left = tuple(record for record in self.records if record.offset >= offset)
        return part_of(left, self.hour, self.reason) if left else None


def part_of(records: tuple[Record, ...], hour: Hour, reason: Reason) -> Part:
    """A sealed part of these records: at least one, all of this hour."""
    values = [record.value for record in records if record.value is not None]
    weight = sum(weight_of(record) for record in records)
    return Part(records, hour, reason, weight, sum(map(len, values)), len(values))


def weight_of(record: Record) -> int:
    """Bytes of memory that a record holds on to, roughly."""
    headers = sum(len(name) + len(value or b"") + 100 for name, value in record.headers)
    return RECORD_OVERHEAD_BYTES + len(record.key or b"") + len(record.value or b"") + headers


class OpenPart:
    """The part of a partition that still grows. `now_s` is given, never read."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._records: list[Record] = []
        self._hour: Hour | None = None
        self._hour_ms = range(0)
        self.weight = 0
        self.raw_bytes = 0
        self._values = 0
        self.first_value_at_s: float | None = None

    @property
    def records(self) -> list[Record]:
        return self._records

    def add(self, record: Record, now_s: float, ratio: float) -> Iterable[Part]:
        """Take a record; the parts that it closed. `ratio` is compressed to raw bytes."""
        hour = self._hour_of(record.timestamp_ms)
        size = len(record.value or b"")
        if self._records and hour != self._hour:
            yield self._seal(Reason.HOUR)
        elif self._records and self._is_full(size, ratio):
            # A record above the flush size becomes an object of its own.
            yield self._seal(Reason.BYTES)
        self._take(record, hour, size, now_s)
        if self._is_full(self.raw_bytes, ratio):
            yield self._seal(Reason.BYTES)
        elif len(self._records) >= self._limits.max_records:
            yield self._seal(Reason.RECORDS)

    def is_due(self, now_s: float) -> bool:
        """Whether the oldest value has waited long enough; heartbeats never wait."""
        first = self.first_value_at_s
        return first is not None and now_s - first >= self._limits.max_age_s

    def seal(self, reason: Reason) -> Part | None:
        """Close the part for whatever reason; None where it is empty."""
        return self._seal(reason) if self._records else None

    def drop_before(self, offset: int) -> None:
        """Forget records that the chain already has."""
        if not self._records or self._records[0].offset >= offset:
            return
        self._records = [record for record in self._records if record.offset >= offset]
        self.weight = sum(weight_of(record) for record in self._records)
        self.raw_bytes = sum(len(record.value or b"") for record in self._records)
        self._values = sum(record.value is not None for record in self._records)
        if not self._values:
            self.first_value_at_s = None

    def _take(self, record: Record, hour: Hour, size: int, now_s: float) -> None:
        if hour is not self._hour:
            self._hour = hour
            # A record of the unknown hour may have any timestamp, so it names no span.
            known = hour != UNKNOWN_HOUR
            self._hour_ms = range(hour.start_ms, hour.end_ms) if known else range(0)
        self._records.append(record)
        self.weight += weight_of(record)
        self.raw_bytes += size
        if record.value is not None:
            self._values += 1
            if self.first_value_at_s is None:
                self.first_value_at_s = now_s

    def _hour_of(self, timestamp_ms: int) -> Hour:
        # Most records share the hour of the one before; a calendar for each costs more than all else.
        if self._hour is not None and timestamp_ms in self._hour_ms:
            return self._hour
        return hour_of(timestamp_ms)

    def _is_full(self, raw_bytes: int, ratio: float) -> bool:
        limits = self._limits
        return raw_bytes >= limits.max_raw_bytes or raw_bytes * ratio >= limits.max_bytes

    def _seal(self, reason: Reason) -> Part:
        hour = self._hour
        assert hour is not None  # there is at least one record
        part = Part(
            tuple(self._records), hour, reason, self.weight, self.raw_bytes, self._values
        )
        self._records = []
        self.weight = self.raw_bytes = self._values = 0
        self.first_value_at_s = None
        return part
