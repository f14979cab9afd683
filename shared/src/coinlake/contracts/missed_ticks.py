"""Missed ticks: the records of `coinlake.gaps.v1`. Each names ticks of a page without an answer.

The value is JSON, the key is the page's; the header `producer` says who tells.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


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
class MissedTicks:
    """`count` ticks of a page from `from_ms` to `to_ms`, the last one included.

    Times are when the ticks were due, ms since the epoch, UTC; `detected_ms` is when it was told.
    """

    feed: str
    page: str
    from_ms: int
    to_ms: int
    count: int
    interval_ms: int
    cause: str
    detected_ms: int
    producer: str

    def encode(self) -> bytes:
        """The record's value."""
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False).encode()


def parse_missed_ticks(value: bytes) -> MissedTicks:
    """Read a record's value; fields that came later are passed over. Raises ValueError."""
    raw: Any = json.loads(value)
    names = MissedTicks.__dataclass_fields__
    try:
        return MissedTicks(**{name: raw[name] for name in names})
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a record of missed ticks: {error!r}") from error
