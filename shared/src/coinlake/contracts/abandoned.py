"""Abandoned ranges: objects of a chain that say which offsets an operator has given up, and why.

A marker is an ordinary raw object of one record without a value: no line, an index entry at the
last offset given up. Readers of lines see nothing of it; the chain goes on behind it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from coinlake.contracts.headers import Header
from coinlake.contracts.raw_index import Record

# As raw format 1 writes them.
_FROM, _TO, _REASON = "gap_from", "gap_to", "reason"
_META_REASON = "gap-reason"
# S3 keeps 2 KB of metadata for an object (user guide, "Working with object metadata"); the
# format's own need a few hundred bytes.
MAX_REASON_BYTES = 1000


@dataclass(frozen=True, slots=True)
class AbandonedRange:
    """The offsets from `link` up to, but without `next_offset` were given up for a reason."""

    link: int
    next_offset: int
    reason: str

    def record(self, timestamp_ms: int) -> Record:
        """The marker's only record. The timestamp puts it into an hour."""
        headers: tuple[Header, ...] = (
            (_FROM, b"%d" % self.link),
            (_TO, b"%d" % self.next_offset),
            (_REASON, self.reason.encode()),
        )
        return Record(self.next_offset - 1, timestamp_ms, None, None, headers)

    def metadata(self) -> dict[str, str]:
        """What a marker says in its metadata beside what each raw object says."""
        return {_META_REASON: quote(self.reason)}


def abandoned_reason(metadata: Mapping[str, str]) -> str | None:
    """Why the offsets of an object were given up; None where it marks no abandoned range."""
    reason = metadata.get(_META_REASON)
    return None if reason is None else unquote(reason)
