"""The bucket as the runner reads it: raw listings, metadata, ledger heads."""

from collections.abc import Container, Iterable
from typing import Any

from coinlake.contracts.batches import BatchInput
from coinlake.contracts.cloud import LEDGER_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import parse_hour
from coinlake.contracts.ledger import (
    LedgerEntry,
    ledger_prefix,
    parse_entry,
    parse_ledger_key,
)
from coinlake.contracts.raw_layout import hour_prefix, topic_prefix
from coinlake.contracts.raw_meta import RawMeta, parse_raw_meta
from coinlake.errors import InvariantError, TransientError
from coinlake.fan_out import fan_out
from coinlake.store import ObjectStore
from etl_runner.core.batch import ListedRawObject
from etl_runner.core.hours import FeedHour

_AT_ONCE = 16
# Enough for the recent days; what is forgotten is asked for again.
_REMEMBERED = 200_000


class LakeReader:
    """Reads the bucket; remembers metadata of objects, which never changes under one ETag."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self._metas: dict[tuple[str, str], RawMeta | None] = {}
        self._heads: dict[str, LedgerEntry] = {}

    async def dates(self, feed: str) -> list[str]:
        """The days for which the feed has raw objects, oldest first."""
        prefix = topic_prefix(TABULAR[feed].topic)
        names = [folder async for folder in self.store.list_folders(prefix)]
        days = [name.removeprefix(prefix).strip("/").removeprefix("dt=") for name in names]
        return sorted(day for day in days if parse_hour(f"dt={day}/hour=00") is not None)

    async def raw_of_day(
        self, feed: str, dt: str, inputs: Container[tuple[str, str]] = ()
    ) -> dict[FeedHour, list[ListedRawObject]]:
        """Every raw object of a feed's day by hour.

        Those among `inputs` (key, ETag) are known to be inputs: their metadata is not asked for.
        """
        listed: dict[FeedHour, list[BatchInput]] = {}
        prefix = f"{topic_prefix(TABULAR[feed].topic)}dt={dt}/"
        async for found in self.store.list(prefix):
            hour = parse_hour("/".join(found.key.split("/")[2:4]))
            if hour is not None and not found.key.endswith("/"):
                item = BatchInput(found.key, found.etag, found.size)
                listed.setdefault(FeedHour(feed, hour), []).append(item)
        return {
            hour: [
                *(ListedRawObject(item, None) for item in items if _named(item) in inputs),
                *await self.looked_at(item for item in items if _named(item) not in inputs),
            ]
            for hour, items in listed.items()
        }

    async def raw_of_hour(self, hour: FeedHour) -> list[ListedRawObject]:
        """Every raw object of one hour, now."""
        prefix = f"{hour_prefix(TABULAR[hour.feed].topic, hour.at)}"
        found = [
            BatchInput(item.key, item.etag, item.size)
            async for item in self.store.list(prefix)
            if not item.key.endswith("/")
        ]
        return await self.looked_at(found)

    async def looked_at(self, listed: Iterable[BatchInput]) -> list[ListedRawObject]:
        """Listed objects with their metadata; asks the store only for those that are new."""
        wanted = list(listed)
        found = {
            (item.key, item.etag): self._metas[item.key, item.etag]
            for item in wanted
            if (item.key, item.etag) in self._metas
        }

        async def look(item: BatchInput) -> None:
            head = await self.store.head(item.key)
            # Gone or replaced since: what was listed is frozen, and the job will refuse it.
            meta = None if head is None or head.etag != item.etag else head.metadata
            found[item.key, item.etag] = None if meta is None else parse_raw_meta(meta)

        new = [item for item in wanted if (item.key, item.etag) not in found]
        await fan_out(look, new, _AT_ONCE)
        self._metas.update(found)
        _forget(self._metas)
        return [ListedRawObject(item, found[item.key, item.etag]) for item in wanted]

    async def heads_of_day(self, feed: str, dt: str) -> dict[FeedHour, LedgerEntry]:
        """The ledger's newest version of every hour of a feed's day."""
        newest: dict[FeedHour, str] = {}
        async for found in self.store.list(f"{LEDGER_PREFIX}feed={feed}/dt={dt}/"):
            named = parse_ledger_key(found.key)
            if named is not None:
                newest[FeedHour(named[0], named[1])] = found.key
        return {hour: await self.entry(key) for hour, key in newest.items()}

    async def head(self, hour: FeedHour) -> LedgerEntry | None:
        """The ledger's newest version of one hour, now."""
        key = None
        async for found in self.store.list(ledger_prefix(hour.feed, hour.at)):
            key = found.key if parse_ledger_key(found.key) is not None else key
        return None if key is None else await self.entry(key)

    async def entry(self, key: str) -> LedgerEntry:
        """A version of an hour. Raises InvariantError where it is none, TransientError."""
        if key not in self._heads:
            body = await self.store.get(key)
            if body is None:
                raise TransientError(f"{key} was listed but no longer exists")
            try:
                self._heads[key] = parse_entry(body)
            except ValueError as error:
                raise InvariantError(f"{key} is not a valid ledger entry: {error}") from error
            _forget(self._heads)
        return self._heads[key]


def _named(item: BatchInput) -> tuple[str, str]:
    return item.key, item.etag


def _forget(remembered: dict[Any, Any]) -> None:
    while len(remembered) > _REMEMBERED:
        del remembered[next(iter(remembered))]
