"""The pass that finds what no hint told, and brings the hours that are tracked up to it."""

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from coinlake import logs
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import UNKNOWN_HOUR
from coinlake.contracts.raw_layout import parse_raw_key
from coinlake.errors import InvariantError, NotFoundError, TransientError
from etl_runner.core.batch import FoundHour, ListedRawObject
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.trail import Mark
from etl_runner.loop.differing import Told, digest_of_day, registered, see_to
from etl_runner.loop.find import list_day, read_day
from etl_runner.loop.parts import StepParts
from etl_runner.loop.records import RunnerRecords
from etl_runner.loop.setting_aside import set_aside

log = logs.get(__name__)

_RECENT = timedelta(hours=48)
# Passes: an hour of them by default.
_SHORTEST_ROUND = 4
# So many days after each other that cannot be listed: the store is away, and not something of a day.
_MOST_FAILURES = 4
_Day = tuple[str, str]
"""A feed and a day of it, `YYYY-MM-DD`."""


@dataclass(slots=True)
class _Pass:
    """The pass that is under way, or that was last."""

    recent: Collection[str] = ()
    days: Collection[str] = ()
    """All that it is to list: the recent, an older one, those of hours that are open."""
    left: deque[_Day] = field(default_factory=deque)
    began_ms: int = 0
    is_interrupted: bool = False


