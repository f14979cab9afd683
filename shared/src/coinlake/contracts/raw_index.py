"""The index of a raw object: what Kafka knew of each record, as a few packed columns.

The payload is columnar so that a writer packs thousands of records with a handful of calls:

    u32  count
    u64  offset of the first record
    u8   flags: 1 offsets have holes, 2 some record has a key, 4 some record has headers
    u32 x count   distance to the offset before                      (flag 1)
    i64 x count   timestamp, ms since the epoch
    u32 x count   length of the value in bytes; NULL for a null value
    u32 x count, bytes   key lengths (NULL for none), then all keys   (flag 2)
    u32 names, (u32, bytes) each; u32 x count   headers per record;
    u32 x total   name; u32 x total   value length (NULL for null); bytes   (flag 4)

All numbers are little-endian. The stream in the gzip headers is `u8 version, u32 length` and
the payload compressed with zlib.
"""

import itertools
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from coinlake.contracts.headers import Header
from coinlake.contracts.raw_columns import NULL, Record, columns_of

__all__ = ["NULL", "IndexEntry", "RawFormatError", "Record", "pack_index", "unpack_index"]
_HOLES, _KEYS, _HEADERS = 1, 2, 4
_HEAD = struct.Struct("<IQB")


class RawFormatError(ValueError):
    """The bytes are no raw object of ours. `position` is the byte at which that shows."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"at byte {position}: {reason}")
        self.position = position
        self.reason = reason


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A record without its value; `length` is the value's, None for a null value."""

    offset: int
    timestamp_ms: int
    length: int | None
    key: bytes | None
    headers: tuple[Header, ...]


def pack_index(records: Sequence[Record]) -> bytes:
    """The index payload of records in rising offset order; at least one record."""
    columns = columns_of(records)
    count, offsets = len(columns), columns.offsets
    holes = offsets[-1] - offsets[0] != count - 1
    has_keys, has_headers = columns.keys is not None, columns.headers is not None
    flags = holes * _HOLES | has_keys * _KEYS | has_headers * _HEADERS
    packed = [_HEAD.pack(count, offsets[0], flags)]
    if holes:
        packed.append(_u32([0, *(b - a for a, b in itertools.pairwise(offsets))]))
    packed.append(struct.pack(f"<{count}q", *columns.timestamps_ms))
    packed.append(_u32(columns.lengths))
    if columns.keys is not None:
        packed.extend(_nullable(columns.keys))
    if columns.headers is not None:
        packed.extend(_pack_headers(columns.headers))
    return b"".join(packed)


def unpack_index(payload: bytes) -> list[IndexEntry]:
    """Read an index payload back. Raises RawFormatError with the position in the payload."""
    reader = _Reader(payload)
    count, first, flags = reader.unpack(_HEAD.format, _HEAD.size)
    if count == 0 or flags & ~(_HOLES | _KEYS | _HEADERS):
        raise RawFormatError(0, f"index of {count} records with flags {flags}")
    distances = reader.u32(count) if flags & _HOLES else None
    timestamps = reader.unpack(f"<{count}q", 8 * count)
    lengths = reader.u32(count)
    # Only now is the count proven by bytes: a lie must not make billions of offsets.
    offsets = _offsets(first, count, distances)
    keys = reader.nullable(count) if flags & _KEYS else [None] * count
    headers = _unpack_headers(reader, count) if flags & _HEADERS else [()] * count
    if reader.position != len(payload):
        raise RawFormatError(reader.position, "bytes after the end of the index")
    return [
        IndexEntry(offset, timestamp, None if length == NULL else length, key, header)
        for offset, timestamp, length, key, header in zip(
            offsets, timestamps, lengths, keys, headers, strict=True
        )
    ]


def _offsets(first: int, count: int, distances: Sequence[int] | None) -> list[int]:
    if distances is None:
        return list(range(first, first + count))
    offsets = []
    for distance in distances:
        first += distance
        offsets.append(first)
    return offsets


def _pack_headers(rows: Sequence[tuple[Header, ...]]) -> list[bytes]:
    names = sorted({name for row in rows for name, _ in row})
    number = {name: index for index, name in enumerate(names)}
    flat = [header for row in rows for header in row]
    # surrogatepass: a header name is whatever the client library decoded, and must come back.
    encoded = [name.encode("utf-8", "surrogatepass") for name in names]
    return [
        struct.pack("<I", len(names)),
        *(struct.pack("<I", len(name)) + name for name in encoded),
        _u32([len(row) for row in rows]),
        _u32([number[name] for name, _ in flat]),
        *_nullable([value for _, value in flat]),
    ]


def _unpack_headers(reader: "_Reader", count: int) -> list[tuple[Header, ...]]:
    names = [_name(reader, reader.u32(1)[0]) for _ in range(reader.u32(1)[0])]
    counts = reader.u32(count)
    total = sum(counts)
    numbers = reader.u32(total)
    if numbers and max(numbers) >= len(names):
        raise RawFormatError(reader.position, "a header without a name")
    flat = zip((names[number] for number in numbers), reader.nullable(total), strict=True)
    return [tuple(next(flat) for _ in range(length)) for length in counts]


def _name(reader: "_Reader", length: int) -> str:
    try:
        return reader.take(length).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise RawFormatError(
            reader.position, f"a header name is not valid text: {error}"
        ) from error


def _u32(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _nullable(values: Sequence[bytes | None]) -> list[bytes]:
    lengths = _u32([NULL if value is None else len(value) for value in values])
    return [lengths, *(value for value in values if value is not None)]


class _Reader:
    """Walks over the payload and refuses to leave it."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self.position = 0

    def take(self, length: int) -> bytes:
        end = self.position + length
        if end > len(self._payload):
            raise RawFormatError(
                self.position, f"index ends {end - len(self._payload)} bytes early"
            )
        taken = self._payload[self.position : end]
        self.position = end
        return taken

    def unpack(self, layout: str, size: int) -> tuple[int, ...]:
        return struct.unpack(layout, self.take(size))

    def u32(self, count: int) -> tuple[int, ...]:
        return self.unpack(f"<{count}I", 4 * count)

    def nullable(self, count: int) -> list[bytes | None]:
        lengths = self.u32(count)
        return [None if length == NULL else self.take(length) for length in lengths]
