"""What a look at the lake asks for, and what that costs: before it, and counted afterwards."""

import asyncio
import builtins
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from functools import partial
from math import ceil
from typing import TypeVar

from coinlake.backoff import Backoff
from coinlake.contracts.datasets import TABULAR
from coinlake.errors import InvariantError, TransientError, Trouble
from coinlake.s3_multipart import ranges
from coinlake.store import Listed, ObjectHead, ObjectStore
from coinlake_tools.operations import PAGE, Pace
from coinlake_tools.operations_by_hand import BY_HAND

LIST, HEAD, GET, PUT = (
    f"s3:{name}" for name in ("ListObjectsV2", "HeadObject", "GetObject", "PutObject")
)
PARTITIONS = "glue:GetPartitions"
_AGAIN = 3
_BACKOFF = Backoff(base_s=0.2, cap_s=2.0)

Answer = TypeVar("Answer")
Sleep = Callable[[float], Awaitable[None]]


async def patiently(ask: Callable[[], Awaitable[Answer]], sleep: Sleep) -> Answer:
    """Ask again where the answer may be another in a moment: of thousands of requests one fails.

    (Amazon S3 user guide, "Retrying requests"; the client itself never does, see `coinlake.aws`.)
    """
    for attempt in range(_AGAIN):
        try:
            return await ask()
        except TransientError as error:
            if error.trouble is Trouble.DENIED:
                raise
        await sleep(_BACKOFF.delay_s(attempt, random.Random()))
    return await ask()


class CountingStore:
    """A bucket to look at: asks again, and counts requests as S3 bills them, a page of a listing as one."""

    def __init__(self, store: ObjectStore, sleep: Sleep = asyncio.sleep) -> None:
        self._store = store
        self._sleep = sleep
        self.requests: Counter[str] = Counter()

    async def put(
        self,
        key: str,
        body: bytes,
        *,
        metadata: Mapping[str, str] | None = None,
        if_none_match: bool = False,
        if_match: str | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        # Not again: what a second create is refused for may be our own first.
        self.requests[PUT] += 1
        return await self._store.put(
            key,
            body,
            metadata=metadata,
            if_none_match=if_none_match,
            if_match=if_match,
            content_type=content_type,
        )

    async def copy(
        self,
        source: str,
        key: str,
        *,
        source_etag: str,
        size: int,
        metadata: Mapping[str, str] | None = None,
        if_none_match: bool = False,
        if_match: str | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        # One to begin, one for each part, one to end: all of PUT's price (Amazon S3 pricing, requests).
        self.requests[PUT] += 2 + sum(1 for _ in ranges(size))
        return await self._store.copy(
            source,
            key,
            source_etag=source_etag,
            size=size,
            metadata=metadata,
            if_none_match=if_none_match,
            if_match=if_match,
            content_type=content_type,
        )

    async def head(self, key: str) -> ObjectHead | None:
        async def ask() -> ObjectHead | None:
            self.requests[HEAD] += 1
            return await self._store.head(key)

        found = await patiently(ask, self._sleep)
        if found is None:
            # Asked once more, in a way that can be refused in S3's own words (ADR 65).
            self.requests[GET] += 1
        return found

    async def get(self, key: str) -> bytes | None:
        async def ask() -> bytes | None:
            self.requests[GET] += 1
            return await self._store.get(key)

        return await patiently(ask, self._sleep)

    async def list(self, prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        behind = start_after
        while True:
            page = await patiently(partial(self._page, prefix, behind), self._sleep)
            for one in page:
                yield one
            if len(page) < PAGE:
                return
            behind = page[-1].key

    async def _page(self, prefix: str, behind: str | None) -> builtins.list[Listed]:
        """So many as one request gives; fewer where there are no more."""
        self.requests[LIST] += 1
        page: builtins.list[Listed] = []
        async for one in self._store.list(prefix, behind):
            page.append(one)
            if len(page) == PAGE:
                break
        return page

    async def list_folders(self, prefix: str) -> AsyncIterator[str]:
        async def ask() -> builtins.list[str]:
            self.requests[LIST] += 1
            return [folder async for folder in self._store.list_folders(prefix)]

        found = await patiently(ask, self._sleep)
        self.requests[LIST] += max(0, len(found) - 1) // PAGE
        for folder in found:
            yield folder

    async def delete(self, key: str) -> None:
        raise InvariantError(f"{key}: whoever looks at the lake deletes nothing")


def of_days(days: int, feeds: Iterable[str], pace: Pace | None = None) -> Counter[str]:
    """What a look at so many days asks for, at a pace. Objects that are not in a version yet, and what
    differs, are asked for beside them."""
    looked = [TABULAR[feed] for feed in feeds]
    tables = sum(len(one.published) for one in looked)
    pages = ceil((pace or Pace()).day_pages)
    return Counter(
        {
            LIST: days * (2 * len(looked) + tables + pages),
            # The newest version of each hour.
            GET: days * 24 * len(looked),
            PARTITIONS: days * tables,
        }
    )


def usd(requests: Mapping[str, int]) -> float:
    """Their list price, as if the month's free ones were used up."""
    return sum(count * BY_HAND[name].usd for name, count in requests.items())


def told(requests: Mapping[str, int]) -> str:
    """Requests by operation, and their price: a line for people."""
    each = ", ".join(
        f"{count} {name.split(':')[1]}" for name, count in requests.items() if count
    )
    return f"{each or 'no requests'}: {usd(requests):.6f} USD"
