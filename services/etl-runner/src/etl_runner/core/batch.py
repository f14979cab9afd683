"""What the steps of a batch take and give: values, and nothing of the runner's memory."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from coinlake.contracts.batches import (
    MAX_HOUR_BYTES,
    BatchInput,
    HourResult,
    Manifest,
    Result,
)
from coinlake.contracts.ledger import LedgerEntry
from coinlake.contracts.raw_meta import RawMeta
from coinlake.differences import DaySeen
from etl_runner.core.hours import FeedHour, differs
from etl_runner.core.plan import outranked
from etl_runner.core.publication import Closing, RunFacts


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an hour is set aside: a reason that alarms count, and what exactly."""

    reason: str
    said: str

    @property
    def hides_head(self) -> bool:
        """Whether nobody knows which version the hour has."""
        return self.reason == "ledger_unreadable"


@dataclass(frozen=True, slots=True)
class ListedRawObject:
    """A listed raw object; `meta` None where its writer was not our sink, or nobody asked.

    `is_input`: an object of heartbeats alone has nothing for any table.
    """

    item: BatchInput
    meta: RawMeta | None
    is_input: bool


def trouble_of(
    head: LedgerEntry | None,
    objects: Sequence[ListedRawObject],
    *,
    accepts_missing: bool = False,
) -> Trouble | None:
    """Why nothing may be done with an hour that differs from its head; None where something may.

    The rows of raw objects that are gone stay as they are published: a rebuild would take them
    away, so it wants somebody who `accepts_missing`.
    """
    inputs = inputs_of(objects)
    if not differs(inputs.values(), head):
        return None
    if outranked(head):
        return Trouble("newer_job_version", "the head was made by a newer job version")
    there = {one.item.key for one in objects}
    gone = [item.key for item in (() if head is None else head.inputs) if item.key not in there]
    if gone and not accepts_missing:
        said = f"{len(gone)} raw objects that the hour was made from are gone, first {gone[0]}"
        return Trouble("raw_vanished", said)
    size = sum(one.size for one in inputs.values())
    if size > MAX_HOUR_BYTES:
        said = f"{size} bytes of raw objects, and the job takes {MAX_HOUR_BYTES} an hour"
        return Trouble("hour_too_large", said)
    return None


def inputs_of(objects: Iterable[ListedRawObject]) -> dict[str, BatchInput]:
    """The objects that make an hour, by key."""
    return {found.item.key: found.item for found in objects if found.is_input}


@dataclass(frozen=True, slots=True)
class WantedHour:
    """An hour to freeze, as it was found with its head at `version`.

    `forced` and `repair` are wanted of that version: a newer one ends them.
    """

    hour: FeedHour
    version: int = 0
    forced: bool = False
    repair: bool = False


@dataclass(frozen=True, slots=True)
class FoundHour:
    """An hour as a listing found it: the ledger's head and the raw objects.

    `trouble` is why nothing may be done with the hour, if so, see `trouble_of`. `differing` are
    published objects that are not what the head says. `underway` is the ETag of one that belongs
    to the next version: somebody publishes that now, or died before the commit.
    """

    hour: FeedHour
    head: LedgerEntry | None
    objects: tuple[ListedRawObject, ...]
    differing: tuple[str, ...] = ()
    underway: str | None = None
    trouble: Trouble | None = None

    @property
    def inputs(self) -> dict[str, BatchInput]:
        """The raw objects that make the hour, by key."""
        return inputs_of(self.objects)

    @property
    def dirty(self) -> bool:
        """Whether a batch with this hour would change anything."""
        inputs = self.inputs
        if self.trouble is not None:
            return False
        return bool(inputs) and (bool(self.differing) or differs(inputs.values(), self.head))

    def wanted(self, *, forced: bool = False) -> WantedHour:
        """The hour for `freeze`; `forced` also where nothing has changed."""
        version = 0 if self.head is None else self.head.version
        return WantedHour(self.hour, version, forced, bool(self.differing))


@dataclass(frozen=True, slots=True)
class DayFound:
    """A feed's day as the listings show it: its hours, and all that can be compared with the catalog."""

    hours: tuple[FoundHour, ...]
    seen: DaySeen


@dataclass(frozen=True, slots=True)
class SeenHour:
    """An hour at the moment of freezing: first the head was read, then raw was listed."""

    hour: FeedHour
    head: LedgerEntry | None
    inputs: Mapping[str, BatchInput]
    valueless: tuple[str, ...] = ()
    trouble: Trouble | None = None

    @property
    def version(self) -> int:
        return 0 if self.head is None else self.head.version

    def is_dirty(self, forced: bool) -> bool:
        """Whether a batch is to be made of it."""
        return bool(self.inputs) and (forced or differs(self.inputs.values(), self.head))


@dataclass(frozen=True, slots=True)
class FrozenBatch:
    """A stored manifest, None where nothing was left to do, and what was seen on the way."""

    manifest: Manifest | None
    seen: tuple[SeenHour, ...]


@dataclass(frozen=True, slots=True)
class FinishedBatch:
    """A batch with the result of its run, not verified yet."""

    manifest: Manifest
    result: Result
    run: RunFacts

    @property
    def results(self) -> dict[FeedHour, HourResult]:
        """The result of each hour that has one."""
        return {FeedHour(hour.feed, hour.at): hour for hour in self.result.hours}


@dataclass(frozen=True, slots=True)
class Verification:
    """Which hours may be published, and what is wrong with the others."""

    accepted: tuple[FeedHour, ...]
    faults: Mapping[FeedHour, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class PublicationOutcome:
    """What became of an hour; `head` is the ledger's newest version afterwards.

    `entry` is the version that this call has committed: None where another was first, where a
    conditional PUT was refused (`refused` says what that meant), or where something that the hour
    needs was away (`waits` says what): it is as it was, and is done again.
    """

    hour: FeedHour
    head: LedgerEntry | None
    entry: LedgerEntry | None = None
    refused: str | None = None
    waits: str | None = None


ClosingOf = Callable[[FeedHour, str], Closing]
"""How far an hour is closed with a batch, asked at the moment of its commit."""


@dataclass(frozen=True, slots=True)
class CommitTerms:
    """What the ledger's entries say beside the batch, and who is told of each hour at once.

    `now_ms` is the time of the commits, ms since the epoch, UTC.
    """

    closing_of: ClosingOf
    now_ms: int
    told: Callable[[PublicationOutcome], None] = lambda _: None
