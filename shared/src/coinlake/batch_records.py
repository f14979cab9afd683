"""The records of one batch, read byte by byte: where aiokafka gives up, or unpacks too much at once.

The layout is that of Kafka's documentation, "Message Format", record batch version 2.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from aiokafka.errors import CorruptRecordException

from coinlake.contracts.headers import Header
from coinlake.contracts.raw_columns import Record

# base offset, length, leader epoch, magic, CRC, attributes, last offset delta, base and highest
# timestamp, producer's id, epoch and sequence, count
HEAD = struct.Struct(">qiibIhiqqqhii")
CODEC_BITS = 0b111
_LOG_APPEND_TIME = 0b1000


def header_name(name: bytes) -> str:
    """A header's name, which Kafka takes as any bytes: what is no UTF-8 becomes lone surrogates.

    No text of UTF-8 has such, so each name is another text, and `header_name_bytes` brings it back
    (Python's `surrogateescape`, PEP 383).
    """
    return name.decode("utf-8", "surrogateescape")


def header_name_bytes(name: str) -> bytes:
    """The other way round."""
    return name.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class BatchHead:
    """What a batch says of all its records."""

    base_offset: int
    attributes: int
    last_delta: int
    base_timestamp_ms: int
    max_timestamp_ms: int
    count: int

    @property
    def codec(self) -> int:
        return self.attributes & CODEC_BITS

    @property
    def next_offset(self) -> int:
        return self.base_offset + self.last_delta + 1

    def timestamp_ms(self, delta: int) -> int:
        appended = self.attributes & _LOG_APPEND_TIME
        return self.max_timestamp_ms if appended else self.base_timestamp_ms + delta


def batch_head(batch: bytes | memoryview) -> BatchHead:
    base, _, _, _, _, attributes, last, first_ms, max_ms, *_, count = HEAD.unpack_from(batch)
    return BatchHead(base, attributes, last, first_ms, max_ms, count)


class InMemory:
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


class Streamed:
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


_Source = InMemory | Streamed


def records_of(head: BatchHead, source: _Source, position: int = 0) -> Iterator[Record]:
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
