"""Named missed ticks: the records of `coinlake.gaps.v1`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import orjson

from coinlake.contracts.headers import PRODUCER
from coinlake.contracts.topics import GAPS
from ingestor.core.entries import Outgoing
from ingestor.core.page import Page
from ingestor.core.schedule import Missed


class Cause(StrEnum):
    """Why ticks were missed."""

    DOWN = "down"
    """The process was not there, or died before it had the answer in its journal."""
    OVERRUN = "overrun"
    """The poll before took longer than the interval, or the process stood still."""
    BACKOFF = "backoff"
    RATE_LIMITED = "rate_limited"
    KEY_REFUSED = "key_refused"
    PAGE_REFUSED = "page_refused"
    """The API refuses this page a second time too, and takes the key for others."""
    CREDITS = "credits"
    SPOOL_FULL = "spool_full"
    JOURNAL = "journal"
    """The disk refused: nothing was asked, or the answer was received and is lost."""
    CLOCK = "clock"
    """The time was set forward past them: by a clock that was behind, or after a sleep."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Ticks of one page that nobody polled, with the cause. Times in ms, UTC."""

    page: Page
    missed: Missed
    interval_ms: int
    cause: Cause

    def facts(self) -> dict[str, Any]:
        """The gap as JSON-ready facts, the same in the log, the record and /status."""
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
        """The gap as a Kafka record."""
        value = {**self.facts(), "detected_ms": now_ms, "producer": producer}
        headers = ((PRODUCER, producer.encode()),)
        return Outgoing(GAPS, self.page.key.encode(), orjson.dumps(value), headers, now_ms)


def joined(gaps: Sequence[Gap], later: Gap) -> list[Gap]:
    """The gaps with a later one of the same page; a run with one cause stays one gap."""
    if gaps:
        last = gaps[-1]
        if (last.cause, last.interval_ms) == (later.cause, later.interval_ms):
            return [*gaps[:-1], replace(last, missed=last.missed.join(later.missed))]
    return [*gaps, later]
