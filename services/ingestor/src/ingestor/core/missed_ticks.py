"""Ticks of a page that nobody polled, until they are named in the journal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from coinlake.contracts.headers import PRODUCER
from coinlake.contracts.missed_ticks import Cause, MissedTicks
from coinlake.contracts.topics import GAPS
from ingestor.core.entries import Outgoing
from ingestor.core.page import Page
from ingestor.core.schedule import Missed


@dataclass(frozen=True, slots=True)
class MissedRun:
    """Ticks of one page that follow each other, with one cause. Times in ms, UTC."""

    page: Page
    missed: Missed
    interval_ms: int
    cause: Cause

    def facts(self) -> dict[str, Any]:
        """The run as JSON-ready facts, the same in the log, the record and /status."""
        return {
            "feed": self.page.feed.name,
            "page": self.page.key,
            "from_ms": self.missed.from_ms,
            "to_ms": self.missed.to_ms,
            "count": self.missed.count,
            "interval_ms": self.interval_ms,
            "cause": str(self.cause),
        }

    def record(self, now_ms: int, producer: str) -> Outgoing:
        """The run as a Kafka record."""
        value = MissedTicks(**self.facts(), detected_ms=now_ms, producer=producer).encode()
        headers = ((PRODUCER, producer.encode()),)
        return Outgoing(GAPS, self.page.key.encode(), value, headers, now_ms)


def joined(runs: Sequence[MissedRun], later: MissedRun) -> list[MissedRun]:
    """The runs with a later one of the same page; what has one cause stays one run."""
    if runs:
        last = runs[-1]
        if (last.cause, last.interval_ms) == (later.cause, later.interval_ms):
            return [*runs[:-1], replace(last, missed=last.missed.join(later.missed))]
    return [*runs, later]
