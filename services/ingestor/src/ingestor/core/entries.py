"""What the journal holds: entries, their bytes, and the frames that tell a torn tail.

A frame is `<length u32><crc32 u32><payload>`, little endian; a payload is
`<length of the head u32><head, JSON><value>`. The head's `kind` names the entry.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from coinlake.contracts.headers import Header
from coinlake.errors import BadRecordError
from ingestor.core.schedule import Tick

_FRAME = struct.Struct("<II")
_HEAD = struct.Struct("<I")
FRAME_BYTES = _FRAME.size
# No answer comes near this; a length beyond it is damage, not a reason to ask for memory.
MAX_PAYLOAD_BYTES = 64 * 1024 * 1024


class Outcome(StrEnum):
    """What became of a tick."""

    PLANNED = "planned"
    USABLE = "usable"
    REJECTED = "rejected"
    FAILED = "failed"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class TickMark:
    """One outcome of one tick of one page. `count`: ticks that it stands for."""

    feed: str
    page: str
    tick: Tick
    outcome: Outcome
    count: int = 1


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record on its way to Kafka, exactly as it will be sent, again after a crash too."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[Header, ...]
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """A record with its place in the order of sending, and the tick that it answers."""

    seq: int
    record: Outgoing
    mark: TickMark


@dataclass(frozen=True, slots=True)
class MarkEntry:
    """A tick that left no record behind: planned, or failed without a body."""

    mark: TickMark


@dataclass(frozen=True, slots=True)
class SentEntry:
    """Kafka has the record `seq` and all before it."""

    seq: int


@dataclass(frozen=True, slots=True)
class FloorEntry:
    """No later record will have a timestamp below this: a heartbeat promises it."""

    floor_ms: int


@dataclass(frozen=True, slots=True)
class SnapshotEntry:
    """The state so far, first in each segment, so that older segments may go."""

    state: Mapping[str, Any]


Entry = RecordEntry | MarkEntry | SentEntry | FloorEntry | SnapshotEntry


def frame(payload: bytes) -> bytes:
    """A payload with its length and checksum in front."""
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Position and payload of each whole frame; ends before the first one that is damaged.

    The position after the last payload is where the good bytes end.
    """
    at = 0
    while at + FRAME_BYTES <= len(data):
        length, checksum = _FRAME.unpack_from(data, at)
        payload = data[at + FRAME_BYTES : at + FRAME_BYTES + length]
        torn = length > MAX_PAYLOAD_BYTES or len(payload) < length
        if torn or not length or zlib.crc32(payload) != checksum:
            return
        yield at, payload
        at += FRAME_BYTES + length


def encode(entry: Entry) -> bytes:
    """The payload of an entry."""
    head, value = _head(entry)
    packed = orjson.dumps(head)
    return _HEAD.pack(len(packed)) + packed + value


def decode(payload: bytes) -> Entry:
    """The entry of a payload. Raises BadRecordError for one that no version of ours wrote."""
    try:
        (length,) = _HEAD.unpack_from(payload)
        head = orjson.loads(payload[_HEAD.size : _HEAD.size + length])
        return _entry(head, payload[_HEAD.size + length :])
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise BadRecordError(f"journal entry that cannot be read: {error!r}") from error


def _head(entry: Entry) -> tuple[dict[str, Any], bytes]:
    match entry:
        case RecordEntry(seq, record, mark):
            return {
                "kind": "record",
                "seq": seq,
                "topic": record.topic,
                "key": record.key.decode(),
                "headers": [
                    (name, None if value is None else value.decode())
                    for name, value in record.headers
                ],
                "timestamp_ms": record.timestamp_ms,
                "mark": _packed(mark),
            }, record.value
        case MarkEntry(mark):
            return {"kind": "mark", "mark": _packed(mark)}, b""
        case SentEntry(seq):
            return {"kind": "sent", "seq": seq}, b""
        case FloorEntry(floor_ms):
            return {"kind": "floor", "floor_ms": floor_ms}, b""
        case SnapshotEntry(state):
            return {"kind": "snapshot", "state": dict(state)}, b""


def _entry(head: dict[str, Any], value: bytes) -> Entry:
    match head["kind"]:
        case "record":
            headers = tuple(
                (name, None if text is None else text.encode())
                for name, text in head["headers"]
            )
            record = Outgoing(
                head["topic"], head["key"].encode(), value, headers, head["timestamp_ms"]
            )
            return RecordEntry(head["seq"], record, _unpacked(head["mark"]))
        case "mark":
            return MarkEntry(_unpacked(head["mark"]))
        case "sent":
            return SentEntry(head["seq"])
        case "floor":
            return FloorEntry(head["floor_ms"])
        case "snapshot":
            return SnapshotEntry(head["state"])
        case kind:
            raise ValueError(f"unknown kind {kind!r}")


def _packed(mark: TickMark) -> list[Any]:
    tick = mark.tick
    return [mark.feed, mark.page, tick.due_ms, tick.interval_ms, mark.outcome, mark.count]


def _unpacked(packed: list[Any]) -> TickMark:
    feed, page, due_ms, interval_ms, outcome, count = packed
    return TickMark(feed, page, Tick(due_ms, interval_ms), Outcome(outcome), count)
