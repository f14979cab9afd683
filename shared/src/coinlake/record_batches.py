"""Record batches as brokers store them, in the words of the contract: whatever a broker accepts.

aiokafka reads almost all of them, fast. It gives up on a header whose name is no UTF-8, which
brokers take, and it unpacks a batch whole, however big it becomes: those are read byte by byte
(`batch_records`; aiokafka 0.14, record/default_records.py: _read_msg, _maybe_uncompress).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from coinlake.batch_records import (
    CODEC_BITS,
    HEAD,
    InMemory,
    Streamed,
    batch_head,
    records_of,
)
from coinlake.contracts.raw_columns import Columns, Record, columns_from, columns_of, joined
from coinlake.unpacking import CODECS, TooBigError, streamed, unpacked

_LENGTH_AT, _BEFORE_LENGTH = 8, 12
_MAGIC_AT, _WITH_HEADERS = 16, 2


@dataclass(frozen=True, slots=True)
class DecodedBatches:
    """What a fetch answer held: records, and the position behind them.

    `size` is what they took unpacked, in bytes. `is_whole` is False where the room was too small
    for the rest, which is to be asked for again.
    """

    records: Columns
    position: int
    size: int
    is_whole: bool = True


def columns_of_batches(
    data: bytes, position: int, left: int | None = None, room: int | None = None
) -> DecodedBatches:
    """The records of a fetch answer from a position on, as far as the room for them goes.

    `room` is all of it and `left` what others have left, bytes; None for no limit. The broker sends
    whole batches, so the first may start before the position, and the last may be cut. Markers of
    transactions take offsets but are no records. A batch that needs more than all the room is given
    record by record, at least one, where nobody else has taken any. Raises CorruptRecordException.
    """
    pieces: list[Columns] = []
    size = 0
    for batch in _batches(data):
        try:
            piece, after, taken = _read(batch, position, None if left is None else left - size)
        except TooBigError:
            if size or left is None or left != room:
                return DecodedBatches(joined(pieces), position, size, is_whole=False)
            return _by_record(batch, position, left)
        pieces.append(piece)
        position, size = max(position, after), size + taken
    return DecodedBatches(joined(pieces), position, size)


def _batches(data: bytes) -> Iterator[memoryview]:
    """The whole batches; what is left behind them is half of one."""
    view, at = memoryview(data), 0
    while at + _BEFORE_LENGTH <= len(view):
        (length,) = struct.unpack_from(">i", view, at + _LENGTH_AT)
        end = at + _BEFORE_LENGTH + length
        if length < 0 or end > len(view):
            return
        yield view[at:end]
        at = end


def _read(batch: memoryview, position: int, room: int | None) -> tuple[Columns, int, int]:
    """The records of one batch, the offset behind it and what it took. Raises TooBigError."""
    plain = bytes(batch)
    whole = MemoryRecords(plain).next_batch()
    if whole is None or not whole.validate_crc():
        raise CorruptRecordException(f"a batch at offset {position} fails its checksum")
    if whole.is_control_batch:
        return joined([]), whole.next_offset, 0
    readable = whole
    if batch[_MAGIC_AT] < _WITH_HEADERS:
        # Written before Kafka 0.11: since 4.0 no broker takes such (KIP-724), its log may have
        # some.
        return _columns(whole).starting_at(position), whole.next_offset, len(batch)
    head = batch_head(batch)
    if head.codec:
        plain = _without_compression(batch, head.codec, room)
        readable = MemoryRecords(plain).next_batch()
    elif room is not None and len(batch) > room:
        raise TooBigError
    try:
        records = _columns(readable)
    except (ValueError, LookupError, TypeError, AssertionError):
        # A header's name that is no text, mostly. What is really broken is told by reading it here.
        records = columns_of(records_of(head, InMemory(plain[HEAD.size :])))
    return records.starting_at(position), whole.next_offset, len(plain)


def _without_compression(batch: memoryview, codec: int, room: int | None) -> bytes:
    """The batch unpacked. Its checksum is of what came, so it says nothing of this."""
    body = unpacked(_codec(codec), batch[HEAD.size :], room)
    fields = list(HEAD.unpack_from(batch))
    fields[1] = HEAD.size - _BEFORE_LENGTH + len(body)
    fields[5] &= ~CODEC_BITS
    return b"".join((HEAD.pack(*fields), body))


def _by_record(batch: memoryview, position: int, room: int) -> DecodedBatches:
    """What of one batch fits, read from a stream: at least one record."""
    head = batch_head(batch)
    source = Streamed(streamed(_codec(head.codec), batch[HEAD.size :]))
    rows: list[Record] = []
    size = 0
    is_whole = True
    for record in records_of(head, source, position):
        rows.append(record)
        position = record.offset + 1
        size += _size(record)
        if size >= room:
            is_whole = position >= head.next_offset
            break
    else:
        position = max(position, head.next_offset)
    return DecodedBatches(columns_of(rows), position, size, is_whole)


def _size(record: Record) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    return len(record.value or b"") + len(record.key or b"") + headers


def _columns(batch: object) -> Columns:
    rows = list(batch)  # type: ignore[call-overload]
    first, last = (rows[0].offset, rows[-1].offset) if rows else (0, -1)
    # With a range for the offsets, no record but one with a key or a header costs an object here.
    is_whole = last - first == len(rows) - 1
    return columns_from(
        range(first, last + 1) if is_whole else [row.offset for row in rows],
        [row.timestamp for row in rows],
        [row.value for row in rows],
        [row.key for row in rows],
        [row.headers for row in rows],
    )


def _codec(number: int) -> str:
    try:
        return CODECS[number]
    except IndexError:
        raise CorruptRecordException(f"a batch of an unknown codec, {number}") from None
