"""Record batches as brokers store them, in the words of the contract: whatever a broker accepts.

aiokafka reads almost all of them, fast. It gives up on a header whose name is no UTF-8, which
brokers take, and it unpacks a batch whole, however big it becomes: those are read here, byte by
byte. The layout is that of Kafka's documentation, "Message Format", record batch version 2.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from coinlake.contracts.headers import Header
from coinlake.contracts.raw_columns import Columns, Record, columns_from, columns_of, joined
from coinlake.unpacking import CODECS, TooBigError, streamed, unpacked

# base offset, length, leader epoch, magic, CRC, attributes, last offset delta, base and highest
# timestamp, producer's id, epoch and sequence, count
_HEAD = struct.Struct(">qiibIhiqqqhii")
_LENGTH_AT, _BEFORE_LENGTH = 8, 12
_MAGIC_AT, _WITH_HEADERS = 16, 2
_CODEC, _LOG_APPEND_TIME, _CONTROL = 0b111, 0b1000, 0b100000


@dataclass(frozen=True, slots=True)
class Decoded:
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
) -> Decoded:
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
                return Decoded(joined(pieces), position, size, is_whole=False)
            return _by_record(batch, position, left)
        pieces.append(piece)
        position, size = max(position, after), size + taken
    return Decoded(joined(pieces), position, size)


def header_name(name: bytes) -> str:
    """A header's name, which Kafka takes as any bytes: what is no UTF-8 becomes lone surrogates.

    No text of UTF-8 has such, so each name is another text, and `header_name_bytes` brings it back
    (Python's `surrogateescape`, PEP 383).
    """
    return name.decode("utf-8", "surrogateescape")


def header_name_bytes(name: str) -> bytes:
    """The other way round."""
    return name.encode("utf-8", "surrogateescape")


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
        # Written before Kafka 0.11: no broker of today takes such, but its log may still have some.
        return _columns(whole).starting_at(position), whole.next_offset, len(batch)
    head = _head(batch)
    if head.codec:
        plain = _without_compression(batch, head.codec, room)
        readable = MemoryRecords(plain).next_batch()
    elif room is not None and len(batch) > room:
        raise TooBigError
    try:
        records = _columns(readable)
    except (ValueError, LookupError, TypeError, AssertionError):
        # A header's name that is no text, mostly. What is really broken is told by reading it here.
        records = columns_of(_records(head, _InMemory(plain[_HEAD.size :])))
    return records.starting_at(position), whole.next_offset, len(plain)


def _without_compression(batch: memoryview, codec: int, room: int | None) -> bytes:
    """The batch unpacked. Its checksum is of what came, so it says nothing of this."""
    body = unpacked(_codec(codec), batch[_HEAD.size :], room)
    fields = list(_HEAD.unpack_from(batch))
    fields[1] = _HEAD.size - _BEFORE_LENGTH + len(body)
    fields[5] &= ~_CODEC
    return b"".join((_HEAD.pack(*fields), body))


def _by_record(batch: memoryview, position: int, room: int) -> Decoded:
    """What of one batch fits, read from a stream: at least one record."""
    head = _head(batch)
    source = _Streamed(streamed(_codec(head.codec), batch[_HEAD.size :]))
    rows: list[Record] = []
    size = 0
    is_whole = True
    for record in _records(head, source, position):
        rows.append(record)
        position = record.offset + 1
        size += _size(record)
        if size >= room:
            is_whole = position >= head.next_offset
            break
    else:
        position = max(position, head.next_offset)
    return Decoded(columns_of(rows), position, size, is_whole)


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


@dataclass(frozen=True, slots=True)
class _Head:
    """What a batch says of all its records."""

    base_offset: int
    attributes: int
    last_delta: int
    base_timestamp_ms: int
    max_timestamp_ms: int
    count: int

    @property
    def codec(self) -> int:
        return self.attributes & _CODEC

    @property
    def next_offset(self) -> int:
        return self.base_offset + self.last_delta + 1

    def timestamp_ms(self, delta: int) -> int:
        appended = self.attributes & _LOG_APPEND_TIME
        return self.max_timestamp_ms if appended else self.base_timestamp_ms + delta


def _head(batch: bytes | memoryview) -> _Head:
    base, _, _, _, _, attributes, last, first_ms, max_ms, *_, count = _HEAD.unpack_from(batch)
    return _Head(base, attributes, last, first_ms, max_ms, count)


# One record after the other.


class _InMemory:
    """Bytes that are here."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) != size:
            raise CorruptRecordException("a batch ends inside a record")
        self._at += size
        return taken

    def skip(self, size: int) -> None:
        self._at += size


class _Streamed:
    """Bytes that are unpacked as they are asked for."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = memoryview(b"")

    def take(self, size: int) -> bytes:
        if size <= len(self._piece):
            taken = bytes(self._piece[:size])
            self._piece = self._piece[size:]
            return taken
        # It gives its one buffer away at the end: a big value is here once, not twice.
        whole = BytesIO()
        for part in self._through(size):
            whole.write(part)
        return whole.getvalue()

    def skip(self, size: int) -> None:
        for _ in self._through(size):
            pass

    def _through(self, size: int) -> Iterator[memoryview]:
        while size:
            if not self._piece:
                following = next(self._pieces, None)
                if following is None:
                    raise CorruptRecordException("a batch ends inside a record")
                self._piece = memoryview(following)
            part = self._piece[:size]
            self._piece = self._piece[len(part) :]
            size -= len(part)
            yield part


_Source = _InMemory | _Streamed


def _records(head: _Head, source: _Source, position: int = 0) -> Iterator[Record]:
    """The records from a position on."""
    for _ in range(head.count):
        length = _varint(source)
        body = _Counted(source)
        body.take(1)  # attributes: none are defined
        timestamp_ms = head.timestamp_ms(_varint(body))
        offset = head.base_offset + _varint(body)
        if offset < position:
            source.skip(length - body.taken)
            continue
        key, value = _nullable(body), _nullable(body)
        headers = tuple(_header(body) for _ in range(_varint(body)))
        if body.taken != length:
            raise CorruptRecordException(f"the record at {offset} is not as long as it says")
        yield Record(offset, timestamp_ms, key, value, headers)


class _Counted:
    """A source that tells how much of it was taken."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self.taken = 0

    def take(self, size: int) -> bytes:
        self.taken += size
        return self._source.take(size)


def _header(body: _Counted) -> Header:
    name = _nullable(body)
    if name is None:
        raise CorruptRecordException("a header without a name")
    return header_name(name), _nullable(body)


def _nullable(body: _Counted) -> bytes | None:
    length = _varint(body)
    return None if length < 0 else body.take(length)


def _varint(source: "_Source | _Counted") -> int:
    """A number of up to 64 bits in groups of seven, the sign in the lowest bit (zigzag)."""
    number = shift = 0
    while True:
        byte = source.take(1)[0]
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return (number >> 1) ^ -(number & 1)
        shift += 7
        if shift > 63:
            raise CorruptRecordException("a number of more than 64 bits")
