"""Names for what lies in a part of the bucket: one that changes with every object that comes.

Objects of the raw zone and of the ledger are written once and never again, so their keys say all.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from coinlake.contracts.cloud import LEDGER_PREFIX
from coinlake.contracts.datasets import DATASETS
from coinlake.contracts.hours import Hour
from coinlake.contracts.raw_layout import hour_prefix, topic_prefix
from coinlake.store import ObjectStore
from query_api.core.days import Days

# 1000 keys a page (S3 API, ListObjectsV2): ten pages are as much as a question may wait for.
_MAX_KEYS = 10_000
_REMEMBERED = 256
# After every key of an hour or a day, and before the next one's: '/' is followed by '0'.
_BEHIND = "0"


@dataclass(frozen=True, slots=True)
class _Part:
    """The keys below a prefix from after `start` to before `end`."""

    prefix: str
    start: str
    end: str


@dataclass(slots=True)
class _Look:
    """What a part was called at `at_ms`; None where it held too many keys."""

    at_ms: int
    name: str | None


class KeyLooks:
    """Looks at parts of the bucket: each one at a time, and remembered."""

    def __init__(self, store: ObjectStore, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms
        self._looks: OrderedDict[_Part, _Look] = OrderedDict()
        self._locks: dict[_Part, asyncio.Lock] = {}

    async def landed(self, feed: str, after: Hour, max_age_ms: int) -> str | None:
        """The name of what lies in the raw zone behind an hour. Raises TransientError."""
        topic = DATASETS[feed].topic
        start = hour_prefix(topic, after).removesuffix("/") + _BEHIND
        return await self._named(
            _Part(topic_prefix(topic), start, f"{topic_prefix(topic)}~"), max_age_ms
        )

    async def published(self, days: Mapping[str, Days], max_age_ms: int) -> str | None:
        """The name of what is published in some days of some feeds. Raises TransientError."""
        names = []
        for feed in sorted(days):
            prefix = f"{LEDGER_PREFIX}feed={feed}/"
            first, last = f"{prefix}dt={days[feed].first}", f"{prefix}dt={days[feed].last}"
            names.append(await self._named(_Part(prefix, first, last + _BEHIND), max_age_ms))
        if None in names:
            return None
        return hashlib.sha256("\n".join(map(str, names)).encode()).hexdigest()[:16]

    async def _named(self, part: _Part, max_age_ms: int) -> str | None:
        asked_ms = self._now_ms()
        lock = self._locks.setdefault(part, asyncio.Lock())
        try:
            async with lock:
                # Who waited behind another look takes its answer, if that look began later.
                seen = self._looks.get(part)
                if seen is None or seen.at_ms + max_age_ms < asked_ms:
                    seen = _Look(self._now_ms(), await self._listed(part))
                    self._remember(part, seen)
                return seen.name
        finally:
            if not lock.locked():
                self._locks.pop(part, None)

    async def _listed(self, part: _Part) -> str | None:
        digest, count = hashlib.sha256(), 0
        async for item in self._store.list(part.prefix, part.start):
            if item.key >= part.end:
                break
            count += 1
            if count > _MAX_KEYS:
                return None
            digest.update(item.key.encode() + b"\n")
        return digest.hexdigest()[:16]

    def _remember(self, part: _Part, look: _Look) -> None:
        self._looks[part] = look
        self._looks.move_to_end(part)
        if len(self._looks) > _REMEMBERED:
            self._looks.popitem(last=False)
