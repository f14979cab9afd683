"""The keys that may open the service: those of its settings, and those in the bucket, as of seconds ago."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from coinlake import logs
from coinlake.contracts.query_keys import KEYS_PREFIX, entry_key, parse_key_entry
from coinlake.errors import TransientError
from coinlake.fan_out import fan_out
from coinlake.lifecycle import sleep_or_stop
from coinlake.store import ObjectStore
from query_api.core.keys import ApiKey, Caller, caller_of, keys_of
from query_api.core.problems import unavailable
from query_api.metrics import QueryApiMetrics

log = logs.get(__name__)

_READS_AT_ONCE = 8
_LOOK_DEADLINE_S = 5.0


@dataclass(frozen=True, slots=True)
class KeyPace:
    """How often the bucket is looked at, and how long its keys hold where it cannot be, in seconds."""

    look_s: float
    keep_s: float


class KeyReader:
    """One listing a look; only entries whose ETag is new are read. One that cannot be is left out."""

    def __init__(
        self,
        store: ObjectStore,
        metrics: QueryApiMetrics,
        now_ms: Callable[[], int],
        from_settings: tuple[ApiKey, ...],
        pace: KeyPace,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._now_ms = now_ms
        self._from_settings = from_settings
        self._pace = pace
        self._entries: dict[str, tuple[str, tuple[ApiKey, ...]]] = {}
        self._looked_at_ms: int | None = None
        self.reason: str | None = "not asked yet"

    def caller(self, presented: str) -> Caller | None:
        """Whose key this is; None where it opens nothing.

        Raises ProblemError (503) where only a look at the bucket could tell, and the last is too long ago.
        """
        now_ms = self._now_ms()
        stored = [key for _, keys in self._entries.values() for key in keys]
        is_known = not self._is_too_old(now_ms)
        found = caller_of(
            [*self._from_settings, *(stored if is_known else ())], presented, now_ms
        )
        if found is None and not is_known:
            raise unavailable("the store of API keys")
        return found

    def age_s(self) -> float:
        """Seconds since the bucket's keys were read; since the epoch where they never were."""
        return max(0.0, (self._now_ms() - (self._looked_at_ms or 0)) / 1000)

    async def look(self) -> None:
        """Read what is new. Never raises: what it met is in `reason`, the log and the metrics."""
        began_ms = self._now_ms()
        try:
            async with asyncio.timeout(_LOOK_DEADLINE_S):
                listed = [one async for one in self._store.list(KEYS_PREFIX)]
                found = {one.key: one.etag for one in listed}
                new = [key for key, etag in found.items() if self._etag(key) != etag]
                # fan_out ends with the first error: nothing of this look is taken over then.
                bodies = await fan_out(self._read, new, _READS_AT_ONCE)
        except (TransientError, TimeoutError) as error:
            self.reason = f"the API keys cannot be read: {str(error) or 'deadline'}"
            self._metrics.key_read_failures.labels("store").inc()
            log.warning("keys_not_read", reason=str(error) or "deadline")
            return
        read = dict(zip(new, bodies, strict=True))
        self._entries = {
            key: (etag, read[key]) if key in read else self._entries[key]
            for key, etag in found.items()
        }
        self._looked_at_ms, self.reason = began_ms, None

    async def watch(self, stop: asyncio.Event) -> None:
        """Look until it is time to stop."""
        while not stop.is_set():
            await self.look()
            await sleep_or_stop(stop, self._pace.look_s)

    def _is_too_old(self, now_ms: int) -> bool:
        if self._looked_at_ms is None:
            return True
        return now_ms - self._looked_at_ms > self._pace.keep_s * 1000

    def _etag(self, key: str) -> str | None:
        known = self._entries.get(key)
        return None if known is None else known[0]

    async def _read(self, key: str) -> tuple[ApiKey, ...]:
        body = await self._store.get(key)
        if body is None:
            return ()  # deleted since it was listed
        try:
            entry = parse_key_entry(body)
            if entry_key(entry.name) != key:
                raise ValueError("the entry is of another name than its object")
        except ValueError as error:
            self._metrics.key_read_failures.labels("entry").inc()
            log.error("key_entry_unreadable", key=key, reason=str(error))
            return ()
        return keys_of(entry)
