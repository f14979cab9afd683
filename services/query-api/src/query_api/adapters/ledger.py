"""The ledger as the service sees it: listed in S3, entries read once, since they never change."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from coinlake import logs
from coinlake.contracts.cloud import LEDGER_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.contracts.ledger import parse_entry
from coinlake.errors import TransientError
from coinlake.fan_out import fan_out
from coinlake.store import ObjectStore
from query_api.core.coverage import (
    Heads,
    PublishedHour,
    head_keys,
    newest_received_ms,
    published,
    watermark_ms,
)
from query_api.metrics import QueryApiMetrics

log = logs.get(__name__)

_READS_AT_ONCE = 16
_RECENT_MS = 48 * HOUR_MS


@dataclass(frozen=True, slots=True)
class LedgerView:
    """The ledger's heads as they were at `at_ms`."""

    heads: Heads
    at_ms: int


class LedgerReader:
    """Heads of all hours. The newest two days are looked at often, all days now and then."""

    def __init__(
        self,
        store: ObjectStore,
        metrics: QueryApiMetrics,
        now_ms: Callable[[], int],
        *,
        ttl_ms: int,
        full_ms: int,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._now_ms = now_ms
        self._ttl_ms = ttl_ms
        self._full_ms = full_ms
        self._lock = asyncio.Lock()
        self._keys: dict[tuple[str, Hour], str] = {}
        self._entries: dict[str, PublishedHour | None] = {}
        self._full_at_ms: int | None = None
        self._view: LedgerView | None = None

    async def view(self, max_age_ms: int | None = None) -> LedgerView:
        """The heads, at most `max_age_ms` (or the setting) old. Raises TransientError."""
        limit_ms = self._ttl_ms if max_age_ms is None else max_age_ms
        asked_ms = self._now_ms()
        async with self._lock:
            # Who waited behind another look takes its answer, if that look began later.
            if self._view is None or self._view.at_ms + limit_ms < asked_ms:
                self._view = await self._look()
            return self._view

    async def _look(self) -> LedgerView:
        at_ms = self._now_ms()
        full = self._full_at_ms is None or self._full_at_ms + self._full_ms <= at_ms
        # An old hour can get a new version at any time, so all days must be listed sometimes.
        keys = await (self._list_all() if full else self._list_recent(at_ms))
        self._keys = head_keys(keys) if full else {**self._keys, **head_keys(keys)}
        new = [key for key in self._keys.values() if key not in self._entries]
        await fan_out(self._read, new, _READS_AT_ONCE)
        wanted = set(self._keys.values())
        self._entries = {key: entry for key, entry in self._entries.items() if key in wanted}
        if full:
            self._full_at_ms = at_ms
        heads = {at: entry for at, key in self._keys.items() if (entry := self._entries[key])}
        self._show(heads)
        return LedgerView(heads, at_ms)

    async def _list_all(self) -> list[str]:
        return [item.key async for item in self._store.list(LEDGER_PREFIX)]

    async def _list_recent(self, at_ms: int) -> list[str]:
        day = hour_of(at_ms - _RECENT_MS).dt
        keys: list[str] = []
        for feed in TABULAR:
            prefix = f"{LEDGER_PREFIX}feed={feed}/"
            keys += [item.key async for item in self._store.list(prefix, f"{prefix}dt={day}")]
        return keys

    async def _read(self, key: str) -> None:
        body = await self._store.get(key)
        if body is None:
            raise TransientError(f"{key} was listed but no longer exists")
        try:
            self._entries[key] = published(parse_entry(body))
        except ValueError as error:
            # Not published as far as answers go; the alarm is the runner's and this metric's.
            log.error("ledger_entry_unreadable", key=key, reason=str(error))
            self._metrics.ledger_unreadable.inc()
            self._entries[key] = None

    def _show(self, heads: Heads) -> None:
        for feed in TABULAR:
            newest_ms, mark_ms = newest_received_ms(heads, feed), watermark_ms(heads, feed)
            if newest_ms is not None:
                self._metrics.newest_received.labels(feed).set(newest_ms / 1000)
            if mark_ms is not None:
                self._metrics.watermark.labels(feed).set(mark_ms / 1000)
