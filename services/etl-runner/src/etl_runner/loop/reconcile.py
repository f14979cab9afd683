"""The pass that finds what no hint told: raw against ledger, ledger against what is published."""

from datetime import UTC, datetime, timedelta

from coinlake import logs
from coinlake.contracts.cloud import CURATED_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import UNKNOWN_HOUR
from coinlake.contracts.raw_layout import parse_raw_key
from coinlake.store import ObjectHead
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.publication import BATCH_ID, VERSION
from etl_runner.loop.lake import LakeReader, ListedRawObject, inputs_of
from etl_runner.metrics import EtlMetrics

log = logs.get(__name__)

_RECENT = timedelta(hours=48)


class Reconcile:
    """Lists the last 48 hours and one older day per pass, so that its cost is bounded."""

    def __init__(self, lake: LakeReader, hours: Hours, metrics: EtlMetrics) -> None:
        self._lake = lake
        self._hours = hours
        self._metrics = metrics
        self._older: list[str] = []
        self._underway: dict[FeedHour, str] = {}
        self.last_pass_ms: int | None = None

    async def run(self, now_ms: int) -> None:
        """One pass. Raises TransientError where the store is away."""
        dates = {feed: await self._lake.dates(feed) for feed in TABULAR}
        recent = _days(now_ms)
        everything = {day for days in dates.values() for day in days}
        older = self._next_older(sorted(everything - recent))
        for feed, days in dates.items():
            for day in days:
                if day in recent or day == older:
                    await self._day(feed, day, now_ms)
        self.last_pass_ms = now_ms

    async def _day(self, feed: str, dt: str, now_ms: int) -> None:
        heads = await self._lake.heads_of_day(feed, dt)
        raw = await self._lake.raw_of_day(feed, dt)
        for hour, objects in raw.items():
            self._promises(hour, objects)
            self._hours.committed(hour, heads.get(hour), now_ms)
            self._hours.listed(hour, inputs_of(objects), now_ms)
        await self._audit(feed, dt, now_ms)

    def _promises(self, hour: FeedHour, objects: list[ListedRawObject]) -> None:
        # Impossible times have an hour of their own, which never moves a watermark.
        if hour.at == UNKNOWN_HOUR:
            return
        topic = TABULAR[hour.feed].topic
        for found in objects:
            partition = _partition(found.item.key)
            if found.meta is not None and partition is not None:
                self._hours.promised(topic, partition, found.meta.complete_to_ms)

    async def _audit(self, feed: str, dt: str, now_ms: int) -> None:
        """Is what is published what the ledger's heads say?"""
        etags: dict[str, str] = {}
        for table in TABULAR[feed].published:
            async for found in self._lake.store.list(f"{CURATED_PREFIX}{table}/dt={dt}/"):
                etags[found.key] = found.etag
        for hour, tracked in self._hours.known():
            if hour.feed != feed or hour.at.dt != dt or tracked.head is None or tracked.repair:
                continue
            wrong = [out.key for out in tracked.head.outputs if etags.get(out.key) != out.etag]
            if wrong:
                await self._differs(hour, wrong, tracked.head.version, now_ms)

    async def _differs(
        self, hour: FeedHour, keys: list[str], version: int, now_ms: int
    ) -> None:
        head = await self._lake.store.head(keys[0])
        if head is not None and _next_version(head, version):
            # Another runner is publishing right now, unless it still is at the next pass:
            # then it died, and a batch over the same base finishes its work first.
            if self._underway.get(hour) == head.etag:
                self._hours.force(hour, now_ms)
            self._underway[hour] = head.etag
            return
        self._metrics.alarms.labels(reason="published_differs").inc()
        log.error("published_differs", hour=str(hour), keys=keys)
        self._hours.repair(hour, now_ms)

    def _next_older(self, days: list[str]) -> str | None:
        """The older days in turn, for ever."""
        if not self._older:
            self._older = days
        return self._older.pop() if self._older else None


def _days(now_ms: int) -> set[str]:
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    first = (now - _RECENT).date()
    # The day after, too: producers' clocks are not ours.
    return {
        (first + timedelta(days=n)).isoformat() for n in range((now.date() - first).days + 2)
    }


def _next_version(head: ObjectHead, version: int) -> bool:
    return bool(head.metadata.get(BATCH_ID)) and head.metadata.get(VERSION) == str(version + 1)


def _partition(key: str) -> int | None:
    named = parse_raw_key(key)
    return None if named is None else named.partition
