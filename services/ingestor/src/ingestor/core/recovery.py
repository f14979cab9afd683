"""What a journal's files say together: the state to go on from, and what is not there any more."""

from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from ingestor.core.entries import Entry, Filed, RecordEntry, TickOutcome
from ingestor.core.feeds import FEEDS
from ingestor.core.progress import Pending, Progress, TopicLine

# Of a record that no other file knows of.
UNKNOWN = "unknown"
_FEED_OF = {feed.topic: name for name, feed in FEEDS.items()}


@dataclass(slots=True)
class Files:
    """The files of a journal, read one after the other: nothing of a value is kept.

    `newest` is the sound file with the highest number; `bad` are records whose files are damaged
    or cannot be read, `sent` those that Kafka has; `last` is the highest number of all files,
    `published_ms` the newest answer of each feed that is known to be sent; `back` are records
    that lay aside and are in their place again.
    """

    waiting: list[Pending] = field(default_factory=list)
    sent: set[int] = field(default_factory=set)
    bad: set[int] = field(default_factory=set)
    newest: Filed | None = None
    last: int = 0
    published_ms: dict[str, int] = field(default_factory=dict)
    back: set[int] = field(default_factory=set)

    def found(self, filed: Filed, size: int, is_sent: bool) -> None:
        """A sound file."""
        if self.newest is None or filed.number > self.newest.number:
            self.newest = filed
        if is_sent:
            self.sent.add(filed.number)
            self._published(filed.entry)
        elif isinstance(filed.entry, RecordEntry):
            self.waiting.append(_pending(filed, filed.entry, size))

    def _published(self, entry: Entry) -> None:
        if isinstance(entry, RecordEntry) and entry.mark.outcome is TickOutcome.USABLE:
            feed, at_ms = entry.mark.feed, entry.record.timestamp_ms
            self.published_ms[feed] = max(at_ms, self.published_ms.get(feed, 0))


def _pending(filed: Filed, entry: RecordEntry, size: int) -> Pending:
    record = entry.record
    after, _ = filed.state["lines"].get(record.topic, (0, 0))
    return Pending(filed.number, record.topic, record.timestamp_ms, entry.mark, size, after)


@dataclass(frozen=True, slots=True)
class Hole:
    """A record that was journaled and is neither there nor sent. `damaged`: its file is."""

    topic: str
    number: int
    damaged: bool


def recovered(files: Files) -> tuple[Progress, list[Hole]]:
    """The fold over the files, and the holes in each topic's line."""
    progress = _newest_state(files)
    by_topic: dict[str, list[Pending]] = {}
    for one in sorted(files.waiting, key=lambda one: one.number):
        by_topic.setdefault(one.topic, []).append(one)
    holes: list[Hole] = []
    for topic in {**progress.lines, **by_topic}:
        line, waiting = progress.line(topic), by_topic.get(topic, [])
        line.last = max([line.last, *(one.number for one in waiting)])
        lost = _holes(line, waiting, files.sent)
        holes += [Hole(topic, number, number in files.bad) for number in lost]
        line.sent = waiting[0].after if waiting else line.last
        for one in waiting:
            progress.wait(one)
            if one.number in files.back:
                progress.lose(one.mark.feed, one.mark.outcome, -1)
    for feed, at_ms in files.published_ms.items():
        counts = progress.counts(feed)
        counts.last_published_ms = max(at_ms, counts.last_published_ms or 0)
    for hole in holes:
        if hole.topic in _FEED_OF:
            progress.lose(_FEED_OF[hole.topic], TickOutcome.USABLE)
    # Newer than all that is known: the state does not even count them.
    unknown = sorted(number for number in files.bad if number >= progress.next_number)
    holes += [Hole(UNKNOWN, number, True) for number in unknown]
    progress.next_number = max(progress.next_number, files.last + 1)
    return progress, holes


def _newest_state(files: Files) -> Progress:
    if files.newest is None:
        return Progress()
    progress = Progress.restored(files.newest.number, files.newest.state)
    progress.apply(files.newest.entry, 0)
    for line in progress.lines.values():
        # Which records wait is told by the files themselves.
        line.pending.clear()
    return progress


def _holes(line: TopicLine, waiting: Iterable[Pending], sent: Set[int]) -> list[int]:
    """The numbers that a later record, or the state, knows and that are not there.

    Of several in a row only the last is known.
    """
    found, before = [], line.sent
    for number, after in [*((one.number, one.after) for one in waiting), (0, line.last)]:
        if after > before and after not in sent:
            found.append(after)
        before = max(before, number)
    return found
