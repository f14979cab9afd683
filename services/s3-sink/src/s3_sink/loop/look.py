"""Looking at an object of the chain: its metadata, or its bytes where it has none."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from coinlake.contracts.raw_codec import Decoded, Ending
from coinlake.contracts.raw_index import RawFormatError
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import parse_raw_meta
from coinlake.errors import InvariantError
from s3_sink.core.found import Found, described
from s3_sink.core.ports import Codec, Store

T = TypeVar("T")


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
