"""The ledger as the service sees it: listed in S3 by days, entries read once, since they never change.

What a look costs depends on the days that a question touches and not on the age of the lake.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from coinlake import logs
from coinlake.contracts.cloud import LEDGER_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry, ledger_prefix, parse_entry
from coinlake.errors import TransientError
from coinlake.fan_out import fan_out
from coinlake.store import ObjectStore
from query_api.core.coverage import (
    Heads,
    PublishedHour,
    head_keys,
    newest_hours,
    newest_received_ms,
    published,
    watermark_ms,
)
from query_api.core.days import ALL_DAYS, Days, day_before, recent_day, since
from query_api.metrics import QueryApiMetrics

log = logs.get(__name__)

_READS_AT_ONCE = 16
# No object: S3 says so in its own words (404 NoSuchKey), and that it is there.
_PROBE_KEY = f"{LEDGER_PREFIX}probe"


@dataclass(frozen=True, slots=True)
class LedgerView:
    """The heads of the newest days, and of the days that were asked for, as of `at_ms`."""

    heads: Heads
    at_ms: int

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory by itself: its entries are shared with the reader."""
        return 200 + 120 * len(self.heads)


@dataclass(frozen=True, slots=True)
class Staleness:
    """How old a look may be, in ms: at the newest days, and at any others."""

    newest_ms: int
    others_ms: int


class LedgerReader:
    """Heads of the days that somebody asks for. The newest days are in every view."""

    def __init__(
        self,
        store: ObjectStore,
        metrics: QueryApiMetrics,
        now_ms: Callable[[], int],
        usual: Staleness,
        *,
        newest_hours: int = 1,
    ) -> None:
        self._store = store
        self._now_ms = now_ms
        self._usual = usual
        self._feeds = {
            feed: _FeedLedger(store, metrics, now_ms, feed, newest_hours) for feed in TABULAR
        }

    async def view(
        self,
        feeds: Iterable[str] = tuple(TABULAR),
        days: Days | None = None,
        max_age_ms: int | None = None,
    ) -> LedgerView:
        """The heads of some feeds, at most `max_age_ms` (or the settings) old.

        Raises TransientError.
        """
        limits = self._usual if max_age_ms is None else Staleness(max_age_ms, max_age_ms)
        asked_ms, at_ms = self._now_ms(), list[int]()
        heads: dict[tuple[str, Hour], PublishedHour] = {}
        for feed in feeds:
            found, seen_ms = await self._feeds[feed].heads(days, limits, asked_ms)
            heads |= {(feed, hour): head for hour, head in found.items()}
            at_ms.append(seen_ms)
        return LedgerView(heads, min(at_ms, default=asked_ms))

    async def entry(self, feed: str, hour: Hour) -> LedgerEntry | None:
        """The newest readable version of an hour, whole; None where there is none.

        Raises TransientError.
        """
        prefix = ledger_prefix(feed, hour)
        keys = sorted([item.key async for item in self._store.list(prefix)], reverse=True)
        for key in keys:
            body = await self._store.get(key)
            try:
                return parse_entry(b"" if body is None else body)
            except ValueError as error:
                log.error("ledger_entry_unreadable", key=key, reason=str(error))
        return None

    async def probe(self) -> None:
        """Whether the bucket answers: one GET. Raises TransientError."""
        await self._store.get(_PROBE_KEY)


