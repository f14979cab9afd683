"""One partition on its way into its chain: what is fetched, open, sealed and confirmed."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from coinlake.contracts.raw_columns import NULL, Columns, Record, columns_of, joined
from s3_sink.core.part import OpenPart, Part, PartLimits, SealReason
from s3_sink.core.ports import Partition
from s3_sink.core.watermark import Watermark

# The newest object tells most about the next one; the one before still damps outliers.
_RATIO_WEIGHT = 0.7
# The bytes of an object, and those of them that the network has not taken yet: a copy.
_IN_FLIGHT_COPIES = 2
# The index with all keys and headers, and what is made of it: one run of bytes each.
_INDEX_COPIES = 2


class Phase(StrEnum):
    """Where a partition stands."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPED = "stopped"


class PartitionState:
    """The state of one partition. Its chain ends at `link`; records up to `fetched_to` are here."""

    def __init__(self, partition: Partition, limits: PartLimits, watermark: Watermark) -> None:
        self.partition = partition
        self.phase = Phase.STARTING
        self.reason: str | None = None
        self.epoch = 0
        self.link = 0
        self.fetched_to = 0
        # Behind markers of transactions too, which are no records.
        self.read_to = 0
        # The newest timestamp of the last object that we know of.
        self.stored_to_ms: int | None = None
        self.watermark = watermark
        self.in_flight_bytes = 0
        self._limits = limits
        self._open = OpenPart(limits)
        self._sealed: deque[Part] = deque()
        self._sealed_weight = 0
        # Before the first object nothing is known: 1 makes that object small, never too big.
        self._ratio = 1.0

    def begin(self, epoch: int, link: int, complete_to_ms: int | None) -> None:
        """Start at a link of the chain with nothing in hand."""
        self.epoch, self.link, self.fetched_to, self.read_to = epoch, link, link, link
        self.watermark = self.watermark.at_least(complete_to_ms)
        self.phase, self.reason = Phase.RUNNING, None

    def stop(self, reason: str) -> None:
        """A promise is broken: hold still and let go of the memory."""
        self.phase, self.reason = Phase.STOPPED, reason
        self._open = OpenPart(self._limits)
        self._sealed.clear()
        self._sealed_weight = self.in_flight_bytes = 0

    def add(self, records: Iterable[Record], now_s: float) -> None:
        """Take fetched records; those that are here already or in the chain are passed over."""
        new = columns_of(records).starting_at(self.fetched_to)
        if len(new):
            for part in self._open.add(new, now_s, self._ratio):
                self._push(part)
            self.fetched_to = new.offsets[-1] + 1

    def seal_if_due(self, now_s: float) -> None:
        """Seal the open part where its oldest value has waited long enough."""
        if self._open.is_due(now_s):
            self.seal(SealReason.AGE)

    def seal(self, reason: SealReason) -> None:
        """Seal whatever is open."""
        part = self._open.seal(reason)
        if part is not None:
            self._push(part)

    @property
    def first_sealed(self) -> Part | None:
        """The part that is written next, or is being written."""
        return self._sealed[0] if self._sealed else None

    def held_before(self, offset: int) -> Columns | None:
        """The records from the link to an offset; None where they are not all here."""
        if offset > self.fetched_to:
            return None
        return joined(self._before(offset))

    def landed(self, next_offset: int, complete_to_ms: int | None) -> bool:
        """The chain now ends at `next_offset`; True where fetching must jump there.

        Whoever wrote the object, its end is the position: what it covers is dropped here.
        """
        for records in self._before(next_offset):
            self.watermark = self.watermark.after(records.null_values())
        self.watermark = self.watermark.at_least(complete_to_ms)
        self.link = next_offset
        left = (part.from_offset(next_offset) for part in self._sealed)
        self._sealed = deque(part for part in left if part is not None)
        self._sealed_weight = sum(part.weight for part in self._sealed)
        self._open.drop_before(next_offset)
        self.in_flight_bytes = 0
        if next_offset <= self.fetched_to:
            return False
        self.fetched_to = next_offset
        return True

    def compressed(self, raw_bytes: int, stored_bytes: int) -> None:
        """Learn from an encoded part how far this partition compresses."""
        self.in_flight_bytes = stored_bytes
        if raw_bytes:
            seen = stored_bytes / raw_bytes
            self._ratio += _RATIO_WEIGHT * (seen - self._ratio)

    @property
    def weight(self) -> int:
        """Bytes of memory that the partition holds on to, or will before it can let go of any."""
        return self._open.weight + self._sealed_weight + self._sending_weight

    @property
    def _sending_weight(self) -> int:
        """What the next object takes beside its records, once it is compressed."""
        part = self._sealed[0] if self._sealed else self._open
        packed = self.in_flight_bytes or int(part.raw_bytes * self._ratio)
        return _IN_FLIGHT_COPIES * packed + _INDEX_COPIES * part.beside_bytes

    @property
    def open_records(self) -> int:
        return self._open.count

    @property
    def open_bytes(self) -> int:
        return self._open.raw_bytes

    @property
    def oldest_value_at_s(self) -> float | None:
        return self._open.first_value_at_s

    @property
    def oldest_value_ms(self) -> int | None:
        """The timestamp of the first value that is held; None where there is none."""
        for records in self._held():
            for at_ms, length in zip(records.timestamps_ms, records.lengths, strict=True):
                if length != NULL:
                    return at_ms
        return None

    @property
    def sealed_parts(self) -> Sequence[Part]:
        return tuple(self._sealed)

    def _before(self, offset: int) -> list[Columns]:
        """What is held from the link to an offset, in runs that follow each other."""
        held: list[Columns] = []
        for records in self._held():
            if records.offsets[0] >= offset:
                break
            held.append(records.ending_before(offset))
        return held

    def _held(self) -> Iterator[Columns]:
        yield from (part.records for part in self._sealed)
        yield from self._open.pieces

    def _push(self, part: Part) -> None:
        self._sealed.append(part)
        self._sealed_weight += part.weight
