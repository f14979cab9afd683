"""The gzip members of a raw object: lines, and in the extra field a chunk of the index.

Each member is an ordinary one (RFC 1952) whose extra field has one subfield, `CL`.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from coinlake.contracts.raw_index import RawFormatError

MAX_CHUNK_BYTES = 60 * 1024  # of the 64 KiB that an extra field holds (RFC 1952, 2.3.1)
_SUBFIELD = b"CL"
_FIXED = struct.Struct("<2sBBIBB")
_GZIP, _DEFLATE, _FEXTRA, _OS_UNKNOWN = b"\x1f\x8b", 8, 4, 255
# A body that must not be there unpacked as a whole is given to zlib in pieces of this size.
_FED_BYTES = 16 * 1024


class Compressor(Protocol):
    """A DEFLATE stream, as zlib and those that are faster give it."""

    def compress(self, data: bytes | memoryview, /) -> bytes: ...
    def flush(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Deflate:
    """How lines are packed. `stream` opens raw DEFLATE (no header, no trailer)."""

    stream: Callable[[], Compressor]
    crc32: Callable[[bytes | memoryview, int], int]


class Decompressor(Protocol):
    """A DEFLATE stream to be unpacked, as `zlib.decompressobj` gives it."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Inflate:
    """How lines are unpacked. `stream` opens raw DEFLATE, `error` is what it raises."""

    stream: Callable[[], Decompressor]
    crc32: Callable[[bytes, int], int]
    error: type[Exception]


def _zlib_stream() -> Compressor:
    return zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)


def _zlib_inflater() -> Decompressor:
    return zlib.decompressobj(-zlib.MAX_WBITS)


STANDARD = Deflate(_zlib_stream, zlib.crc32)
"""The standard library's; a service may pass a faster one."""
STANDARD_INFLATE = Inflate(_zlib_inflater, zlib.crc32, zlib.error)
"""The standard library's; the job passes a faster one."""


def has_index(head: bytes) -> bool:
    """Whether the first bytes of an object (at least 16) announce an index of ours."""
    return (
        len(head) >= 16
        and head[:2] == _GZIP
        and bool(head[3] & _FEXTRA)
        and head[12:14] == _SUBFIELD
    )


def member(
    chunk: bytes,
    lines: Iterator[bytes | memoryview],
    deflate: Deflate,
    hear: Callable[[bytes | memoryview], None],
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


def walk(
    body: bytes, most: int = 0, inflate: Inflate = STANDARD_INFLATE
) -> Iterator[tuple[bool, bytes]]:
    """The pieces of the members in order: (True, a chunk of the index), (False, lines).

    Lines come in pieces of `most` bytes, 0 for as they come. Raises RawFormatError.
    """
    position = 0
    while position < len(body):
        chunk, data_start = _member_head(body, position)
        yield True, chunk
        crc, size = 0, 0
        inflating = _Inflating(body, data_start, inflate)
        for data in inflating.pieces(most):
            crc, size = inflate.crc32(data, crc), size + len(data)
            yield False, data
        position = inflating.end + 8
        if position > len(body):
            raise RawFormatError(len(body), "truncated gzip member")
        if struct.unpack_from("<II", body, position - 8) != (crc, size & 0xFFFFFFFF):
            raise RawFormatError(position - 8, "gzip checksum does not match")


def _member_head(body: bytes, start: int) -> tuple[bytes, int]:
    """The index chunk of the gzip member that starts at `start`, and where its data start."""
    if len(body) < start + 12:
        raise RawFormatError(start, "truncated gzip header")
    magic, method, flags, *_ = _FIXED.unpack_from(body, start)
    if magic != _GZIP or method != _DEFLATE:
        raise RawFormatError(start, "not a gzip member")
    if flags != _FEXTRA:
        raise RawFormatError(start + 3, "no index: not written by coinlake")
    (extra_length,) = struct.unpack_from("<H", body, start + 10)
    data_start = start + 12 + extra_length
    return _subfield(body[start + 12 : data_start], start + 12), data_start


class _Inflating:
    """One deflate stream inside of a body. `end` is where it ends, once all pieces were taken."""

    def __init__(self, body: bytes, start: int, inflate: Inflate) -> None:
        self._inflate = inflate
        self._body = memoryview(body)
        self._start = start
        self.end = start

    def pieces(self, most: int) -> Iterator[bytes]:
        inflater, at = self._inflate.stream(), self._start
        while not inflater.eof:
            fed = inflater.unconsumed_tail
            if not fed:
                # In small pieces: what is not taken of one is copied for the next call.
                fed = bytes(self._body[at : at + (_FED_BYTES if most else len(self._body))])
                at += len(fed)
                if not fed:
                    raise RawFormatError(len(self._body), "truncated gzip member")
            try:
                data = inflater.decompress(fed, most)
            except self._inflate.error as error:
                raise RawFormatError(self._start, f"broken deflate stream: {error}") from error
            if data:
                yield data
        self.end = at - len(inflater.unused_data)


def _subfield(extra: bytes, position: int) -> bytes:
    at = 0
    while at + 4 <= len(extra):
        (length,) = struct.unpack_from("<H", extra, at + 2)
        if extra[at : at + 2] == _SUBFIELD and at + 4 + length <= len(extra):
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    raise RawFormatError(position, "no index: not written by coinlake")
