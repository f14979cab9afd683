"""A reader of raw objects written from docs/reference/raw-format.md alone, with the standard library.

It shares no code with coinlake, so that the page, the writer and this reader can only agree if the
page says enough.
"""

import gzip
import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

NULL = 0xFFFFFFFF
HOLES, KEYS, HEADERS = 1, 2, 4


@dataclass(frozen=True)
class Row:
    """One record as Kafka had it."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True)
class RawFile:
    """A whole object; `sha256` is computed here, not taken from anywhere."""

    rows: tuple[Row, ...]
    sha256: str


class _Columns:
    """Walks over the index payload."""

    def __init__(self, payload: bytes) -> None:
        self._stream = io.BytesIO(payload)

    def take(self, length: int) -> bytes:
        taken = self._stream.read(length)
        assert len(taken) == length, "the index is too short"
        return taken

    def numbers(self, letter: str, count: int) -> tuple[int, ...]:
        layout = f"<{count}{letter}"
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def nullable(self, count: int) -> list[bytes | None]:
        lengths = self.numbers("I", count)
        return [None if length == NULL else self.take(length) for length in lengths]

    def end(self) -> None:
        assert not self._stream.read(), "something follows the index"


def read(body: bytes) -> RawFile:
    """All records of an object."""
    chunks, texts = zip(*_members(body), strict=True)
    stream, text = b"".join(chunks), b"".join(texts)
    assert text == gzip.decompress(body), "an ordinary gzip reader sees other lines"
    version, length = struct.unpack_from("<BI", stream)
    assert version == 1
    assert len(stream) == 5 + length
    payload = zlib.decompress(stream[5:])
    return RawFile(_rows(payload, text), hashlib.sha256(payload + text).hexdigest())


def _members(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(body):
        assert body[at : at + 10] == b"\x1f\x8b\x08\x04\0\0\0\0\0\xff"
        (extra,) = struct.unpack_from("<H", body, at + 10)
        name, size = struct.unpack_from("<2sH", body, at + 12)
        assert name == b"CL"
        assert size == extra - 4
        chunk = body[at + 16 : at + 16 + size]
        inflater = zlib.decompressobj(-15)
        data = inflater.decompress(body[at + 12 + extra :])
        at = len(body) - len(inflater.unused_data)
        assert struct.unpack_from("<II", body, at) == (zlib.crc32(data), len(data))
        at += 8
        yield chunk, data


def _rows(payload: bytes, text: bytes) -> tuple[Row, ...]:
    columns = _Columns(payload)
    (count,), (offset,), (flags,) = (columns.numbers(letter, 1) for letter in "IQB")
    assert count > 0
    assert flags < 8
    steps = columns.numbers("I", count) if flags & HOLES else (0, *[1] * (count - 1))
    times = columns.numbers("q", count)
    lengths = columns.numbers("I", count)
    keys = columns.nullable(count) if flags & KEYS else [None] * count
    headers = _headers(columns, count) if flags & HEADERS else [()] * count
    columns.end()
    rows, at = [], 0
    for number in range(count):
        offset += steps[number]
        value = None
        if lengths[number] != NULL:
            value = text[at : at + lengths[number]]
            at += lengths[number] + 1
            assert text[at - 1 : at] == b"\n"
        rows.append(Row(offset, times[number], keys[number], value, headers[number]))
    assert at == len(text), "lines that are not in the index"
    return tuple(rows)


def _headers(columns: _Columns, count: int) -> list[tuple[tuple[str, bytes | None], ...]]:
    (names,) = columns.numbers("I", 1)
    known = []
    for _ in range(names):
        (length,) = columns.numbers("I", 1)
        known.append(columns.take(length).decode("utf-8", "surrogatepass"))
    per_record = columns.numbers("I", count)
    total = sum(per_record)
    which = columns.numbers("I", total)
    pairs = zip((known[one] for one in which), columns.nullable(total), strict=True)
    return [tuple(next(pairs) for _ in range(number)) for number in per_record]
