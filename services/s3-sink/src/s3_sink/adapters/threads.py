"""The codec in threads, with ISA-L's deflate: the event loop must answer Kafka's heartbeats."""

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from isal import isal_zlib

from coinlake.contracts.raw_codec import (
    Decoded,
    Encoded,
    Ending,
    content_sha256,
    decode,
    encode,
    ending,
)
from coinlake.contracts.raw_gzip import Deflate
from coinlake.contracts.raw_index import Record

# Raw DEFLATE: the codec writes gzip's header and trailer itself.
_RAW_WBITS = -15
_MOST_THREADS = 2


class ThreadCodec:
    """The contract's codec, run in a small pool."""

    def __init__(self, pool: ThreadPoolExecutor, gzip_level: int) -> None:
        self._pool = pool
        self._deflate = Deflate(
            partial(isal_zlib.compressobj, gzip_level, isal_zlib.DEFLATED, _RAW_WBITS),
            isal_zlib.crc32,
        )

    async def encode(self, records: Sequence[Record]) -> Encoded:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, encode, records, self._deflate)

    async def sha256(self, records: Sequence[Record]) -> str:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, content_sha256, records)

    async def decode(self, body: bytes) -> Decoded:
        return await asyncio.get_running_loop().run_in_executor(self._pool, decode, body)

    async def ending(self, body: bytes) -> Ending:
        return await asyncio.get_running_loop().run_in_executor(self._pool, ending, body)


@contextmanager
def open_codec(gzip_level: int) -> Iterator[ThreadCodec]:
    """A codec for the length of a block."""
    pool = ThreadPoolExecutor(_threads(), thread_name_prefix="codec")
    try:
        yield ThreadCodec(pool, gzip_level)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _threads() -> int:
    """No more than we have cores: two on one core turn each other's lines out of its cache, which
    costs 3 % of the sink's CPU time and an object's memory, as measured (ADR 0040)."""
    if sys.platform != "linux":
        return _MOST_THREADS
    return min(_MOST_THREADS, len(os.sched_getaffinity(0)))
