"""What the journal says so far: counts, last tick per page, what Kafka still has to get.

The state is a fold over the entries, the same while running and after a crash. Records go to
Kafka topic by topic, each in the order of its numbers: what one topic waits for is no other's.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import orjson

from coinlake.contracts.topics import GAPS
from ingestor.core.entries import (
    Entry,
    FloorEntry,
    MarkEntry,
    RecordEntry,
    TickMark,
    TickOutcome,
)
from ingestor.core.schedule import Tick

KEPT_GAPS = 20  # for people who look at /status; the topic has all of them


@dataclass(slots=True)
class FeedCounts:
    """One feed's counts since the state directory was made.

    `usable` and `unusable` are answers with a body that were journaled, `lost` those of them that
    never came to Kafka and are named as such; `failed` are attempts without a body, `missed` are
    ticks nobody polled.
    """

    usable: int = 0
    unusable: int = 0
    lost_usable: int = 0
    lost_unusable: int = 0
    failed: int = 0
    missed: int = 0
    last_published_ms: int | None = None


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """What /status says of a feed: `polls` become `published`, `rejected` or `lost`."""

    polls: int
    published: int
    rejected: int
    lost: int
    failed: int
    missed: int
    last_published_ms: int | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A journaled record that Kafka does not have yet, without its value.

    `after` is the number of the record before it in its topic, 0 for the first.
    """

    number: int
    topic: str
    timestamp_ms: int
    mark: TickMark
    bytes: int
    after: int = 0


@dataclass(slots=True)
class TopicLine:
    """The records of one topic: the numbers of the last one and of the last one sent."""

    last: int = 0
    sent: int = 0
    pending: deque[Pending] = field(default_factory=deque)


