"""Kafka's codecs, unpacked piece by piece: a batch of kilobytes can hold half a gigabyte.

The pieces are of `PIECE_BYTES` at most (a little more for Snappy, whose blocks come whole), so what
a batch takes is known before it is taken.
"""

import io
import struct
import zlib
from collections.abc import Iterator

import cramjam
import lz4.frame
import zstandard
from aiokafka.errors import CorruptRecordException

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
"""By the numbers that a batch's attributes give them."""

PIECE_BYTES = 1024 * 1024
_GZIP = 16 + zlib.MAX_WBITS
# snappy-java's own framing ("xerial"): this, two versions, then blocks with their lengths.
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEAD_BYTES = 16


class TooBigError(Exception):
    """The batch takes more room than there is."""


def unpacked(codec: str, data: memoryview, room: int | None) -> bytes:
    """All of it. Raises TooBigError beyond `room` bytes, CorruptRecordException."""
    pieces, size = [], 0
    for piece in streamed(codec, data):
        size += len(piece)
        if room is not None and size > room:
            raise TooBigError
        pieces.append(piece)
    return b"".join(pieces)


def streamed(codec: str, data: memoryview) -> Iterator[bytes]:
    """It in pieces. Raises CorruptRecordException where it cannot be unpacked."""
    try:
        yield from _STREAMS[codec](data)
    except (
        zlib.error,
        EOFError,
        RuntimeError,
        cramjam.DecompressionError,
        zstandard.ZstdError,
        struct.error,
    ) as error:
        raise CorruptRecordException(f"a batch that is not valid {codec}: {error}") from error


def _plain(data: memoryview) -> Iterator[bytes]:
    for at in range(0, len(data), PIECE_BYTES):
        yield bytes(data[at : at + PIECE_BYTES])


def _gzip(data: memoryview) -> Iterator[bytes]:
    rest: memoryview | bytes = data
    while rest:
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            if not rest:
                raise EOFError("it ends too early")
            piece = member.decompress(rest, PIECE_BYTES)
            rest = member.unused_data if member.eof else member.unconsumed_tail
            if piece:
                yield piece
            elif not member.eof and not rest:
                raise EOFError("it ends too early")


def _snappy(data: memoryview) -> Iterator[bytes]:
    if bytes(data[: len(_XERIAL)]) != _XERIAL:
        # One block without any framing. Snappy makes it 21 times as long at most (its
        # format_description.txt: a copy of 64 bytes takes three).
        yield bytes(cramjam.snappy.decompress_raw(data))
        return
    at = _XERIAL_HEAD_BYTES
    while at < len(data):
        (length,) = struct.unpack_from(">i", data, at)
        block = data[at + 4 : at + 4 + length]
        if len(block) != length:
            raise EOFError("it ends too early")
        yield bytes(cramjam.snappy.decompress_raw(block))
        at += 4 + length


def _lz4(data: memoryview) -> Iterator[bytes]:
    rest: bytes = bytes(data)
    while rest:
        frame = lz4.frame.LZ4FrameDecompressor()
        while not frame.eof:
            piece = frame.decompress(rest, PIECE_BYTES)
            rest = b""
            if piece:
                yield piece
            elif frame.needs_input:
                raise EOFError("it ends too early")
        rest = frame.unused_data or b""


def _zstd(data: memoryview) -> Iterator[bytes]:
    unpacker = zstandard.ZstdDecompressor()
    with unpacker.stream_reader(io.BytesIO(data), read_across_frames=True) as stream:
        while piece := stream.read(PIECE_BYTES):
            yield piece


_STREAMS = {"none": _plain, "gzip": _gzip, "snappy": _snappy, "lz4": _lz4, "zstd": _zstd}
