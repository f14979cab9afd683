"""The raw object: an ordinary gzip file of JSON lines whose header carries the index.

Bytes in, bytes out. Every value is followed by one newline that belongs to the framing; a null
value adds nothing. The index (see `raw_index`) rides in the gzip extra field (see `raw_gzip`) of
the first member and, where it does not fit there, of further members that carry only index.
"""

import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from coinlake.contracts.raw_columns import Columns, columns_of
from coinlake.contracts.raw_gzip import (
    MAX_CHUNK_BYTES,
    STANDARD,
    STANDARD_INFLATE,
    Deflate,
    Inflate,
    member,
    walk,
)
from coinlake.contracts.raw_index import (
    IndexEntry,
    RawFormatError,
    Record,
    pack_index,
    unpack_index,
)

VERSION = 1
_STREAM_HEAD = struct.Struct("<BI")
# A gzip index of lies could announce anything; no batch of ours comes near this.
MAX_INDEX_BYTES = 256 * 1024 * 1024

# Lines are joined, hashed and compressed this many bytes at a time: they stay in the cache of a
# core, and an object needs no second copy of all its values.
_LINES_BYTES = 256 * 1024
# Lines are read in pieces of this size where an object must not be there as a whole.
_PIECE_BYTES = 1024 * 1024


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


@dataclass(frozen=True, slots=True)
class Ending:
    """What tells an object from all others: its first and last offset, and two hashes.

    `last_sha256` is the hash that an object of the last record alone would have.
    """

    first_offset: int
    last_offset: int
    last_sha256: str
    sha256: str


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
    pieces = member(chunks[0], _lines(columns), deflate, digest.update)
    # Index-only members come last: a reader that stops after the first has read all lines.
    for chunk in chunks[1:]:
        pieces += member(chunk, iter(()), deflate, digest.update)
    return Encoded(b"".join(pieces), digest.hexdigest())


def content_sha256(records: Sequence[Record]) -> str:
    """The hash that `encode` gives for these records, without compressing them."""
    columns = columns_of(records)
    digest = hashlib.sha256(pack_index(columns))
    for lines in _lines(columns):
        digest.update(lines)
    return digest.hexdigest()


def decode(body: bytes, inflate: Inflate = STANDARD_INFLATE) -> Decoded:
    """Decode an object of ours. Raises RawFormatError that names the position."""
    chunks: list[bytes] = []
    lines: list[bytes] = []
    for is_index, data in walk(body, inflate=inflate):
        (chunks if is_index else lines).append(data)
    stream, text = b"".join(chunks), b"".join(lines)
    index = _unpack_stream(stream)
    return Decoded(tuple(_join(unpack_index(index), text)), _hash(index, text))


def ending(body: bytes) -> Ending:
    """The ending of an object of ours, in the memory of its index and of its last record.

    Raises RawFormatError that names the position.
    """
    chunks, size = [], 0
    for is_index, data in walk(body, _PIECE_BYTES):
        if is_index:
            chunks.append(data)
        else:
            size += len(data)
    index = _unpack_stream(b"".join(chunks))
    entries = unpack_index(index)
    told = sum(one.length + 1 for one in entries if one.length is not None)
    if told != size:
        raise RawFormatError(size, f"{size} bytes of lines, the index says {told}")
    final = entries[-1]
    digest = hashlib.sha256(index)
    value = _last_value(body, size, final.length, digest.update)
    last = Record(final.offset, final.timestamp_ms, final.key, value, final.headers)
    return Ending(entries[0].offset, last.offset, content_sha256([last]), digest.hexdigest())


def _last_value(
    body: bytes, size: int, length: int | None, hear: Callable[[bytes], None]
) -> bytes | None:
    """The last `length` bytes before the last newline of `size` bytes of lines; all are heard."""
    start, stop = size - (length or 0) - 1, size - 1
    at, kept = 0, io.BytesIO()
    for is_index, data in walk(body, _PIECE_BYTES):
        if not is_index:
            hear(data)
            kept.write(memoryview(data)[max(0, start - at) : max(0, stop - at)])
            at += len(data)
    return None if length is None else kept.getvalue()


def _lines(columns: Columns) -> Iterator[bytes | memoryview]:
    """The lines, about `_LINES_BYTES` at a time."""
    values = columns.values
    step = max(1, _LINES_BYTES * len(values) // (columns.value_bytes + 1))
    for at in range(0, len(values), step):
        present = [value for value in values[at : at + step] if value is not None]
        if len(present) == 1 and len(present[0]) > _LINES_BYTES:
            # As it lies there: a joined line would be a second copy of a big value.
            whole = memoryview(present[0])
            yield from (
                whole[at : at + _LINES_BYTES] for at in range(0, len(whole), _LINES_BYTES)
            )
            yield b"\n"
        elif present:
            # An empty piece at the end gives the last line its newline too.
            yield b"\n".join((*present, b""))


def _hash(index: bytes, lines: bytes) -> str:
    digest = hashlib.sha256(index)
    digest.update(lines)
    return digest.hexdigest()


def _unpack_stream(stream: bytes) -> bytes:
    if not stream:
        raise RawFormatError(0, "no index: not written by coinlake")
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
        raise RawFormatError(at, "lines that are not in the index")
    return records