class _FeedLedger:
    """One feed's part. `enough` published hours at least are in every look at the newest days."""

    def __init__(
        self,
        store: ObjectStore,
        metrics: QueryApiMetrics,
        now_ms: Callable[[], int],
        feed: str,
        enough: int,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._now_ms = now_ms
        self._feed = feed
        self._enough = enough
        self._listings = 0
        self._seen: dict[Hour, tuple[int, str]] = {}
        self._entries: dict[str, PublishedHour | None] = {}
        self._newest: tuple[Days, int] | None = None
        self._next_first = recent_day(now_ms())
        self._looked: dict[Days, int] = {}
        # Who asks for the newest days never waits for somebody who asks for years.
        self._locks: defaultdict[Days | None, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def heads(
        self, days: Days | None, limits: Staleness, asked_ms: int
    ) -> tuple[dict[Hour, PublishedHour], int]:
        """The newest days with those that are asked for, and as of when."""
        newest, at_ms = await self._newest_days(limits.newest_ms, asked_ms)
        wanted = [newest]
        if days is not None and not (newest.first <= days.first and days.last <= newest.last):
            at_ms = min(at_ms, await self._other_days(days, limits.others_ms, asked_ms))
            wanted.append(days)
        return {
            hour: head
            for hour, (_, key) in self._seen.items()
            if any(one.has(hour) for one in wanted) and (head := self._entries[key])
        }, at_ms

    async def _newest_days(self, limit_ms: int, asked_ms: int) -> tuple[Days, int]:
        async with self._locks[None]:
            # Who waited behind another look takes its answer, if that look began later.
            if self._newest is None or self._newest[1] + limit_ms < asked_ms:
                self._newest = await self._look_at_newest()
            return self._newest

    async def _look_at_newest(self) -> tuple[Days, int]:
        at_ms = self._now_ms()
        recent = recent_day(at_ms)
        days = since(min(self._next_first, recent))
        while True:
            await self._list(days)
            heads = {
                (self._feed, hour): head
                for hour, (_, key) in self._seen.items()
                if days.has(hour) and (head := self._entries[key])
            }
            found = newest_hours(heads, self._feed, self._enough)
            earlier = day_before(days.first, at_ms)
            if len(found) == self._enough or earlier is None:
                break
            # Nothing was published for days: what was last is still the newest.
            days = since(earlier)
        enough = len(found) == self._enough
        self._next_first = min(recent, found[-1].dt) if enough else ALL_DAYS.first
        self._show(heads)
        return days, at_ms

    async def _other_days(self, days: Days, limit_ms: int, asked_ms: int) -> int:
        async with self._locks[days]:
            seen_ms = self._looked.get(days)
            if seen_ms is None or seen_ms + limit_ms < asked_ms:
                seen_ms = self._now_ms()
                await self._list(days)
                self._looked = {
                    one: ms for one, ms in self._looked.items() if ms + limit_ms >= asked_ms
                } | {days: seen_ms}
        if not self._locks[days].locked():
            del self._locks[days]
        return seen_ms

    async def _list(self, days: Days) -> None:
        """List the keys of some days, and read the entries that are new."""
        self._listings += 1
        this = self._listings
        prefix, keys = f"{LEDGER_PREFIX}feed={self._feed}/", []
        async for item in self._store.list(prefix, f"{prefix}dt={days.first}"):
            if item.key[len(prefix) :].split("/")[0] > f"dt={days.last}":
                break
            keys.append(item.key)
        found = {hour: key for (_, hour), key in head_keys(keys).items()}
        new = [key for key in found.values() if key not in self._entries]
        read = dict(zip(new, await fan_out(self._read, new, _READS_AT_ONCE), strict=True))
        # A listing that began later may have ended before this one: what it saw is newer.
        seen = {
            hour: (listing, key)
            for hour, (listing, key) in self._seen.items()
            if listing > this or not days.has(hour)
        }
        self._seen = {hour: (this, key) for hour, key in found.items()} | seen
        entries = read | self._entries
        self._entries = {key: entries[key] for _, key in self._seen.values()}

    async def _read(self, key: str) -> PublishedHour | None:
        body = await self._store.get(key)
        if body is None:
            raise TransientError(f"{key} was listed but no longer exists")
        try:
            return published(parse_entry(body))
        except ValueError as error:
            # Not published as far as answers go; the alarm is the runner's and this metric's.
            log.error("ledger_entry_unreadable", key=key, reason=str(error))
            self._metrics.ledger_unreadable.inc()
            return None

    def _show(self, heads: Heads) -> None:
        newest_ms, mark_ms = (
            newest_received_ms(heads, self._feed),
            watermark_ms(heads, self._feed),
        )
        if newest_ms is not None:
            self._metrics.newest_received.labels(self._feed).set(newest_ms / 1000)
        if mark_ms is not None:
            self._metrics.watermark.labels(self._feed).set(mark_ms / 1000)
