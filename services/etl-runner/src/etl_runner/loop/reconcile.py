"""The pass that finds what no hint told, and brings the hours that are tracked up to it."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from coinlake import logs
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import UNKNOWN_HOUR
from coinlake.contracts.raw_layout import parse_raw_key
from etl_runner.core.batch import FoundHour
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.loop.find import find
from etl_runner.loop.parts import StepParts

log = logs.get(__name__)

_RECENT = timedelta(hours=48)
# Passes: an hour of them by default.
_SHORTEST_ROUND = 4


class Reconcile:
    """Lists the last 48 hours and one older day per pass, so that its cost is bounded."""

    def __init__(self, parts: StepParts, hours: Hours) -> None:
        self._parts = parts
        self._hours = hours
        self._older: list[str] = []
        self._round_ends_in = 0
        self._underway: dict[FeedHour, str] = {}

    async def run(self, now_ms: int) -> None:
        """One pass. Raises TransientError where the store is away."""
        recent = _days(now_ms)
        older = await self._next_older(recent)
        for feed in TABULAR:
            for day in sorted({*recent, *older}):
                await self._day(feed, day, now_ms, recent=day in recent)

    async def _day(self, feed: str, dt: str, now_ms: int, *, recent: bool) -> None:
        hours = await find(self._parts, feed, dt, promises=recent)
        found = {one.hour: one for one in hours}
        for one in found.values():
            if one.objects:
                self._promises(one)
                self._hours.committed(one.hour, one.head, now_ms)
                self._hours.listed(one.hour, one.inputs, now_ms)
        for hour, tracked in self._hours.known():
            if hour in found and tracked.head is not None and not tracked.repair:
                self._audit(found[hour], now_ms)

    def _promises(self, found: FoundHour) -> None:
        # Impossible times have an hour of their own, which never moves a watermark.
        if found.hour.at == UNKNOWN_HOUR:
            return
        topic = TABULAR[found.hour.feed].topic
        for one in found.objects:
            partition = _partition(one.item.key)
            if one.meta is not None and partition is not None:
                self._hours.promised(topic, partition, one.meta.complete_to_ms)

    def _audit(self, found: FoundHour, now_ms: int) -> None:
        """Is what is published what the ledger's head says?"""
        hour = found.hour
        if found.underway is not None:
            # Another runner is publishing right now, unless it still is at the next pass:
            # then it died, and a batch over the same base finishes its work first.
            if self._underway.get(hour) == found.underway:
                self._hours.force(hour, now_ms)
            self._underway[hour] = found.underway
        elif found.differing:
            self._parts.metrics.alarms.labels(reason="published_differs").inc()
            log.error("published_differs", hour=str(hour), keys=list(found.differing))
            self._hours.repair(hour, now_ms)

    async def _next_older(self, recent: Collection[str]) -> list[str]:
        """The older days in turn, for ever. Which there are is asked once for each round of them."""
        if not self._older and not self._round_ends_in:
            everything = {day for feed in TABULAR for day in await self._parts.lake.dates(feed)}
            self._older = sorted(everything - set(recent))
            # A young lake has few, or none: its days are listed as seldom as those of an old one.
            self._round_ends_in = max(len(self._older), _SHORTEST_ROUND)
        self._round_ends_in -= 1
        return [self._older.pop()] if self._older else []


def _days(now_ms: int) -> set[str]:
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    first = (now - _RECENT).date()
    # The day after, too: producers' clocks are not ours.
    return {
        (first + timedelta(days=n)).isoformat() for n in range((now.date() - first).days + 2)
    }


def _partition(key: str) -> int | None:
    named = parse_raw_key(key)
    return None if named is None else named.partition
