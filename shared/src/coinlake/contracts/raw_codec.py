"""The raw object: an ordinary gzip file of JSON lines whose header carries the index.

Bytes in, bytes out. Every value is followed by one newline that belongs to the framing; a null
value adds nothing. The index (see `raw_index`) rides in the gzip extra field, subfield `CL`, of
the first member and, where it does not fit there, of further members that carry only index.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from coinlake.contracts.raw_columns import Columns, columns_of
from coinlake.contracts.raw_index import (
    IndexEntry,
    RawFormatError,
    Record,
    pack_index,
    unpack_index,
)

VERSION = 1
MAX_CHUNK_BYTES = 60 * 1024  # of the 64 KiB that an extra field holds
_SUBFIELD = b"CL"
_STREAM_HEAD = struct.Struct("<BI")
_FIXED = struct.Struct("<2sBBIBB")
_GZIP, _DEFLATE, _FEXTRA, _OS_UNKNOWN = b"\x1f\x8b", 8, 4, 255
# A gzip index of lies could announce anything; no batch of ours comes near this.
MAX_INDEX_BYTES = 256 * 1024 * 1024

# Lines are joined, hashed and compressed this many bytes at a time: they stay in the cache of a
# core, and an object needs no second copy of all its values.
_LINES_BYTES = 256 * 1024


class Compressor(Protocol):
    """A DEFLATE stream, as zlib and those that are faster give it."""

    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Deflate:
    """How lines are packed. `stream` opens raw DEFLATE (no header, no trailer)."""

    stream: Callable[[], Compressor]
    crc32: Callable[[bytes, int], int]


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoded object: the gzip bytes, and the hash over index and lines."""

    body: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded object: its records, and the hash over index and lines."""

    records: tuple[Record, ...]
    sha256: str


def _zlib_stream() -> Compressor:
    return zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)


STANDARD = Deflate(_zlib_stream, zlib.crc32)
"""The standard library's; a service may pass a faster one."""


def encode(records: Sequence[Record], deflate: Deflate = STANDARD) -> Encoded:
    """Encode records of one partition in rising offset order; at least one record.

    The hash depends on the records only, never on the compressor.
    """
    columns = columns_of(records)
    index = pack_index(columns)
    # Level 6 would cost a fifth of what the lines cost, for a hundredth of the size.
    packed = zlib.compress(index, 1)
    stream = _STREAM_HEAD.pack(VERSION, len(packed)) + packed
    chunks = [
        stream[at : at + MAX_CHUNK_BYTES] for at in range(0, len(stream), MAX_CHUNK_BYTES)
    ]
    digest = hashlib.sha256(index)
    pieces = _member(chunks[0], _lines(columns), deflate, digest.update)
    # Index-only members come last: a reader that stops after the first has read all lines.
    for chunk in chunks[1:]:
        pieces += _member(chunk, iter(()), deflate, digest.update)
    return Encoded(b"".join(pieces), digest.hexdigest())


def content_sha256(records: Sequence[Record]) -> str:
    """The hash that `encode` gives for these records, without compressing them."""
    columns = columns_of(records)
    digest = hashlib.sha256(pack_index(columns))
    for lines in _lines(columns):
        digest.update(lines)
    return digest.hexdigest()


def decode(body: bytes) -> Decoded:
    """Decode an object of ours. Raises RawFormatError that names the position."""
    chunks: list[bytes] = []
    lines: list[bytes] = []
    position = 0
    while position < len(body):
        chunk, data, position = _read_member(body, position)
        chunks.append(chunk)
        lines.append(data)
    stream, text = b"".join(chunks), b"".join(lines)
    if not stream:
        raise RawFormatError(0, "no index: not written by coinlake")
    index = _unpack_stream(stream)
    return Decoded(tuple(_join(unpack_index(index), text)), _hash(index, text))


def has_index(head: bytes) -> bool:
    """Whether the first bytes of an object (at least 16) announce an index of ours."""
    return (
        len(head) >= 16
        and head[:2] == _GZIP
        and bool(head[3] & _FEXTRA)
        and head[12:14] == _SUBFIELD
    )


