"""The Kafka headers of an answer: what the value, kept untouched, cannot say of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Header = tuple[str, bytes | None]

POLL_ID = "poll_id"
TICK_ID = "tick_id"
"""The same on all pages that were polled for one tick of a feed."""
REQUESTED_AT = "requested_at"
RECEIVED_AT = "received_at"
STATUS = "status"
URL = "url"
SHA256 = "sha256"
SOURCE = "source"
TRACEPARENT = "traceparent"
REASON = "reason"
"""Only on `coincap.rejected.v1`: why the answer could not be used."""
READMITTED_FROM = "readmitted_from"
"""Only on answers that were rejected before: as which record, topic/epoch/partition/offset."""
COMPLETE_TO = "complete_to"
"""Only on heartbeats (null values): the producer's promise, in ms since the epoch, UTC."""
PRODUCER = "producer"
"""Only on heartbeats: who promises."""


@dataclass(frozen=True, slots=True)
class AnswerHeaders:
    """One answer's provenance. Times are milliseconds since the epoch, UTC."""

    poll_id: str
    requested_at_ms: int
    received_at_ms: int
    status: int
    url: str
    sha256: str
    source: str
    traceparent: str
    reason: str | None = None
    tick_id: str | None = None

    def encode(self) -> list[Header]:
        """The headers as Kafka carries them; numbers are decimal text."""
        encoded: list[Header] = [
            (POLL_ID, self.poll_id.encode()),
            (REQUESTED_AT, b"%d" % self.requested_at_ms),
            (RECEIVED_AT, b"%d" % self.received_at_ms),
            (STATUS, b"%d" % self.status),
            (URL, self.url.encode()),
            (SHA256, self.sha256.encode()),
            (SOURCE, self.source.encode()),
            (TRACEPARENT, self.traceparent.encode()),
        ]
        if self.reason is not None:
            encoded.append((REASON, self.reason.encode()))
        if self.tick_id is not None:
            encoded.append((TICK_ID, self.tick_id.encode()))
        return encoded


def heartbeat_headers(complete_to_ms: int, producer: str) -> list[Header]:
    """The headers of a heartbeat: nothing older than `complete_to_ms` will be sent here."""
    return [(COMPLETE_TO, b"%d" % complete_to_ms), (PRODUCER, producer.encode())]


def text_headers(headers: Sequence[Header]) -> Mapping[str, str]:
    """Headers as text; the last of a name wins, nulls and invalid UTF-8 are replaced."""
    return {name: (value or b"").decode("utf-8", "replace") for name, value in headers}


def complete_to_ms(headers: Sequence[Header]) -> int | None:
    """The promise that a heartbeat carries; None where there is none or it is no number."""
    for name, value in headers:
        if name == COMPLETE_TO and value is not None:
            text = value.decode("ascii", "replace")
            return int(text) if text.isascii() and text.isdigit() else None
    return None
