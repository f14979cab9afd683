"""What a look at the lake asks for, and what that costs: before it, and counted afterwards."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from math import ceil

from coinlake.contracts.datasets import TABULAR
from coinlake.errors import InvariantError
from coinlake.store import Listed, ObjectHead, ObjectStore
from coinlake_tools.operations import BY_HAND, PAGE, Pace

LIST, HEAD, GET, PUT = (
    f"s3:{name}" for name in ("ListObjectsV2", "HeadObject", "GetObject", "PutObject")
)
PARTITIONS = "glue:GetPartitions"


class CountingStore:
    """A bucket that counts requests as S3 bills them: a page of a listing is one."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
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
        self.requests[PUT] += 1
        return await self._store.put(
            key,
            body,
            metadata=metadata,
            if_none_match=if_none_match,
            if_match=if_match,
            content_type=content_type,
        )

    async def head(self, key: str) -> ObjectHead | None:
        self.requests[HEAD] += 1
        found = await self._store.head(key)
        if found is None:
            # Asked once more, in a way that can be refused in S3's own words (ADR 65).
            self.requests[GET] += 1
        return found

    async def get(self, key: str) -> bytes | None:
        self.requests[GET] += 1
        return await self._store.get(key)

    async def list(self, prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        count = 0
        self.requests[LIST] += 1
        async for one in self._store.list(prefix, start_after):
            if count and count % PAGE == 0:
                self.requests[LIST] += 1
            count += 1
            yield one

    async def list_folders(self, prefix: str) -> AsyncIterator[str]:
        count = 0
        self.requests[LIST] += 1
        async for one in self._store.list_folders(prefix):
            if count and count % PAGE == 0:
                self.requests[LIST] += 1
            count += 1
            yield one

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
