"""Reads the journal of the versions before 2: segments of frames, one behind the other.

What is damaged costs only itself here, too: behind it the next sound frame is looked for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import orjson

from coinlake.contracts.topics import GAPS
from coinlake.errors import BadRecordError
from ingestor.core.entries import (
    FRAME_BYTES,
    Filed,
    RecordEntry,
    TickMark,
    TickOutcome,
    next_frame,
    outgoing,
    split,
    tick_mark,
)
from ingestor.core.progress import KEPT_GAPS, FeedCounts

_SUFFIX = ".journal"
_NO_COUNTS = {"polls": 0, "rejected": 0, "failed": 0, "missed": 0, "last_published_ms": None}
_FIELD_OF = {
    TickOutcome.USABLE: "polls",
    TickOutcome.REJECTED: "polls",
    TickOutcome.FAILED: "failed",
    TickOutcome.MISSED: "missed",
}


@dataclass(slots=True)
class _Fold:
    """What those versions made of their entries, as far as it is still needed."""

    next_seq: int = 1
    sent_seq: int = 0
    floor_ms: int = 0
    ticks: dict[str, dict[str, int]] = field(default_factory=dict)
    feeds: dict[str, dict[str, Any]] = field(default_factory=dict)
    gaps: list[Any] = field(default_factory=list)
    waiting: dict[int, tuple[TickMark, int]] = field(default_factory=dict)
    _numbers: list[int] = field(default_factory=list)

    def take(self, head: Mapping[str, Any], value: bytes) -> None:
        """One entry. Raises KeyError, TypeError or ValueError for what none of them wrote."""
        match head["kind"]:
            case "record":
                self._record(head, value)
            case "mark":
                self._mark(tick_mark(head["mark"]))
            case "sent":
                self._sent(head["seq"])
            case "floor":
                self.floor_ms = max(self.floor_ms, head["floor_ms"])
            case "snapshot":
                state = head["state"]
                self.next_seq = max(self.next_seq, state["next_seq"])
                self.floor_ms = max(self.floor_ms, state["floor_ms"])
                self._sent(state["sent_seq"])
                self.ticks, self.feeds = dict(state["ticks"]), dict(state["feeds"])
                self.gaps = list(state["gaps"])
            case kind:
                raise ValueError(f"unknown kind {kind!r}")

    def _record(self, head: Mapping[str, Any], value: bytes) -> None:
        mark, seq = tick_mark(head["mark"]), head["seq"]
        if seq in self.waiting or seq <= self.sent_seq:
            return
        self.next_seq = max(self.next_seq, seq + 1)
        self.floor_ms = max(self.floor_ms, head["timestamp_ms"])
        self.waiting[seq] = (mark, head["timestamp_ms"])
        heappush(self._numbers, seq)
        if head["topic"] == GAPS:
            self.gaps.append(orjson.loads(value))
        self._mark(mark)

    def _mark(self, mark: TickMark) -> None:
        assert mark.tick is not None  # this version had no other
        self.ticks[mark.page] = asdict(mark.tick)
        name = _FIELD_OF.get(mark.outcome)
        if name is not None:
            self._counts(mark.feed)[name] += mark.count

    def _sent(self, seq: int) -> None:
        self.sent_seq = max(self.sent_seq, seq)
        while self._numbers and self._numbers[0] <= self.sent_seq:
            mark, timestamp_ms = self.waiting.pop(heappop(self._numbers))
            counts = self._counts(mark.feed)
            if mark.outcome is TickOutcome.REJECTED:
                counts["rejected"] += 1
            elif mark.outcome is TickOutcome.USABLE:
                counts["last_published_ms"] = timestamp_ms

    def _counts(self, feed: str) -> dict[str, Any]:
        return self.feeds.setdefault(feed, dict(_NO_COUNTS))

    def state(self) -> dict[str, Any]:
        """The state as today's journal has it; its lines begin with what is carried over."""
        return {
            "floor_ms": self.floor_ms,
            "ticks": self.ticks,
            "feeds": {feed: asdict(self._today(feed)) for feed in self.feeds},
            "gaps": self.gaps[-KEPT_GAPS:],
            "lines": {},
        }

    def _today(self, feed: str) -> FeedCounts:
        old = self.feeds[feed]
        marks = [mark for mark, _ in self.waiting.values() if mark.feed == feed]
        unusable = old["rejected"] + sum(mark.outcome is TickOutcome.REJECTED for mark in marks)
        return FeedCounts(
            usable=old["polls"] - unusable,
            unusable=unusable,
            failed=old["failed"],
            missed=old["missed"],
            last_published_ms=old["last_published_ms"],
        )


class OldJournal:
    """The segments of a folder. Values are read again when they are carried over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fold = _Fold()
        self.damaged: dict[str, int] = {}
        """Bytes that are no sound entries, by the names of their segments."""
        for path in self.segments:
            for head, value in self._entries(path):
                self._fold.take(head, value)
        self.state = self._fold.state()
        """The state after its last entry."""

    @property
    def segments(self) -> list[Path]:
        """Its files, the oldest first."""
        return sorted(self._folder.glob(f"*{_SUFFIX}"))

    @property
    def next_number(self) -> int:
        """The number that its next record would have had."""
        return self._fold.next_seq

    @property
    def missing(self) -> list[int]:
        """Numbers of records that Kafka lacks and that are not in any segment."""
        fold = self._fold
        return [n for n in range(fold.sent_seq + 1, fold.next_seq) if n not in fold.waiting]

    def records(self, path: Path, lines: dict[str, list[int]]) -> Iterator[Filed]:
        """A segment's records that Kafka lacks, as files of today's journal.

        `lines` are the topics' last numbers so far, and are moved on.
        """
        for head, value in self._entries(path):
            if head["kind"] != "record" or head["seq"] not in self._fold.waiting:
                continue
            line = lines.setdefault(head["topic"], [0, 0])
            if head["seq"] <= line[0]:
                continue
            state = {**self.state, "lines": {name: list(one) for name, one in lines.items()}}
            entry = RecordEntry(outgoing(head, value), tick_mark(head["mark"]))
            yield Filed(head["seq"], state, entry)
            line[0] = head["seq"]

    def _entries(self, path: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Head and value of each sound entry."""
        data = path.read_bytes()
        at = damaged = 0
        while (found := next_frame(data, at)) is not None:
            start, payload = found
            damaged += start - at
            at = start + FRAME_BYTES + len(payload)
            try:
                head, value = split(payload)
                _Fold().take(head, value)
            except (BadRecordError, ValueError, KeyError, TypeError, AttributeError):
                damaged += FRAME_BYTES + len(payload)
                continue
            yield head, value
        if damaged or at < len(data):
            self.damaged[path.name] = damaged + len(data) - at
