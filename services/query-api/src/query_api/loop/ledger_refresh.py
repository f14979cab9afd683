"""The newest days of the ledger, looked at in the background while somebody asks.

A request finds a view that is young enough and waits for no listing. While nobody asks nothing is
looked at here, and what a look costs does not grow with the lake (ADR 76).
"""

import asyncio
import math
from collections.abc import Callable, Iterable

from coinlake import logs
from coinlake.errors import TransientError
from coinlake.lifecycle import sleep_or_stop
from query_api.adapters.ledger import LedgerReader

log = logs.get(__name__)

# Who asks twice within so many times the age of a view is likely to ask again.
_ACTIVE_TTLS = 5


class LedgerRefresh:
    """Keeps the view of the feeds that are asked about half as old as it may be."""

    def __init__(self, ledger: LedgerReader, ttl_s: float, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._ttl_s = ttl_s
        self._clock = clock
        self._asked_s: dict[str, tuple[float, float]] = {}

    def asked(self, feeds: Iterable[str]) -> None:
        """Somebody asks about these feeds."""
        now_s = self._clock()
        for feed in feeds:
            _, before_s = self._asked_s.get(feed, (-math.inf, -math.inf))
            self._asked_s[feed] = (before_s, now_s)

    @property
    def active(self) -> list[str]:
        """The feeds that somebody asks about again and again: a lonely question looks itself."""
        since_s = self._clock() - _ACTIVE_TTLS * self._ttl_s
        return sorted(feed for feed, times in self._asked_s.items() if min(times) >= since_s)

    async def watch(self, stop: asyncio.Event) -> None:
        """Look until it is time to stop; at a ttl of 0 every request looks itself."""
        if self._ttl_s == 0:
            await stop.wait()
            return
        while not await sleep_or_stop(stop, self._ttl_s / 4):
            if feeds := self.active:
                await self._look(feeds)

    async def _look(self, feeds: Iterable[str]) -> None:
        try:
            await self._ledger.view(feeds, max_age_ms=int(self._ttl_s * 500))
        except TransientError as error:
            # Who asks next looks itself, and gets the problem.
            log.warning("ledger_not_refreshed", reason=str(error))
