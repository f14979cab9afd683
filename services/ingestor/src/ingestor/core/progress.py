"""What the journal says so far: counts, last tick per page, what Kafka still has to get.

The state is a fold over the entries, the same while running and after a crash.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

import orjson

from coinlake.contracts.topics import GAPS
from ingestor.core.entries import (
    Entry,
    FloorEntry,
    MarkEntry,
    Outcome,
    Outgoing,
    RecordEntry,
    SentEntry,
    SnapshotEntry,
    TickMark,
)
from ingestor.core.schedule import Tick

PlaceT = TypeVar("PlaceT")
_KEPT_GAPS = 50  # for people who look at /status; the topic has all of them


@dataclass(slots=True)
class Counts:
    """One feed's counts since the state directory was made.

    `polls` are answers with a body that were journaled; each becomes `published` or `rejected`
    when Kafka has it. `failed` are attempts without a body, `missed` are ticks nobody polled.
    """

    polls: int = 0
    published: int = 0
    rejected: int = 0
    failed: int = 0
    missed: int = 0
    last_published_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Pending(Generic[PlaceT]):
    """A journaled record that Kafka does not have yet, without its value."""

    seq: int
    topic: str
    timestamp_ms: int
    mark: TickMark
    bytes: int
    place: PlaceT


@dataclass(slots=True)
class Progress(Generic[PlaceT]):
    """The fold. `place` is where an entry lies on disk: nothing that is decided here."""

    next_seq: int = 1
    sent_seq: int = 0
    floor_ms: int = 0
    ticks: dict[str, Tick] = field(default_factory=dict)
    feeds: dict[str, Counts] = field(default_factory=dict)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    pending: deque[Pending[PlaceT]] = field(default_factory=deque)
    pending_bytes: int = 0

    def apply(self, entry: Entry, place: PlaceT, size: int) -> None:
        """Take one entry; `size` is the bytes it takes on disk."""
        match entry:
            case RecordEntry(seq, record, mark):
                self._take(seq, record, mark, place, size)
            case MarkEntry(mark):
                self._mark(mark)
            case SentEntry(seq):
                self._sent(seq)
            case FloorEntry(floor_ms):
                self.floor_ms = max(self.floor_ms, floor_ms)
            case SnapshotEntry(state):
                self._restore(state)

    def snapshot(self) -> SnapshotEntry:
        """The state without what is pending: that lies in segments that are kept."""
        return SnapshotEntry(
            {
                "next_seq": self.next_seq,
                "sent_seq": self.sent_seq,
                "floor_ms": self.floor_ms,
                "ticks": {page: asdict(tick) for page, tick in self.ticks.items()},
                "feeds": {feed: asdict(counts) for feed, counts in self.feeds.items()},
                "gaps": list(self.gaps),
            }
        )

    def oldest_ms(self, topic: str) -> int | None:
        """The smallest timestamp that still has to be sent to a topic."""
        times = [one.timestamp_ms for one in self.pending if one.topic == topic]
        return min(times, default=None)

    def counts(self, feed: str) -> Counts:
        """The counts of a feed, which start at nothing."""
        return self.feeds.setdefault(feed, Counts())

    def _take(
        self, seq: int, record: Outgoing, mark: TickMark, place: PlaceT, size: int
    ) -> None:
        self.next_seq = max(self.next_seq, seq + 1)
        self.floor_ms = max(self.floor_ms, record.timestamp_ms)
        self.pending.append(Pending(seq, record.topic, record.timestamp_ms, mark, size, place))
        self.pending_bytes += size
        if record.topic == GAPS:
            self.gaps = [*self.gaps, orjson.loads(record.value)][-_KEPT_GAPS:]
        self._mark(mark)

    def _mark(self, mark: TickMark) -> None:
        self.ticks[mark.page] = mark.tick
        counts = self.counts(mark.feed)
        match mark.outcome:
            case Outcome.USABLE | Outcome.REJECTED:
                counts.polls += 1
            case Outcome.FAILED:
                counts.failed += 1
            case Outcome.MISSED:
                counts.missed += mark.count
            case Outcome.PLANNED:
                pass

    def _sent(self, seq: int) -> None:
        self.sent_seq = max(self.sent_seq, seq)
        while self.pending and self.pending[0].seq <= self.sent_seq:
            done = self.pending.popleft()
            self.pending_bytes -= done.bytes
            counts = self.counts(done.mark.feed)
            if done.mark.outcome is Outcome.USABLE:
                counts.published += 1
                counts.last_published_ms = done.timestamp_ms
            elif done.mark.outcome is Outcome.REJECTED:
                counts.rejected += 1

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.next_seq = max(self.next_seq, state["next_seq"])
        self.floor_ms = max(self.floor_ms, state["floor_ms"])
        self.ticks = {page: Tick(**tick) for page, tick in state["ticks"].items()}
        # Before the counts: what was sent before the snapshot is counted in it already.
        self._sent(state["sent_seq"])
        self.feeds = {feed: Counts(**counts) for feed, counts in state["feeds"].items()}
        self.gaps = list(state["gaps"])


def complete_to_ms(
    now_ms: int, received_ms: Iterable[int], oldest_pending_ms: int | None
) -> int:
    """What a heartbeat may promise: nothing older than this will be sent on its partition.

    `now_ms` is a clock that never goes back; `received_ms` are answers not journaled yet.
    """
    bounds = [now_ms, *received_ms]
    if oldest_pending_ms is not None:
        bounds.append(oldest_pending_ms)
    return min(bounds)


class FloorClock:
    """A wall clock in milliseconds that never goes below what was promised."""

    def __init__(self, wall_ms: Callable[[], int], floor_ms: int = 0) -> None:
        self._wall_ms = wall_ms
        self.floor_ms = floor_ms

    def __call__(self) -> int:
        self.floor_ms = max(self.floor_ms, self._wall_ms())
        return self.floor_ms

    @property
    def behind_ms(self) -> int:
        """How far the wall clock is behind the promise: more than 0 after it was set back."""
        return max(0, self.floor_ms - self._wall_ms())
