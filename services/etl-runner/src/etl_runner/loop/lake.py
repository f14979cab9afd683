"""The bucket as the runner reads it: raw listings, metadata, ledger heads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coinlake.contracts.batches import BatchInput
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import parse_hour
from coinlake.contracts.ledger import LedgerEntry, ledger_prefix, parse_ledger_key
from coinlake.contracts.raw_layout import hour_prefix, topic_prefix
from coinlake.contracts.raw_meta import RawMeta, parse_raw_meta
from coinlake.differences import Head, Unreadable, head_keys, head_of
from coinlake.errors import InvariantError, TransientError
from coinlake.fan_out import fan_out
from coinlake.store import Listed, ObjectStore
from etl_runner.core.batch import ListedRawObject
from etl_runner.core.hours import FeedHour

_AT_ONCE = 16
# Enough for the recent days; what is forgotten is asked for again.
_REMEMBERED = 50_000
_REMEMBERED_HEADS = 2_000


@dataclass(frozen=True, slots=True)
class RawDay:
    """The raw objects of a day by hour, and what lies below the day in no hour."""

    hours: Mapping[FeedHour, Sequence[ListedRawObject]]
    strays: tuple[Listed, ...]


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

    async def list_below(self, prefix: str) -> list[Listed]:
        """Every object below a prefix, without the markers of folders."""
        return [found async for found in self.store.list(prefix) if not found.key.endswith("/")]

    async def raw_by_hour(
        self, feed: str, listed: Iterable[Listed], heads: Mapping[FeedHour, LedgerEntry]
    ) -> RawDay:
        """Listed raw objects of a day, told apart. What `heads` tell of them is not asked for."""
        by_hour: dict[FeedHour, list[Listed]] = {}
        strays = []
        for found in listed:
            parts = found.key.split("/")
            hour = parse_hour("/".join(parts[2:4]))
            if hour is None or len(parts) != 5:
                strays.append(found)
            else:
                by_hour.setdefault(FeedHour(feed, hour), []).append(found)
        hours = {
            hour: await self._told_apart(items, heads.get(hour))
            for hour, items in by_hour.items()
        }
        return RawDay(hours, tuple(strays))

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

    async def heads_of(self, feed: str, ledger: Iterable[Listed]) -> dict[FeedHour, Head]:
        """The newest version of every hour in a listing of a day's ledger."""
        listed = {found.key: found for found in ledger}
        newest = head_keys(listed).items()
        return {FeedHour(feed, hour): await self._read(listed[key]) for hour, key in newest}

    async def _read(self, found: Listed) -> Head:
        """A version, or why it cannot be read."""
        remembered = self._heads.get((found.key, found.etag))
        if remembered is not None:
            return remembered
        head = head_of(found.key, await self._body(found.key))
        if isinstance(head, LedgerEntry):
            self._remember(found.key, found.etag, head)
        return head

    async def head(self, hour: FeedHour) -> LedgerEntry | None:
        """The ledger's newest version of one hour, now.

        Raises InvariantError where it cannot be read, TransientError where the store is away.
        """
        newest = None
        async for found in self.store.list(ledger_prefix(hour.feed, hour.at)):
            newest = found if parse_ledger_key(found.key) is not None else newest
        if newest is None:
            return None
        head = await self._read(newest)
        if isinstance(head, Unreadable):
            raise InvariantError(f"{head.key} is not a valid ledger entry: {head.said}")
        return head

    async def _body(self, key: str) -> bytes:
        body = await self.store.get(key)
        if body is None:
            raise TransientError(f"{key} was listed but no longer exists")
        return body

    def _remember(self, key: str, etag: str, entry: LedgerEntry) -> None:
        self._heads[key, etag] = entry
        _forget(self._heads, _REMEMBERED_HEADS)


def _forget(remembered: dict[Any, Any], most: int) -> None:
    while len(remembered) > most:
        del remembered[next(iter(remembered))]