@dataclass(slots=True)
class Progress:
    """The fold.

    `floor_ms` is the highest watermark of a heartbeat, `said_ms` the highest that Kafka has for
    certain; `limited_until_ms` is until when the API asked not to be asked at all.
    """

    next_number: int = 1
    floor_ms: int = 0
    said_ms: int = 0
    limited_until_ms: int = 0
    ticks: dict[str, Tick] = field(default_factory=dict)
    feeds: dict[str, FeedCounts] = field(default_factory=dict)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    lines: dict[str, TopicLine] = field(default_factory=dict)
    pending_bytes: int = 0

    # ---- what happens ------------------------------------------------------------------------

    def apply(self, entry: Entry, size: int) -> None:
        """Take the entry of the file `next_number`; `size` is the bytes it takes on disk."""
        number, self.next_number = self.next_number, self.next_number + 1
        match entry:
            case RecordEntry(record, mark):
                line = self.line(record.topic)
                self.wait(
                    Pending(
                        number, record.topic, record.timestamp_ms, mark, size, after=line.last
                    )
                )
                line.last = number
                if record.topic == GAPS:
                    self.gaps = [*self.gaps, orjson.loads(record.value)][-KEPT_GAPS:]
                self._mark(mark)
            case MarkEntry(mark):
                self._mark(mark)
            case FloorEntry(floor_ms, is_taken_back):
                self.floor_ms = floor_ms if is_taken_back else max(self.floor_ms, floor_ms)

    def wait(self, pending: Pending) -> None:
        """One more record that Kafka does not have: as it is journaled, or found on disk."""
        self.line(pending.topic).pending.append(pending)
        self.pending_bytes += pending.bytes

    def sent(self, pending: Pending) -> None:
        """Kafka has this record, the oldest of its topic."""
        self._leave(pending)
        if pending.mark.outcome is TickOutcome.USABLE:
            counts = self.counts(pending.mark.feed)
            counts.last_published_ms = pending.timestamp_ms

    def restamped(self, pending: Pending, timestamp_ms: int) -> None:
        """This record, the oldest of its topic, has another time."""
        line = self.line(pending.topic)
        assert line.pending[0] is pending, "records of a topic leave in their order"
        line.pending[0] = replace(pending, timestamp_ms=timestamp_ms)

    def lost(self, pending: Pending) -> None:
        """This record, the oldest of its topic, does not come to Kafka."""
        self._leave(pending)
        self.lose(pending.mark.feed, pending.mark.outcome)

    def lose(self, feed: str, outcome: TickOutcome, count: int = 1) -> None:
        """An answer that was counted when it was journaled does not come to Kafka; -1: it does."""
        counts = self.counts(feed)
        if outcome is TickOutcome.USABLE:
            counts.lost_usable = max(0, counts.lost_usable + count)
        elif outcome is TickOutcome.REJECTED:
            counts.lost_unusable = max(0, counts.lost_unusable + count)

    # ---- what is known -----------------------------------------------------------------------

    @property
    def pending(self) -> Iterator[Pending]:
        """All records that Kafka lacks, topic by topic."""
        return (one for line in self.lines.values() for one in line.pending)

    @property
    def pending_records(self) -> int:
        """How many these are."""
        return sum(len(line.pending) for line in self.lines.values())

    def head(self, topic: str) -> Pending | None:
        """The next record to send to a topic; None where Kafka has all of them."""
        pending = self.line(topic).pending
        return pending[0] if pending else None

    def oldest_ms(self, topic: str) -> int | None:
        """The smallest timestamp that still has to be sent to a topic."""
        return min((one.timestamp_ms for one in self.line(topic).pending), default=None)

    def line(self, topic: str) -> TopicLine:
        """The records of a topic."""
        return self.lines.setdefault(topic, TopicLine())

    def counts(self, feed: str) -> FeedCounts:
        """The counts of a feed, which start at nothing."""
        return self.feeds.setdefault(feed, FeedCounts())

    def facts(self, feed: str) -> FeedFacts:
        """What became of a feed's answers, as far as Kafka has them."""
        counts = self.counts(feed)
        waiting = Counter(one.mark.outcome for one in self.pending if one.mark.feed == feed)
        return FeedFacts(
            polls=counts.usable + counts.unusable,
            published=counts.usable - counts.lost_usable - waiting[TickOutcome.USABLE],
            rejected=counts.unusable - counts.lost_unusable - waiting[TickOutcome.REJECTED],
            lost=counts.lost_usable + counts.lost_unusable,
            failed=counts.failed,
            missed=counts.missed,
            last_published_ms=counts.last_published_ms,
        )

    # ---- on disk -----------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """The state without what is pending: that is what files there are."""
        return {
            "floor_ms": self.floor_ms,
            "said_ms": self.said_ms,
            "limited_until_ms": self.limited_until_ms,
            "ticks": {page: asdict(tick) for page, tick in self.ticks.items()},
            "feeds": {feed: asdict(counts) for feed, counts in self.feeds.items()},
            "gaps": list(self.gaps),
            "lines": {topic: [line.last, line.sent] for topic, line in self.lines.items()},
        }

    @classmethod
    def restored(cls, next_number: int, state: Mapping[str, Any]) -> "Progress":
        """The fold as it was before the entry of the file `next_number`."""
        return cls(
            next_number=next_number,
            floor_ms=state["floor_ms"],
            # The versions before did not keep these.
            said_ms=state.get("said_ms", 0),
            limited_until_ms=state.get("limited_until_ms", 0),
            ticks={page: Tick(**tick) for page, tick in state["ticks"].items()},
            feeds={feed: FeedCounts(**counts) for feed, counts in state["feeds"].items()},
            gaps=list(state["gaps"]),
            lines={
                topic: TopicLine(last, sent) for topic, (last, sent) in state["lines"].items()
            },
        )

    # ---- parts -------------------------------------------------------------------------------

    def _leave(self, pending: Pending) -> None:
        line = self.line(pending.topic)
        assert line.pending[0] is pending, "records of a topic leave in their order"
        line.pending.popleft()
        line.sent = pending.number
        self.pending_bytes -= pending.bytes

    def _mark(self, mark: TickMark) -> None:
        if mark.tick is not None:
            self.ticks[mark.page] = mark.tick
        counts = self.counts(mark.feed)
        match mark.outcome:
            case TickOutcome.USABLE:
                counts.usable += 1
            case TickOutcome.REJECTED:
                counts.unusable += 1
            case TickOutcome.FAILED:
                counts.failed += 1
            case TickOutcome.MISSED:
                counts.missed += mark.count
            case TickOutcome.PLANNED:
                pass
