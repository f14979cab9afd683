"""Looking at an object of the chain: its metadata, or its bytes where it has none."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from coinlake.contracts.hours import UNKNOWN_HOUR
from coinlake.contracts.raw_codec import Decoded, Ending
from coinlake.contracts.raw_index import RawFormatError
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta, parse_raw_meta
from coinlake.errors import InvariantError
from s3_sink.core.ports import Codec, Store
from s3_sink.core.watermark import Watermark

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """An object that is in the chain. `size` in bytes."""

    key: RawKey
    meta: RawMeta
    etag: str
    size: int

    @property
    def stored_to_ms(self) -> int | None:
        """The newest timestamp in it; None where its hour is unknown and timestamps tell nothing."""
        return None if self.key.hour == UNKNOWN_HOUR else self.meta.max_timestamp_ms


async def look(store: Store, codec: Codec, key: RawKey) -> Found | None:
    """What is stored under a key; None where nothing is.

    Raises InvariantError where it cannot be an object of the chain, TransientError.
    """
    head = await store.head(str(key))
    if head is None:
        return None
    meta = parse_raw_meta(head.metadata)
    if meta is None:
        decoded = await read(store, codec, key)
        if decoded is None:
            return None
        meta = described(key, decoded)
    if meta.link != key.link or not key.link <= meta.first_offset < meta.next_offset:
        raise InvariantError(
            f"{key} says link {meta.link}, first {meta.first_offset}, next {meta.next_offset}"
        )
    return Found(key, meta, head.etag, head.size)


async def read(store: Store, codec: Codec, key: RawKey) -> Decoded | None:
    """The records of an object; None where it is gone. Raises InvariantError, TransientError."""
    return await _decoded(store, codec.decode, key)


async def read_ending(store: Store, codec: Codec, key: RawKey) -> Ending | None:
    """How an object ends; None where it is gone. Raises InvariantError, TransientError."""
    return await _decoded(store, codec.ending, key)


async def _decoded(
    store: Store, decode: Callable[[bytes], Awaitable[T]], key: RawKey
) -> T | None:
    body = await store.get(str(key))
    if body is None:
        return None
    try:
        return await decode(body)
    except RawFormatError as error:
        raise InvariantError(f"{key} cannot be decoded: {error}") from error


def described(key: RawKey, decoded: Decoded) -> RawMeta:
    """The metadata of an object that lost them, from its records and its name."""
    records = decoded.records
    return RawMeta(
        link=key.link,
        first_offset=records[0].offset,
        next_offset=records[-1].offset + 1,
        records=len(records),
        values=sum(record.value is not None for record in records),
        sha256=decoded.sha256,
        min_timestamp_ms=min(record.timestamp_ms for record in records),
        max_timestamp_ms=max(record.timestamp_ms for record in records),
        complete_to_ms=Watermark().after(records).complete_to_ms,
        writer="unknown",
    )
