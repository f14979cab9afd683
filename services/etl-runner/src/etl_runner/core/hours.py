"""The hours that the runner knows: what is raw, what is committed, what failed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from coinlake.contracts.batches import BatchInput
from coinlake.contracts.hours import UNKNOWN_HOUR, Hour
from coinlake.contracts.ledger import LedgerEntry
from coinlake.contracts.raw_layout import parse_raw_key


@dataclass(frozen=True, slots=True, order=True)
class FeedHour:
    """One hour of one feed: the unit of everything here."""

    feed: str
    at: Hour

    def __str__(self) -> str:
        return f"{self.feed}/{self.at.dt}/{self.at.hour}"


def differs(inputs: Iterable[BatchInput], head: LedgerEntry | None) -> bool:
    """Whether raw objects are others than those that the ledger's head was made from."""
    committed = () if head is None else head.inputs
    return {(item.key, item.etag) for item in inputs} != {
        (item.key, item.etag) for item in committed
    }


@dataclass(frozen=True, slots=True)
class Failure:
    """How often the hour has failed in a row, why, and when it may be tried again (ms)."""

    count: int = 0
    message: str | None = None
    not_before_ms: int = 0


@dataclass(slots=True)
class Tracked:
    """What is known of an hour. `inputs` are its raw objects with values, by key.

    `frozen` is the batch that it was last frozen into, with the stream's position before that
    listing; what was received before `covered_ms` is in the head.
    """

    inputs: dict[str, BatchInput] = field(default_factory=dict)
    hinted_ms: dict[str, int] = field(default_factory=dict)
    head: LedgerEntry | None = None
    dirty_since_ms: int | None = None
    forced: bool = False
    repair: bool = False
    alone: bool = False
    parked: bool = False
    failure: Failure = field(default_factory=Failure)
    frozen: tuple[str, int] | None = None
    covered_ms: int = 0

    @property
    def version(self) -> int:
        return 0 if self.head is None else self.head.version

    @property
    def differs(self) -> bool:
        """Whether the raw listing differs from the inputs of the ledger's head."""
        return differs(self.inputs.values(), self.head)

    @property
    def dirty(self) -> bool:
        return bool(self.inputs) and (self.forced or self.repair or self.differs)

    @property
    def new_bytes(self) -> int:
        """Bytes of raw objects that the head was not made from."""
        known = set() if self.head is None else {item.key for item in self.head.inputs}
        return sum(item.size for item in self.inputs.values() if item.key not in known)


