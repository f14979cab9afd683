"""The days before and after: they may have what seems to be missing in a day's chain."""

from datetime import date, timedelta

from coinlake.contracts.raw_layout import RawKey, parse_raw_key, topic_prefix
from coinlake.contracts.raw_meta import RawMeta, parse_raw_meta
from coinlake.store import ObjectStore
from coinlake_tools.certificate import Span, between


def day_beside(dt: str, days: int) -> str:
    """The day so many days later; earlier where it is negative."""
    return (date.fromisoformat(dt) + timedelta(days=days)).isoformat()


class Neighbours:
    """The raw objects of one topic on the days beside one; each day is listed once."""

    def __init__(self, store: ObjectStore, topic: str) -> None:
        self._store = store
        self._topic = topic
        self._days: dict[str, list[RawKey]] = {}

    async def uncovered(
        self, chain: tuple[int, int], dt: str, gap: tuple[int, int]
    ) -> list[tuple[int, int]]:
        """What of a gap no object of the days beside covers."""
        start, stop = gap
        # The ends of the gap are the day's own objects.
        spans = [Span(start, start), Span(stop, stop)]
        for day in (day_beside(dt, -1), day_beside(dt, 1)):
            for key in await self._keys(day):
                if (key.epoch, key.partition) == chain and start <= key.link < stop:
                    meta = await self._meta(key)
                    if meta is not None:
                        spans.append(Span(key.link, meta.next_offset))
        return between(spans)

    async def promise_after(self, chain: tuple[int, int], dt: str) -> int | None:
        """How far the last object of the day after says that the stream is complete (ms)."""
        own = [
            key
            for key in await self._keys(day_beside(dt, 1))
            if (key.epoch, key.partition) == chain
        ]
        last = max(own, key=lambda key: key.link, default=None)
        meta = None if last is None else await self._meta(last)
        return None if meta is None else meta.complete_to_ms

    async def _keys(self, dt: str) -> list[RawKey]:
        if dt not in self._days:
            named = [
                parse_raw_key(found.key)
                async for found in self._store.list(f"{topic_prefix(self._topic)}dt={dt}/")
            ]
            self._days[dt] = [key for key in named if key is not None]
        return self._days[dt]

    async def _meta(self, key: RawKey) -> RawMeta | None:
        head = await self._store.head(str(key))
        return None if head is None else parse_raw_meta(head.metadata)
