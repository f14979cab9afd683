"""Record batches made by hand, for what no producer's library sends: any bytes as header names."""

import struct
from collections.abc import Callable, Sequence

import cramjam
from aiokafka import codec
from aiokafka.record.util import calc_crc32c

from coinlake.batch_records import header_name_bytes
from coinlake.contracts.raw_columns import Record

_PACK: tuple[Callable[[bytes], bytes], ...] = (
    bytes, codec.gzip_encode, codec.snappy_encode, codec.lz4_encode, codec.zstd_encode,
)  # fmt: skip
APPENDED = 0b1000
"""The attribute of a batch whose time is the broker's."""


def batch(records: Sequence[Record], codec_number: int = 0, attributes: int = 0) -> bytes:
    """One batch (version 2) of records in rising offset order; at least one."""
    first, times = records[0], [one.timestamp_ms for one in records]
    lines = b"".join(_record(one, first) for one in records)
    packed = bytes(_PACK[codec_number](lines))
    numbers = (
        attributes | codec_number,
        records[-1].offset - first.offset,
        first.timestamp_ms,
        max(times),
    )
    behind_crc = struct.pack(">hiqqqhii", *numbers, -1, -1, -1, len(records)) + packed
    crc = calc_crc32c(behind_crc)
    inside = struct.pack(">ibI", 0, 2, crc) + behind_crc
    return struct.pack(">qi", first.offset, len(inside)) + inside


def raw_snappy(lines: bytes) -> bytes:
    """Snappy as librdkafka packs it: one block without framing."""
    return bytes(cramjam.snappy.compress_raw(lines))


def _record(one: Record, first: Record) -> bytes:
    body = b"\0" + _varint(one.timestamp_ms - first.timestamp_ms)
    body += _varint(one.offset - first.offset) + _nullable(one.key) + _nullable(one.value)
    body += _varint(len(one.headers))
    for name, value in one.headers:
        body += _nullable(header_name_bytes(name)) + _nullable(value)
    return _varint(len(body)) + body


def _nullable(data: bytes | None) -> bytes:
    return _varint(-1) if data is None else _varint(len(data)) + data


def _varint(number: int) -> bytes:
    number = (number << 1) ^ (number >> 63)
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*found, number))
