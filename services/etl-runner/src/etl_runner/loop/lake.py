"""The bucket as the runner reads it: raw listings, metadata, ledger heads."""

from collections.abc import Iterable, Mapping
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
from coinlake.store import Listed, ObjectStore
from etl_runner.core.batch import ListedRawObject
from etl_runner.core.hours import FeedHour

_AT_ONCE = 16
# Enough for the recent days; what is forgotten is asked for again.
_REMEMBERED = 50_000
_REMEMBERED_HEADS = 2_000


class LakeReader:
    """Reads the bucket; remembers metadata of objects, which never changes under one ETag."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self._metas: dict[tuple[str, str], RawMeta | None] = {}
        self._heads: dict[tuple[str, str], LedgerEntry] = {}

    async def dates(self, feed: str) -> list[str]:
        """The days for which the feed has raw objects, oldest first."""
        prefix = topic_prefix(TABULAR[feed].topic)
        names = [folder async for folder in self.store.list_folders(prefix)]
        days = [name.removeprefix(prefix).strip("/").removeprefix("dt=") for name in names]
        return sorted(day for day in days if parse_hour(f"dt={day}/hour=00") is not None)

    async def raw_of_day(
        self, feed: str, dt: str, heads: Mapping[FeedHour, LedgerEntry]
    ) -> dict[FeedHour, list[ListedRawObject]]:
        """Every raw object of a feed's day by hour. What `heads` tell of them is not asked for."""
        listed: dict[FeedHour, list[Listed]] = {}
        prefix = f"{topic_prefix(TABULAR[feed].topic)}dt={dt}/"
        async for found in self.store.list(prefix):
            hour = parse_hour("/".join(found.key.split("/")[2:4]))
            if hour is not None and not found.key.endswith("/"):
                listed.setdefault(FeedHour(feed, hour), []).append(found)
        return {
            hour: await self._told_apart(items, heads.get(hour))
            for hour, items in listed.items()
        }

    async def raw_of_hour(
        self, hour: FeedHour, head: LedgerEntry | None = None
    ) -> list[ListedRawObject]:
        """Every raw object of one hour, now. What its `head` tells of them is not asked for."""
        prefix = f"{hour_prefix(TABULAR[hour.feed].topic, hour.at)}"
        listed = [item async for item in self.store.list(prefix) if not item.key.endswith("/")]
        return await self._told_apart(listed, head)

    async def _told_apart(
        self, listed: Iterable[Listed], head: LedgerEntry | None
    ) -> list[ListedRawObject]:
        """Listed objects, and which of them have values."""
        inputs = {(item.key, item.etag) for item in (() if head is None else head.inputs)}
        valueless = set(() if head is None else head.valueless)
        known, new = [], []
        for found in listed:
            item = BatchInput(found.key, found.etag, found.size)
            if (item.key, item.etag) in inputs:
                known.append(ListedRawObject(item, None, is_input=True))
            elif item.key in valueless:
                known.append(ListedRawObject(item, None, is_input=False))
            else:
                new.append(item)
        return [*known, *await self.looked_at(new)]

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
        _forget(self._metas, _REMEMBERED)
        metas = ((item, found[item.key, item.etag]) for item in wanted)
        return [
            ListedRawObject(item, meta, meta is None or meta.values > 0) for item, meta in metas
        ]

    async def heads_of_day(
        self, feed: str, dt: str
    ) -> dict[FeedHour, LedgerEntry | InvariantError]:
        """The ledger's newest version of every hour of a feed's day, or why there is none."""
        newest: dict[FeedHour, Listed] = {}
        async for found in self.store.list(f"{LEDGER_PREFIX}feed={feed}/dt={dt}/"):
            named = parse_ledger_key(found.key)
            if named is not None:
                newest[FeedHour(named[0], named[1])] = found
        return {hour: await self._entry_or_error(found) for hour, found in newest.items()}

    async def _entry_or_error(self, found: Listed) -> LedgerEntry | InvariantError:
        try:
            return await self.entry(found.key, found.etag)
        except InvariantError as error:
            return error

    async def head(self, hour: FeedHour) -> LedgerEntry | None:
        """The ledger's newest version of one hour, now."""
        newest = None
        async for found in self.store.list(ledger_prefix(hour.feed, hour.at)):
            newest = found if parse_ledger_key(found.key) is not None else newest
        return None if newest is None else await self.entry(newest.key, newest.etag)

    async def entry(self, key: str, etag: str) -> LedgerEntry:
        """A version of an hour, as it was listed: nobody of us writes over one, but somebody may.

        Raises InvariantError where it is none, TransientError.
        """
        remembered = self._heads.get((key, etag))
        if remembered is not None:
            return remembered
        body = await self.store.get(key)
        if body is None:
            raise TransientError(f"{key} was listed but no longer exists")
        try:
            entry = self._heads[key, etag] = parse_entry(body)
        except ValueError as error:
            raise InvariantError(f"{key} is not a valid ledger entry: {error}") from error
        _forget(self._heads, _REMEMBERED_HEADS)
        return entry


def _forget(remembered: dict[Any, Any], most: int) -> None:
    while len(remembered) > most:
        del remembered[next(iter(remembered))]