def _lines(columns: Columns) -> Iterator[bytes]:
    """Whole lines, about `_LINES_BYTES` at a time."""
    values = columns.values
    step = max(1, _LINES_BYTES * len(values) // (columns.value_bytes + 1))
    for at in range(0, len(values), step):
        present = [value for value in values[at : at + step] if value is not None]
        if present:
            # An empty piece at the end gives the last line its newline too.
            yield b"\n".join((*present, b""))


def _hash(index: bytes, lines: bytes) -> str:
    digest = hashlib.sha256(index)
    digest.update(lines)
    return digest.hexdigest()


def _member(
    chunk: bytes, lines: Iterator[bytes], deflate: Deflate, hear: Callable[[bytes], None]
) -> list[bytes]:
    """The pieces of a gzip member; `hear` is told the lines as they pass."""
    subfield = _SUBFIELD + struct.pack("<H", len(chunk)) + chunk
    head = _FIXED.pack(_GZIP, _DEFLATE, _FEXTRA, 0, 0, _OS_UNKNOWN)
    pieces = [head, struct.pack("<H", len(subfield)), subfield]
    stream, crc, size = deflate.stream(), 0, 0
    for data in lines:
        hear(data)
        crc = deflate.crc32(data, crc)
        size += len(data)
        pieces.append(stream.compress(data))
    pieces.append(stream.flush())
    pieces.append(struct.pack("<II", crc, size & 0xFFFFFFFF))
    return pieces


def _read_member(body: bytes, start: int) -> tuple[bytes, bytes, int]:
    """The index chunk, the data and the end of the gzip member that starts at `start`."""
    if len(body) < start + 12:
        raise RawFormatError(start, "truncated gzip header")
    magic, method, flags, *_ = _FIXED.unpack_from(body, start)
    if magic != _GZIP or method != _DEFLATE:
        raise RawFormatError(start, "not a gzip member")
    if flags != _FEXTRA:
        raise RawFormatError(start + 3, "no index: not written by coinlake")
    (extra_length,) = struct.unpack_from("<H", body, start + 10)
    data_start = start + 12 + extra_length
    chunk = _subfield(body[start + 12 : data_start], start + 12)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(body[data_start:]) + inflater.flush()
    except zlib.error as error:
        raise RawFormatError(data_start, f"broken deflate stream: {error}") from error
    end = len(body) - len(inflater.unused_data) + 8
    if not inflater.eof or end > len(body):
        raise RawFormatError(len(body), "truncated gzip member")
    if struct.unpack_from("<II", body, end - 8) != (zlib.crc32(data), len(data) & 0xFFFFFFFF):
        raise RawFormatError(end - 8, "gzip checksum does not match")
    return chunk, data, end


def _subfield(extra: bytes, position: int) -> bytes:
    at = 0
    while at + 4 <= len(extra):
        (length,) = struct.unpack_from("<H", extra, at + 2)
        if extra[at : at + 2] == _SUBFIELD and at + 4 + length <= len(extra):
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    raise RawFormatError(position, "no index: not written by coinlake")


def _unpack_stream(stream: bytes) -> bytes:
    if len(stream) < _STREAM_HEAD.size:
        raise RawFormatError(0, "truncated index")
    version, length = _STREAM_HEAD.unpack_from(stream)
    if version != VERSION:
        raise RawFormatError(0, f"index version {version}, this reader knows {VERSION}")
    if len(stream) - _STREAM_HEAD.size != length:
        raise RawFormatError(0, "truncated index")
    inflater = zlib.decompressobj()
    try:
        index = inflater.decompress(stream[_STREAM_HEAD.size :], MAX_INDEX_BYTES)
    except zlib.error as error:
        raise RawFormatError(0, f"broken index: {error}") from error
    if not inflater.eof:
        raise RawFormatError(0, "truncated or oversized index")
    return index


def _join(entries: Sequence[IndexEntry], text: bytes) -> list[Record]:
    records = []
    at = 0
    for entry in entries:
        value = None
        if entry.length is not None:
            value = text[at : at + entry.length]
            at += entry.length + 1
            if text[at - 1 : at] != b"\n":
                raise RawFormatError(
                    at, f"offset {entry.offset} does not end where the index says"
                )
        records.append(
            Record(entry.offset, entry.timestamp_ms, entry.key, value, entry.headers)
        )
    if at != len(text):
        raise RawFormatError(at, "lines that the index does not know")
    return records
