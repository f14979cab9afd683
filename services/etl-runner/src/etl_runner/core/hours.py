"""The hours that the runner knows: what is raw, what is committed, what failed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from coinlake.contracts.batches import BatchInput
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import UNKNOWN_HOUR
from coinlake.contracts.ledger import LedgerEntry
from etl_runner.core.suspects import Suspects
from etl_runner.core.tracked import Failure, FeedHour, Tracked, Wait, differs
from etl_runner.core.trail import Trail
from etl_runner.core.watermarks import Promises

__all__ = ["Failure", "FeedHour", "Hours", "Tracked", "differs"]


class Hours:
    """All hours by name. Times are arguments, in ms since the epoch, UTC."""

    def __init__(self) -> None:
        self._tracked: dict[FeedHour, Tracked] = {}
        self._open: set[FeedHour] = set()
        self.promises = Promises()
        self.trail = Trail()
        self.suspects = Suspects()
        self.last_success_ms = 0
        """When a run last gave a result that held."""

    def known(self) -> Iterable[tuple[FeedHour, Tracked]]:
        """Every hour, oldest first."""
        return self._sorted(self._tracked)

    def open(self) -> Iterable[tuple[FeedHour, Tracked]]:
        """The hours with something to do or to see to, oldest first: few, however old the lake."""
        return self._sorted(self._open)

    def get(self, hour: FeedHour) -> Tracked:
        """What is known of an hour, nothing at first."""
        return self._tracked.setdefault(hour, Tracked())

    def passed(self) -> None:
        """Everything was listed: hours that the stream has passed since they were published are open."""
        for hour in self._tracked:
            self._keep_open(hour)

    def forget(self, before_dt: str) -> None:
        """Hours of days before this one in which there is nothing to do are looked up again."""
        old = [
            hour
            for hour, tracked in self._tracked.items()
            if hour.at.dt < before_dt and hour not in self._open and not tracked.hinted_ms
        ]
        for hour in old:
            del self._tracked[hour]

    def listed(self, hour: FeedHour, inputs: Mapping[str, BatchInput], now_ms: int) -> None:
        """The hour's raw objects in a listing that began at `now_ms`.

        Objects that were announced since are kept: the listing may have missed them.
        """
        tracked = self.get(hour)
        since = {key for key, ms in tracked.hinted_ms.items() if ms >= now_ms}
        newer = {key: item for key, item in tracked.inputs.items() if key in since}
        tracked.hinted_ms = {key: tracked.hinted_ms[key] for key in newer}
        tracked.inputs = {**newer, **inputs}
        for key in inputs:
            self.promises.seen_in(key)
        self._age(hour, now_ms)

    def landed(self, hour: FeedHour, item: BatchInput, now_ms: int) -> None:
        """A hint that an object is there; the listing has the last word."""
        tracked = self.get(hour)
        tracked.inputs[item.key] = item
        self.promises.seen_in(item.key)
        tracked.hinted_ms[item.key] = now_ms
        self._age(hour, now_ms)

    def committed(self, hour: FeedHour, head: LedgerEntry | None, now_ms: int) -> None:
        """The ledger's head of an hour; a newer one ends what was wanted of the older one."""
        tracked = self.get(hour)
        if head is not None:
            self._ended(hour, tracked, head)
        tracked.head = head
        self._age(hour, now_ms)

    def force(self, hour: FeedHour, version: int, now_ms: int) -> None:
        """Rebuild this version of the hour, also without changed inputs; if it fails it waits."""
        tracked = self.get(hour)
        tracked.forced_of = version
        self._age(hour, now_ms)

    def finish(self, hour: FeedHour, version: int, now_ms: int) -> None:
        """Somebody published over this version and did not commit: a batch over it commits that first."""
        tracked = self.get(hour)
        tracked.begun_of = version
        self._age(hour, now_ms)

    def repair(self, hour: FeedHour, now_ms: int) -> None:
        """What is published is not what the ledger says: rebuild over what is there."""
        tracked = self.get(hour)
        tracked.repair = True
        self._age(hour, now_ms)

    def whole(self, hour: FeedHour, now_ms: int) -> None:
        """What is published is what the ledger says, again: there is nothing to repair or to finish.

        Where nothing else was to be done either, the hour has not failed any more.
        """
        tracked = self.get(hour)
        tracked.repair, tracked.begun_of = False, None
        if not tracked.dirty:
            tracked.failure = Failure()
        self._age(hour, now_ms)

    def set_aside(self, hour: FeedHour, reason: str | None) -> bool:
        """Nothing may be done with the hour for this reason, or again; whether that is news."""
        tracked = self.get(hour)
        is_news = tracked.aside != reason
        tracked.aside = reason
        self._keep_open(hour)
        return is_news

    def retry(self, hour: FeedHour) -> bool:
        """A command: try a parked or failing hour now; False where there is none."""
        tracked = self._tracked.get(hour)
        if tracked is None or not tracked.failure.count:
            return False
        tracked.failure = Failure(tracked.failure.version)
        self._keep_open(hour)
        return True

    def failed(self, hour: FeedHour, failure: Failure) -> None:
        """The hour failed by itself; from now on it is tried alone."""
        self.get(hour).failure = failure
        self._keep_open(hour)

    def waits(self, hour: FeedHour, wait: Wait) -> None:
        """Something that the hour needs is away; that is no failure of the hour."""
        self.get(hour).wait = wait

    def succeeded(self, hours: Iterable[FeedHour], now_ms: int) -> None:
        """A run gave results that hold: what failed while none did may be tried at once."""
        had_success_ms, self.last_success_ms = self.last_success_ms, now_ms
        done = set(hours)
        for hour, tracked in self.open():
            failure = tracked.failure
            if failure.count and hour not in done and failure.since_ms > had_success_ms:
                tracked.failure = replace(failure, not_before_ms=now_ms, changed_ms=now_ms)

    def frozen(self, hour: FeedHour, batch_id: str, position_ms: int | None) -> None:
        """The hour is part of a batch; its listing began with the stream at this position."""
        found = None if position_ms is None else (batch_id, position_ms)
        self.get(hour).frozen = found

    def tables_watermark_ms(self, hour: FeedHour, batch_id: str) -> int | None:
        """Up to where the feed's tables are complete once the hour is committed from a batch.

        Whatever was received before it is in them: of this hour by its own listing, and no other
        hour of the feed lacks anything older, as far as all raw objects are known. None where the
        batch was frozen by somebody else.
        """
        frozen, topic = self.get(hour).frozen, TABULAR[hour.feed].topic
        known_ms = self.trail.complete_to_ms(topic, self.promises.partitions(topic))
        if frozen is None or frozen[0] != batch_id or known_ms is None:
            return None
        lacking = [
            max(other.at.start_ms, tracked.covered_ms)
            for other, tracked in self.open()
            if other.feed == hour.feed
            and other != hour
            and (tracked.dirty or tracked.aside is not None)
            # Impossible times are no part of the stream's time.
            and other.at != UNKNOWN_HOUR
        ]
        return min(frozen[1], known_ms, *lacking)

    def covered(self, hour: FeedHour, batch_id: str) -> None:
        """The hour was committed from a batch: what was received before its listing is in."""
        tracked = self.get(hour)
        if tracked.frozen is not None and tracked.frozen[0] == batch_id:
            tracked.covered_ms = max(tracked.covered_ms, tracked.frozen[1])

    def complete(self, hour: FeedHour) -> bool:
        """Whether every partition of the topic has promised to send nothing more for it."""
        if not self.get(hour).inputs:
            return False
        mark_ms = self.promises.watermark_ms(TABULAR[hour.feed].topic)
        return mark_ms is not None and mark_ms >= hour.at.end_ms

    def closable(self, hour: FeedHour) -> bool:
        """Whether all is left to say that the hour is complete: it was published before every
        partition had promised so, and nothing has come for it since."""
        tracked = self.get(hour)
        is_open = tracked.head is not None and not tracked.head.complete
        return is_open and not tracked.dirty and self.complete(hour)

    def complete_with(self, hour: FeedHour, batch_id: str) -> bool:
        """Whether a batch has all that the hour will ever have: every partition had promised so before
        the hour was listed for it. Nobody knows of a batch that was frozen by somebody else."""
        frozen = self.get(hour).frozen
        return frozen is not None and frozen[0] == batch_id and frozen[1] >= hour.at.end_ms

    def watermark_ms(self, topic: str) -> int | None:
        """Up to where every partition of a topic is complete; None where one has not promised."""
        return self.promises.watermark_ms(topic)

    def _ended(self, hour: FeedHour, tracked: Tracked, head: LedgerEntry) -> None:
        """What a version of the hour has ended."""
        if tracked.failure.ended_by(head):
            tracked.failure = Failure()
        if tracked.forced_of is not None and head.version > tracked.forced_of:
            tracked.forced_of = None
        if tracked.begun_of is not None and head.version > tracked.begun_of:
            tracked.begun_of = None
        if head.version > tracked.version:
            tracked.repair = False
            tracked.wait = Wait()
            tracked.dirty_since_ms = None
            self.suspects.drop(hour)
        if head.watermark_ms is not None:
            # Whatever was received before it is in the feed's tables, so in this hour's.
            tracked.covered_ms = max(tracked.covered_ms, head.watermark_ms)

    def _age(self, hour: FeedHour, now_ms: int) -> None:
        tracked = self._tracked[hour]
        if not tracked.dirty:
            tracked.dirty_since_ms = None
        elif tracked.dirty_since_ms is None:
            tracked.dirty_since_ms = now_ms
        self._keep_open(hour)

    def _keep_open(self, hour: FeedHour) -> None:
        tracked = self._tracked[hour]
        is_wanted = tracked.dirty or self.closable(hour)
        if not is_wanted or tracked.aside is not None:
            # It can be in no run, and those that are suspected with it must not wait for it.
            self.suspects.drop(hour)
        if is_wanted or tracked.failure.count or tracked.aside is not None:
            self._open.add(hour)
        else:
            self._open.discard(hour)

    def _sorted(self, names: Iterable[FeedHour]) -> list[tuple[FeedHour, Tracked]]:
        found = sorted(names, key=lambda hour: (hour.at, hour.feed))
        return [(hour, self._tracked[hour]) for hour in found]