class Reconcile:
    """Lists the last 48 hours and one older day per pass, so that its cost is bounded.

    The days of hours that fail or were ordered are listed as well: there are few of them. A day that
    cannot be listed holds up no other: the pass goes on, and comes back to it.
    """

    def __init__(self, parts: StepParts, hours: Hours, records: RunnerRecords) -> None:
        self._parts = parts
        self._hours = hours
        self._records = records
        self._pass = _Pass()
        self._older: list[str] = []
        self._unlisted: set[str] | None = None
        self._round_ends_in = 0
        self._underway: dict[FeedHour, str] = {}
        self._told = Told(parts)
        self._whole: dict[tuple[str, str], str] = {}
        """The older days in which nothing differed, by the name of what was there."""
        self._promising: set[str] = set()
        """Topics of which some object was asked what it promises."""

    async def run(self, now_ms: int, every_ms: int = 0) -> None:
        """One pass, or the rest of one that was interrupted less than `every_ms` after it began.

        Raises TransientError or InvariantError where not all of it could be listed.
        """
        await self._records.load(now_ms)
        if not self._pass.left or now_ms - self._pass.began_ms >= every_ms:
            self._pass = await self._begin(now_ms)
        await self._list_what_is_left(self._pass, now_ms)
        self._hours.trail.pass_ended(at_once=not self._pass.is_interrupted)
        if self._unlisted is not None:
            self._unlisted.difference_update(self._pass.days)
        self._hours.passed()
        self._hours.forget(min(self._pass.recent))

    async def _begin(self, now_ms: int) -> _Pass:
        recent = _days(now_ms)
        older = await self._next_older(recent)
        wanted = {hour.at.dt for hour, _ in self._hours.open()}
        days = {*recent, *older, *wanted}
        # By day: a feed that is refused for ever is not what many days after each other are of.
        left = deque((feed, day) for day in sorted(days) for feed in TABULAR)
        self._hours.trail.pass_begins()
        return _Pass(recent, days, left, now_ms)

    async def _list_what_is_left(self, this: _Pass, now_ms: int) -> None:
        failures = 0
        while this.left:
            feed, day = this.left[0]
            try:
                await self._day(feed, day, now_ms, recent=day in this.recent)
            except (TransientError, InvariantError, NotFoundError) as error:
                log.warning("day_not_listed", feed=feed, dt=day, reason=str(error))
                this.left.rotate(-1)
                failures += 1
                if failures >= min(_MOST_FAILURES, len(this.left)):
                    this.is_interrupted = True
                    raise
            else:
                this.left.popleft()
                failures = 0

    def unlisted(self, feed: str) -> Collection[str]:
        """Days of a feed of which nobody knows what is in them now: no pass of this process has listed
        them yet, or the one that is under way could not."""
        left = {day for name, day in self._pass.left if name == feed}
        return left if self._unlisted is None else self._unlisted | left

    async def _day(self, feed: str, dt: str, now_ms: int, *, recent: bool) -> None:
        listed = await list_day(self._parts.lake, feed, dt)
        partitions = await registered(self._parts, feed, dt)
        # Recent days are always read, for their promises.
        name = None if recent else digest_of_day(listed.digest, partitions)
        is_whole = name is not None and self._whole.get((feed, dt)) == name
        if is_whole and not self._is_open(feed, dt):
            return
        accepts = self._records.accepts_missing
        day = await read_day(self._parts.lake, listed, accepts_missing=accepts)
        found = {one.hour: one for one in day.hours}
        # A lake that stands has its newest promises in an older day, and the newest comes first.
        if recent or TABULAR[feed].topic not in self._promising:
            await self._promises(found.values(), now_ms)
        for one in found.values():
            self._found(one, now_ms)
        for hour, tracked in self._hours.known():
            # All of its raw objects are gone, and it was never made.
            if hour.feed == feed and hour.at.dt == dt and hour not in found and tracked.inputs:
                self._hours.listed(hour, {}, now_ms)
        differences = await see_to(self._parts, day.seen, partitions)
        self._told.tell(day.seen, differences)
        if name is not None and not differences:
            self._whole[feed, dt] = name

    def _is_open(self, feed: str, dt: str) -> bool:
        return any(hour.feed == feed and hour.at.dt == dt for hour, _ in self._hours.open())

    def _found(self, one: FoundHour, now_ms: int) -> None:
        if one.trouble is None or not one.trouble.hides_head:
            self._hours.committed(one.hour, one.head, now_ms)
        self._hours.listed(one.hour, one.inputs, now_ms)
        set_aside(self._parts.metrics, self._hours, one.hour, one.trouble)
        if one.head is None:
            return
        tracked = self._hours.get(one.hour)
        is_whole = not one.differing and one.underway is None
        if is_whole and (tracked.repair or tracked.begun_of is not None):
            self._hours.whole(one.hour, now_ms)
        if not tracked.repair:
            self._audit(one, now_ms)

    async def _promises(self, found: Iterable[FoundHour], now_ms: int) -> None:
        """What the newest object of each partition promises: none promises more."""
        newest: dict[int, ListedRawObject] = {}
        topic = ""
        for one in found:
            # Impossible times have an hour of their own, which never moves a watermark.
            if one.hour.at == UNKNOWN_HOUR:
                continue
            topic = TABULAR[one.hour.feed].topic
            for raw in one.objects:
                named = parse_raw_key(raw.item.key)
                if named is not None:
                    before = newest.get(named.partition)
                    if before is None or _position(before) < _position(raw):
                        newest[named.partition] = raw
        looked_at = await self._parts.lake.looked_at(raw.item for raw in newest.values())
        if newest:
            self._promising.add(topic)
        for partition, raw in zip(newest, looked_at, strict=True):
            self._promised(topic, partition, raw, now_ms)

    def _promised(self, topic: str, partition: int, raw: ListedRawObject, now_ms: int) -> None:
        complete_to_ms = None if raw.meta is None else raw.meta.complete_to_ms
        if raw.meta is not None:
            mark = Mark(_position(raw)[0], raw.meta.next_offset, complete_to_ms)
            self._hours.trail.listed(topic, partition, mark)
        if not self._hours.promises.promised(topic, partition, complete_to_ms, now_ms):
            self._parts.metrics.alarms.labels(reason="promise_ahead").inc()
            log.error("promise_ahead", key=raw.item.key, complete_to_ms=complete_to_ms)

    def _audit(self, found: FoundHour, now_ms: int) -> None:
        """Is what is published what the ledger's head says?"""
        hour = found.hour
        if found.underway is not None:
            # Another runner is publishing right now, unless it still is at the next pass:
            # then it died, and a batch over the same base finishes its work first.
            if self._underway.get(hour) == found.underway:
                version = self._hours.get(hour).version
                self._hours.finish(hour, version, now_ms)
            self._underway[hour] = found.underway
            return
        self._underway.pop(hour, None)
        if found.differing:
            self._parts.metrics.alarms.labels(reason="published_differs").inc()
            log.error("published_differs", hour=str(hour), keys=list(found.differing))
            self._hours.repair(hour, now_ms)

    async def _next_older(self, recent: Collection[str]) -> list[str]:
        """The older days in turn, for ever. Which there are is asked once for each round of them."""
        if not self._older and not self._round_ends_in:
            everything = {day for feed in TABULAR for day in await self._parts.lake.dates(feed)}
            self._older = sorted(everything - set(recent))
            if self._unlisted is None:
                self._unlisted = set(self._older)
            # A young lake has few, or none: its days are listed as seldom as those of an old one.
            self._round_ends_in = max(len(self._older), _SHORTEST_ROUND)
        self._round_ends_in -= 1
        return [self._older.pop()] if self._older else []


def _position(raw: ListedRawObject) -> tuple[int, int]:
    named = parse_raw_key(raw.item.key)
    assert named is not None
    return named.epoch, named.link


def _days(now_ms: int) -> set[str]:
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    first = (now - _RECENT).date()
    # The day after, too: producers' clocks are not ours.
    return {
        (first + timedelta(days=n)).isoformat() for n in range((now.date() - first).days + 2)
    }
