"""What the runner knows of one hour: its raw objects, its head, and how it has failed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from coinlake.contracts.batches import BatchInput
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry


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


def digest_of(inputs: Iterable[BatchInput]) -> str:
    """A name for this set of raw objects."""
    named = sorted(f"{item.key}\n{item.etag}\n" for item in inputs)
    return hashlib.sha256("".join(named).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Failure:
    """How the hour has failed over its head's `version`: `count` times in a row since `since_ms`.

    It is tried again at `not_before_ms`; with other raw objects than those that it failed with
    (`inputs`, see `digest_of`) at `changed_ms`. Times are ms since the epoch, UTC.
    """

    version: int = 0
    count: int = 0
    message: str | None = None
    since_ms: int = 0
    not_before_ms: int = 0
    changed_ms: int = 0
    inputs: str = ""
    is_parked: bool = False

    def ended_by(self, head: LedgerEntry) -> bool:
        """Whether the hour has a newer version than the one that it failed over."""
        return head.version > self.version


@dataclass(frozen=True, slots=True)
class Wait:
    """For how often in a row something that the hour needs was away, what, and until when (ms)."""

    count: int = 0
    until_ms: int = 0
    reason: str | None = None


@dataclass(slots=True)
class Tracked:
    """What is known of an hour. `inputs` are its raw objects with values, by key.

    `forced_of` is the version that a command wants rebuilt, `begun_of` the one over which somebody
    published and did not commit. `aside` is why nothing may be done with it, if so: other hours do
    not wait for it. `frozen` is the batch that it was last frozen into, with the stream's position before that listing; what
    was received before `covered_ms` is in the head.
    """

    inputs: dict[str, BatchInput] = field(default_factory=dict)
    hinted_ms: dict[str, int] = field(default_factory=dict)
    head: LedgerEntry | None = None
    dirty_since_ms: int | None = None
    forced_of: int | None = None
    begun_of: int | None = None
    repair: bool = False
    aside: str | None = None
    failure: Failure = field(default_factory=Failure)
    wait: Wait = field(default_factory=Wait)
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
    def forced(self) -> bool:
        """Whether the hour is to be rebuilt, whatever it was made from: by a command, or to finish what
        somebody began to publish."""
        return self.forced_of is not None or self.begun_of is not None

    @property
    def dirty(self) -> bool:
        return bool(self.inputs) and (self.forced or self.repair or self.differs)

    @property
    def parked(self) -> bool:
        return self.failure.is_parked

    @property
    def alone(self) -> bool:
        """Whether its next run is for it alone: it has failed by itself."""
        return self.failure.count > 0

    @property
    def not_before_ms(self) -> int:
        """When it may be tried again."""
        failure = self.failure
        if not failure.count:
            return self.wait.until_ms
        is_same = digest_of(self.inputs.values()) == failure.inputs
        return max(self.wait.until_ms, failure.not_before_ms if is_same else failure.changed_ms)

    @property
    def new_bytes(self) -> int:
        """Bytes of raw objects that the head was not made from."""
        known = set() if self.head is None else {item.key for item in self.head.inputs}
        return sum(item.size for item in self.inputs.values() if item.key not in known)
