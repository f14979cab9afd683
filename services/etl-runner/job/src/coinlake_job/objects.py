"""Raw objects to records: bytes in, plain rows out, whoever wrote the object."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from coinlake.contracts import headers
from coinlake.contracts.datasets import ELEMENTS
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_gzip import has_index
from coinlake.contracts.raw_index import RawFormatError, Record
from coinlake.contracts.raw_layout import parse_raw_key
from coinlake_job.answers import JudgedAnswer, read_answer
from coinlake_job.values import END_MS

USABLE, QUARANTINED, HEARTBEAT, UNREADABLE = "usable", "quarantined", "heartbeat", "unreadable"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class RawSource:
    """A raw object and the hour that it belongs to; `sha256` is what its metadata promises."""

    feed: str
    dt: str
    hour: str
    key: str
    etag: str
    sha256: str | None
    max_skew_ms: int


def rows_of(source: RawSource, body: bytes) -> Iterator[dict[str, Any]]:
    """One row per record, in the shape of `schemas.RECORD`; one row if nothing can be read."""
    try:
        if has_index(body[:16]):
            yield from _indexed(source, body)
        else:
            yield from _plain(source, body)
    except (RawFormatError, zlib.error, EOFError, OSError) as error:
        yield _unreadable(source, str(error))


def _indexed(source: RawSource, body: bytes) -> Iterator[dict[str, Any]]:
    decoded = decode(body)
    if source.sha256 is not None and source.sha256 != decoded.sha256:
        raise RawFormatError(0, f"content hash {decoded.sha256}, metadata says {source.sha256}")
    for record in decoded.records:
        yield _record_row(source, record)


def _plain(source: RawSource, body: bytes) -> Iterator[dict[str, Any]]:
    """Lines of another writer: no key, no time, no headers; the line number is the offset."""
    text = gzip.decompress(body) if body[:2] == _GZIP else body
    for number, line in enumerate(text.split(b"\n")):
        if line.strip():
            row = _record_row(source, Record(number, 0, None, line))
            yield row | {"epoch": None, "kafka_partition": None}


def _record_row(source: RawSource, record: Record) -> dict[str, Any]:
    key = parse_raw_key(source.key)
    told = headers.text_headers(record.headers)
    # Lines of another writer have no time; Kafka takes any number, timestamps do not.
    received_ms = record.timestamp_ms if 0 < record.timestamp_ms < END_MS else None
    row = _base(source) | {
        "epoch": None if key is None else key.epoch,
        "kafka_partition": None if key is None else key.partition,
        "kafka_offset": record.offset,
        "received_ts": None if received_ms is None else received_ms * 1000,
        "source": told.get(headers.SOURCE),
        "poll_id": told.get(headers.POLL_ID),
        "tick_id": told.get(headers.TICK_ID),
        "key": record.key,
    }
    if record.value is None:
        return row | {"state": HEARTBEAT, "tallies": [("records", 1), ("heartbeats", 1)]}
    answer = read_answer(source.feed, record.value, received_ms, source.max_skew_ms)
    return row | _answer_columns(source, record.value, answer)


def _answer_columns(source: RawSource, value: bytes, answer: JudgedAnswer) -> dict[str, Any]:
    state = USABLE if answer.reason is None else QUARANTINED
    outcome = "usable" if state == USABLE else "quarantined_records"
    return {
        "state": state,
        "sha256": hashlib.sha256(value).hexdigest(),
        "source_ts": None if answer.source_ms is None else answer.source_ms * 1000,
        "rule": answer.rule,
        "reason": answer.reason,
        # Bytes that are no UTF-8 cannot be text; the raw object keeps them as they came.
        "raw": None if state == USABLE else value.decode("utf-8", "replace"),
        "tallies": [("records", 1), (outcome, 1), *answer.tallies.items()],
        ELEMENTS[source.feed].table: [_micros(row) for row in answer.rows],
        "rejected": [
            {
                "table": rejected.table,
                "element_index": rejected.element_index,
                "rule": rejected.rule,
                "reason": rejected.reason,
                "raw": rejected.raw,
            }
            for rejected in answer.rejected
        ],
    }


def _micros(row: dict[str, Any]) -> dict[str, Any]:
    """Spark's timestamps are microseconds (Spark 3.5, TimestampType); contents are milliseconds."""
    row["extra"] = list(row["extra"].items())
    if row.get("updated_ts") is not None:
        row["updated_ts"] *= 1000
    return row


def _unreadable(source: RawSource, reason: str) -> dict[str, Any]:
    return _base(source) | {
        "state": UNREADABLE,
        "rule": "object",
        "reason": f"unreadable object: {reason}",
        "tallies": [(f"unreadable:{source.key}", 1)],
    }


def _base(source: RawSource) -> dict[str, Any]:
    key = parse_raw_key(source.key)
    parts = source.key.split("/")
    return {
        "feed": source.feed,
        "dt": source.dt,
        "hour": source.hour,
        "topic": key.topic if key is not None else parts[1] if len(parts) > 1 else None,
        "raw_object": source.key,
        "raw_etag": source.etag,
    }
