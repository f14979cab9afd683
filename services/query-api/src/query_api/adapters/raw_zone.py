"""The raw zone as the service looks at it: an hour's objects, and some of them with what they say.

A look touches the newest hours of one feed, however old the lake is, and is shared for some seconds.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from coinlake.contracts.datasets import DATASETS
from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.contracts.raw_layout import hour_prefix
from coinlake.contracts.raw_meta import RawMeta, parse_raw_meta
from coinlake.fan_out import fan_out
from coinlake.store import ObjectStore
from query_api.core.raw_state import (
    RawObject,
    RawState,
    newest_by_partition,
    raw_objects,
    raw_state,
)

_TTL_MS = 5_000
# Of a pipeline that stands two days are looked at, seldom; what is older the ledger tells.
_STANDING_TTL_MS = 60_000
_RECENT_HOURS, _HOURS = 2, 48
_LISTS_AT_ONCE = 16
# Of a feed that is polled once an hour most objects hold promises only.
_HEADS = 4


@dataclass(frozen=True, slots=True)
class _Look:
    state: RawState | None
    until_ms: int


class RawZone:
    """Looks at the newest objects. Every method raises TransientError while the store is away."""

    def __init__(self, store: ObjectStore, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms
        self._looks: dict[str, _Look] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def newest(self, feed: str) -> RawState | None:
        """The newest hour of a feed that has objects; None where none of two days has any."""
        async with self._locks[feed]:
            known, now_ms = self._looks.get(feed), self._now_ms()
            if known is None or known.until_ms < now_ms:
                known = await self._look(feed, now_ms)
                self._looks[feed] = known
            return known.state

    async def objects(self, feed: str, hour: Hour) -> list[RawObject]:
        """All raw objects of an hour, oldest first."""
        prefix = hour_prefix(DATASETS[feed].topic, hour)
        return raw_objects([item async for item in self._store.list(prefix)])

    async def meta(self, key: str) -> RawMeta | None:
        """What an object says of itself; None where it is gone, or says nothing."""
        head = await self._store.head(key)
        return None if head is None else parse_raw_meta(head.metadata)

    async def body(self, key: str) -> bytes | None:
        """The bytes of an object; None where it is gone."""
        return await self._store.get(key)

    async def _look(self, feed: str, now_ms: int) -> _Look:
        hours = [hour_of(now_ms - back * HOUR_MS) for back in range(_HOURS)]
        for hour in hours[:_RECENT_HOURS]:
            objects = await self.objects(feed, hour)
            if objects:
                state = raw_state(objects, await self._metas(objects))
                return _Look(state, now_ms + _TTL_MS)
        older = await fan_out(
            partial(self.objects, feed), hours[_RECENT_HOURS:], _LISTS_AT_ONCE
        )
        newest = next((objects for objects in older if objects), [])
        state = raw_state(newest, await self._metas(newest))
        return _Look(state, now_ms + (_STANDING_TTL_MS if newest else _TTL_MS))

    async def _metas(self, objects: list[RawObject]) -> dict[str, RawMeta | None]:
        """Of the end of each chain, and backwards until one holds an answer."""
        metas: dict[str, RawMeta | None] = {}
        for one in newest_by_partition(objects).values():
            metas[one.listed.key] = await self.meta(one.listed.key)
        for one in objects[:-_HEADS:-1]:
            if any(meta is not None and meta.values for meta in metas.values()):
                break
            if one.listed.key not in metas:
                metas[one.listed.key] = await self.meta(one.listed.key)
        return metas
