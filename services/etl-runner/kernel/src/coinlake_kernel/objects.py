"""Raw objects to plain rows by the rules alone: slow, and what the fast path is held against."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from coinlake.contracts.datasets import ELEMENTS
from coinlake.contracts.quality import OBJECT_RULE
from coinlake_kernel.answers import JudgedAnswer, read_answer
from coinlake_kernel.records import RawSource, SourcedRecord, UnreadableError, records_of

USABLE, QUARANTINED, HEARTBEAT, UNREADABLE = "usable", "quarantined", "heartbeat", "unreadable"


def rows_of(source: RawSource, body: bytes) -> Iterator[dict[str, Any]]:
    """One row per record, with the rows of its elements; one row if nothing can be read.

    Times are ms since the epoch, UTC.
    """
    try:
        records = records_of(source, body)
    except UnreadableError as error:
        yield unreadable(source, str(error))
        return
    for record in records:
        yield record_row(source, record)


def record_row(source: RawSource, record: SourcedRecord) -> dict[str, Any]:
    """What became of a record: its `state`, its tallies, its rows and what was rejected."""
    row = record.columns() | {"key": record.key}
    if record.value is None:
        return row | {"state": HEARTBEAT, "tallies": [("records", 1), ("heartbeats", 1)]}
    answer = read_answer(source.feed, record.value, record.received_ms, source.max_skew_ms)
    return row | _answer_columns(source, record.value, answer)


def unreadable(source: RawSource, reason: str) -> dict[str, Any]:
    """The row of an object that no record can be read from."""
    return {
        "topic": source.topic,
        "raw_object": source.key,
        "raw_etag": source.etag,
        "state": UNREADABLE,
        "rule": OBJECT_RULE,
        "reason": f"unreadable object: {reason}",
        "tallies": [(f"unreadable:{source.key}", 1)],
    }


def _answer_columns(source: RawSource, value: bytes, answer: JudgedAnswer) -> dict[str, Any]:
    state = USABLE if answer.reason is None else QUARANTINED
    outcome = (
        ("usable",) if state == USABLE else ("quarantined_records", f"broken:{answer.rule}")
    )
    return {
        "state": state,
        "sha256": hashlib.sha256(value).hexdigest(),
        "source_ts": answer.source_ms,
        "rule": answer.rule,
        "reason": answer.reason,
        "raw": None if state == USABLE else raw_text(value),
        "tallies": [("records", 1), *((name, 1) for name in outcome), *answer.tallies.items()],
        "examples": answer.examples,
        ELEMENTS[source.feed].table: [
            row | {"extra": list(row["extra"].items())} for row in answer.rows
        ],
        "rejected": [asdict(rejected) for rejected in answer.rejected],
    }


def raw_text(value: bytes) -> str:
    """A value as text. Bytes that are no UTF-8 cannot be; the raw object keeps them as they came."""
    return value.decode("utf-8", "replace")
