"""Raw objects to records, whoever wrote the object: bytes in, values with their provenance out."""

import gzip
import zlib
from dataclasses import dataclass
from typing import Any

from coinlake.contracts import headers
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_gzip import STANDARD_INFLATE, Inflate, has_index
from coinlake.contracts.raw_index import RawFormatError, Record
from coinlake.contracts.raw_layout import parse_raw_key
from coinlake_kernel.values import END_MS

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class RawSource:
    """A raw object and the hour that it belongs to.

    `sha256` and `promised`, a number of records, are what its metadata promises; None where it says
    nothing.
    """

    feed: str
    dt: str
    hour: str
    key: str
    etag: str
    sha256: str | None
    max_skew_ms: int
    promised: int | None = None

    @property
    def topic(self) -> str | None:
        """The topic that its key names."""
        key, parts = parse_raw_key(self.key), self.key.split("/")
        return key.topic if key is not None else parts[1] if len(parts) > 1 else None


class UnreadableError(Exception):
    """No record can be read from the object; the message says why."""


@dataclass(frozen=True, slots=True)
class SourcedRecord:
    """A record and where it is from.

    `received_ms` is None where a timestamp type could not hold it. Lines of another writer have no
    key, no time, no epoch and no partition; the number of the line stands for the offset.
    """

    topic: str | None
    epoch: int | None
    kafka_partition: int | None
    kafka_offset: int
    received_ms: int | None
    source: str | None
    poll_id: str | None
    tick_id: str | None
    raw_object: str
    raw_etag: str
    key: bytes | None
    value: bytes | None

    def columns(self) -> dict[str, Any]:
        """What a row of any table says of where it is from."""
        return {
            "topic": self.topic,
            "epoch": self.epoch,
            "kafka_partition": self.kafka_partition,
            "kafka_offset": self.kafka_offset,
            "received_ts": self.received_ms,
            "source": self.source,
            "poll_id": self.poll_id,
            "tick_id": self.tick_id,
            "raw_object": self.raw_object,
            "raw_etag": self.raw_etag,
        }


def records_of(
    source: RawSource, body: bytes, inflate: Inflate = STANDARD_INFLATE
) -> list[SourcedRecord]:
    """Every record of an object, in its order. Raises UnreadableError."""
    try:
        return _indexed(source, body, inflate) if has_index(body[:16]) else _plain(source, body)
    except (RawFormatError, zlib.error, EOFError, OSError) as error:
        raise UnreadableError(str(error)) from error


def _indexed(source: RawSource, body: bytes, inflate: Inflate) -> list[SourcedRecord]:
    decoded = decode(body, inflate)
    if source.sha256 is not None and source.sha256 != decoded.sha256:
        raise RawFormatError(0, f"content hash {decoded.sha256}, metadata says {source.sha256}")
    topic, key = source.topic, parse_raw_key(source.key)
    epoch, partition = (None, None) if key is None else (key.epoch, key.partition)
    return [_sourced(source, record, topic, epoch, partition) for record in decoded.records]


def _plain(source: RawSource, body: bytes) -> list[SourcedRecord]:
    text = gzip.decompress(body) if body[:2] == _GZIP else body
    topic = source.topic
    return [
        _sourced(source, Record(number, 0, None, line), topic, None, None)
        for number, line in enumerate(text.split(b"\n"))
        if line.strip()
    ]


def _sourced(
    source: RawSource,
    record: Record,
    topic: str | None,
    epoch: int | None,
    partition: int | None,
) -> SourcedRecord:
    told = headers.text_headers(record.headers)
    # Lines of another writer have no time; Kafka takes any number, timestamps do not.
    is_a_time = 0 < record.timestamp_ms < END_MS
    return SourcedRecord(
        topic=topic,
        epoch=epoch,
        kafka_partition=partition,
        kafka_offset=record.offset,
        received_ms=record.timestamp_ms if is_a_time else None,
        source=told.get(headers.SOURCE),
        poll_id=told.get(headers.POLL_ID),
        tick_id=told.get(headers.TICK_ID),
        raw_object=source.key,
        raw_etag=source.etag,
        key=record.key,
        value=record.value,
    )
