"""What the journal holds: entries and the bytes of a file, which holds one of them.

A file is a line that names the format, then a frame `<length u32><crc32 u32><payload>`, little
endian; a payload is `<length of the head u32><head, JSON><value>`. The head's `kind` names the
entry; `number` and `state` are the file's number and the state before its entry.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import orjson

from coinlake.contracts.headers import RECEIVED_AT, REQUESTED_AT, Header
from coinlake.errors import BadRecordError
from ingestor.core.schedule import Tick

_FRAME = struct.Struct("<II")
_HEAD = struct.Struct("<I")
FRAME_BYTES = _FRAME.size
_FORMAT = b"coinlake journal "
_FIRST_LINE = _FORMAT + b"2\n"
# No answer comes near this; a length beyond it is damage, not a reason to ask for memory.
MAX_PAYLOAD_BYTES = 64 * 1024 * 1024


class TickOutcome(StrEnum):
    """What became of a tick."""

    PLANNED = "planned"
    USABLE = "usable"
    REJECTED = "rejected"
    FAILED = "failed"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class TickMark:
    """One outcome of one tick of one page. `count`: ticks that it stands for.

    What nobody had planned has no `tick`: a frame that was pushed, an answer filled in later.
    """

    feed: str
    page: str
    tick: Tick | None
    outcome: TickOutcome
    count: int = 1


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record on its way to Kafka, exactly as it will be sent, again after a crash too."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[Header, ...]
    timestamp_ms: int

    def restamped(self, timestamp_ms: int) -> "Outgoing":
        """The record with another time, in its headers too; what lies between them stays."""
        by_ms = timestamp_ms - self.timestamp_ms
        headers = tuple(
            (name, b"%d" % (int(value) + by_ms))
            if name in (REQUESTED_AT, RECEIVED_AT) and value is not None
            else (name, value)
            for name, value in self.headers
        )
        return replace(self, headers=headers, timestamp_ms=timestamp_ms)


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """A record on its way to Kafka, and the tick that it answers."""

    record: Outgoing
    mark: TickMark


@dataclass(frozen=True, slots=True)
class MarkEntry:
    """A tick that left no record behind: planned, or failed without a body."""

    mark: TickMark


@dataclass(frozen=True, slots=True)
class FloorEntry:
    """No later record will have a timestamp below this: a heartbeat says so.

    `is_taken_back`: a higher one that nobody heard holds no longer.
    """

    floor_ms: int
    is_taken_back: bool = False


Entry = RecordEntry | MarkEntry | FloorEntry


@dataclass(frozen=True, slots=True)
class Filed:
    """What one file of the journal holds: its number, the state before its entry, the entry."""

    number: int
    state: Mapping[str, Any]
    entry: Entry


def pack(filed: Filed) -> bytes:
    """The bytes of a file."""
    head, value = _head(filed.entry)
    head |= {"number": filed.number, "state": dict(filed.state)}
    packed = orjson.dumps(head)
    return _FIRST_LINE + frame(_HEAD.pack(len(packed)) + packed + value)


def unpack(data: bytes) -> Filed:
    """What a file holds. Raises BadRecordError for anything but the bytes of one whole file."""
    if not data.startswith(_FIRST_LINE):
        raise BadRecordError(_no_format(data))
    body = data[len(_FIRST_LINE) :]
    payload = frame_at(body, 0)
    if payload is None or len(payload) + FRAME_BYTES != len(body):
        raise BadRecordError("its checksum is wrong")
    head, value = split(payload)
    try:
        return Filed(head["number"], head["state"], _entry(head, value))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRecordError(f"an unreadable entry: {error!r}") from error


def _no_format(data: bytes) -> str:
    first = data[: len(_FIRST_LINE) + 4].partition(b"\n")[0]
    if first.startswith(_FORMAT) and first[len(_FORMAT) :].isdigit():
        return f"written by another version: format {first[len(_FORMAT) :].decode()}"
    return "not a journal file"


def frame(payload: bytes) -> bytes:
    """A payload with its length and checksum in front."""
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def frame_at(data: bytes, at: int) -> bytes | None:
    """The payload of the frame that begins here; None where no sound one does."""
    if at + FRAME_BYTES > len(data):
        return None
    length, checksum = _FRAME.unpack_from(data, at)
    end = at + FRAME_BYTES + length
    if not 0 < length <= MAX_PAYLOAD_BYTES or end > len(data):
        return None
    payload = data[at + FRAME_BYTES : end]
    return payload if zlib.crc32(payload) == checksum else None


def next_frame(data: bytes, at: int) -> tuple[int, bytes] | None:
    """Place and payload of the first sound frame from here on; None where there is none."""
    for start in range(at, len(data) - FRAME_BYTES + 1):
        if (payload := frame_at(data, start)) is not None:
            return start, payload
    return None


def split(payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Head and value of a payload. Raises BadRecordError."""
    try:
        (length,) = _HEAD.unpack_from(payload)
        head = orjson.loads(payload[_HEAD.size : _HEAD.size + length])
    except (struct.error, ValueError) as error:
        raise BadRecordError(f"an unreadable entry: {error!r}") from error
    if not isinstance(head, dict):
        raise BadRecordError("an unreadable entry: its head is not an object")
    return head, payload[_HEAD.size + length :]


def _head(entry: Entry) -> tuple[dict[str, Any], bytes]:
    match entry:
        case RecordEntry(record, mark):
            return {
                "kind": "record",
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
        case FloorEntry(floor_ms, is_taken_back):
            head = {"kind": "floor", "floor_ms": floor_ms}
            # Beside the others: the versions before read the entry, and keep the higher one.
            return (head | {"taken_back": True} if is_taken_back else head), b""


def _entry(head: dict[str, Any], value: bytes) -> Entry:
    match head["kind"]:
        case "record":
            return RecordEntry(outgoing(head, value), tick_mark(head["mark"]))
        case "mark":
            return MarkEntry(tick_mark(head["mark"]))
        case "floor":
            return FloorEntry(head["floor_ms"], head.get("taken_back", False))
        case kind:
            raise ValueError(f"unknown kind {kind!r}")


def outgoing(head: dict[str, Any], value: bytes) -> Outgoing:
    """The record that a head describes."""
    headers = tuple(
        (name, None if text is None else text.encode()) for name, text in head["headers"]
    )
    return Outgoing(head["topic"], head["key"].encode(), value, headers, head["timestamp_ms"])


def _packed(mark: TickMark) -> list[Any]:
    due_ms, interval_ms = (
        (None, None) if mark.tick is None else (mark.tick.due_ms, mark.tick.interval_ms)
    )
    return [mark.feed, mark.page, due_ms, interval_ms, mark.outcome, mark.count]


def tick_mark(packed: list[Any]) -> TickMark:
    """The mark that a head holds."""
    feed, page, due_ms, interval_ms, outcome, count = packed
    tick = None if due_ms is None else Tick(due_ms, interval_ms)
    return TickMark(feed, page, tick, TickOutcome(outcome), count)