class Hours:
    """All hours by name. Times are arguments, in ms since the epoch, UTC."""

    def __init__(self) -> None:
        self._tracked: dict[FeedHour, Tracked] = {}
        self._complete_to: dict[tuple[str, int], int] = {}

    def known(self) -> Iterable[tuple[FeedHour, Tracked]]:
        """Every hour, oldest first."""
        return sorted(self._tracked.items(), key=lambda item: (item[0].at, item[0].feed))

    def get(self, hour: FeedHour) -> Tracked:
        """What is known of an hour, nothing at first."""
        return self._tracked.setdefault(hour, Tracked())

    def listed(self, hour: FeedHour, inputs: Mapping[str, BatchInput], now_ms: int) -> None:
        """The hour's raw objects in a listing that began at `now_ms`.

        Objects that were announced since are kept: the listing may have missed them.
        """
        tracked = self.get(hour)
        since = {key for key, ms in tracked.hinted_ms.items() if ms >= now_ms}
        newer = {key: item for key, item in tracked.inputs.items() if key in since}
        tracked.hinted_ms = {key: tracked.hinted_ms[key] for key in newer}
        tracked.inputs = {**newer, **inputs}
        self._age(tracked, now_ms)

    def landed(self, hour: FeedHour, item: BatchInput, now_ms: int) -> None:
        """A hint that an object is there; the listing has the last word."""
        tracked = self.get(hour)
        tracked.inputs[item.key] = item
        tracked.hinted_ms[item.key] = now_ms
        self._age(tracked, now_ms)

    def committed(self, hour: FeedHour, head: LedgerEntry | None, now_ms: int) -> None:
        """The ledger's head of an hour; a newer one ends what was wanted of the older one."""
        tracked = self.get(hour)
        if head is not None and head.version > tracked.version:
            tracked.forced = tracked.repair = tracked.alone = tracked.parked = False
            tracked.failure = Failure()
            tracked.dirty_since_ms = None
        tracked.head = head
        self._age(tracked, now_ms)

    def force(self, hour: FeedHour, now_ms: int) -> None:
        """A command: rebuild the hour, also without changed inputs."""
        tracked = self.get(hour)
        tracked.forced, tracked.parked = True, False
        tracked.failure = Failure()
        self._age(tracked, now_ms)

    def repair(self, hour: FeedHour, now_ms: int) -> None:
        """What is published is not what the ledger says: rebuild over what is there."""
        tracked = self.get(hour)
        tracked.repair = True
        self._age(tracked, now_ms)

    def retry(self, hour: FeedHour) -> bool:
        """A command: try a parked or failing hour now; False where there is none."""
        tracked = self._tracked.get(hour)
        if tracked is None or not (tracked.parked or tracked.failure.count):
            return False
        tracked.parked, tracked.failure = False, Failure()
        return True

    def failed(self, hour: FeedHour, message: str, not_before_ms: int, park_after: int) -> None:
        """A run with this hour failed; from now on it is tried alone, after N it is parked."""
        tracked = self.get(hour)
        tracked.alone = True
        tracked.failure = Failure(tracked.failure.count + 1, message, not_before_ms)
        tracked.parked = tracked.failure.count >= park_after

    def promised(self, topic: str, partition: int, complete_to_ms: int | None) -> None:
        """A stream position from an object's metadata or an announcement; it only rises."""
        if complete_to_ms is not None:
            known = self._complete_to.get((topic, partition), complete_to_ms)
            self._complete_to[topic, partition] = max(known, complete_to_ms)

    def watermark_ms(self, topic: str) -> int | None:
        """Up to where every known partition of a topic is complete; None without promises."""
        found = [ms for (name, _), ms in self._complete_to.items() if name == topic]
        return min(found, default=None)

    def frozen(self, hour: FeedHour, batch_id: str, position_ms: int | None) -> None:
        """The hour is part of a batch; its listing began with the stream at this position."""
        found = None if position_ms is None else (batch_id, position_ms)
        self.get(hour).frozen = found

    def tables_watermark_ms(self, hour: FeedHour, batch_id: str) -> int | None:
        """Up to where the feed's tables are complete once the hour is committed from a batch.

        Whatever was received before it is in them: of this hour by its own listing, and no other
        hour of the feed lacks anything older. None where the batch was frozen by somebody else.
        """
        frozen = self.get(hour).frozen
        if frozen is None or frozen[0] != batch_id:
            return None
        lacking = [
            max(other.at.start_ms, tracked.covered_ms)
            for other, tracked in self._tracked.items()
            if other.feed == hour.feed
            and other != hour
            and tracked.dirty
            # Impossible times are no part of the stream's time.
            and other.at != UNKNOWN_HOUR
        ]
        return min(frozen[1], *lacking) if lacking else frozen[1]

    def covered(self, hour: FeedHour, batch_id: str) -> None:
        """The hour was committed from a batch: what was received before its listing is in."""
        tracked = self.get(hour)
        if tracked.frozen is not None and tracked.frozen[0] == batch_id:
            tracked.covered_ms = max(tracked.covered_ms, tracked.frozen[1])

    def complete(self, hour: FeedHour) -> bool:
        """Whether every partition that gave input has promised to send nothing more for it."""
        keys = [parse_raw_key(key) for key in self.get(hour).inputs]
        partitions = {(key.topic, key.partition) for key in keys if key is not None}
        return bool(partitions) and all(
            self._complete_to.get(partition, 0) >= hour.at.end_ms for partition in partitions
        )

    @staticmethod
    def _age(tracked: Tracked, now_ms: int) -> None:
        if not tracked.dirty:
            tracked.dirty_since_ms = None
        elif tracked.dirty_since_ms is None:
            tracked.dirty_since_ms = now_ms
