"""One batch from choice to commit: freeze, run, verify, publish, announce, clean up."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable

from coinlake import logs
from coinlake.backoff import Backoff
from coinlake.contracts.announcements import Published
from coinlake.contracts.batches import BatchHour, HourResult, Manifest, Result
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import LedgerEntry, result_key
from coinlake.errors import InvariantError
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.plan import Policy, choose, closed_by
from etl_runner.core.ports import Announcer
from etl_runner.core.publication import Closing
from etl_runner.core.verify import faults
from etl_runner.loop.freeze import Freeze
from etl_runner.loop.lake import Lake
from etl_runner.loop.publish import Publish, Work
from etl_runner.loop.run import RunBatch, RunFailedError
from etl_runner.loop.totals import Totals

log = logs.get(__name__)

NowMs = Callable[[], int]


class Batches:
    """Makes batches of dirty hours, one at a time."""

    def __init__(
        self,
        lake: Lake,
        hours: Hours,
        policy: Policy,
        steps: tuple[Freeze, RunBatch, Publish],
        announcer: Announcer,
        totals: Totals,
        failing: "Failing",
        now_ms: NowMs,
    ) -> None:
        self._lake = lake
        self._hours = hours
        self._policy = policy
        self._freeze, self._run, self._publish = steps
        self._announcer = announcer
        self._totals = totals
        self._failing = failing
        self._now_ms = now_ms

    async def turn(self, stop: asyncio.Event) -> bool:
        """Make one batch if some hour is due; whether there was one.

        Raises TransientError (BusyError among them) where it has to be tried again, which is
        safe at every step, and StoppingError when `stop` is set.
        """
        chosen = choose(self._hours, self._policy, self._now_ms())
        if not chosen:
            return False
        manifest = await self._freeze.run(chosen, self._now_ms())
        if manifest is None:
            return True
        started = time.monotonic()
        try:
            result, facts = await self._run.run(manifest, stop)
            accepted = await self._verified(manifest, result)
            work = Work(manifest, result, facts)
            entries = await self._publish.run(work, accepted, self._now_ms())
        except (RunFailedError, InvariantError) as error:
            self._failing.failed(manifest.hours, str(error))
            return True
        self._told(manifest, result, entries, time.monotonic() - started)
        await self._publish.clean(work)
        return True

    async def _verified(self, manifest: Manifest, result: Result) -> list[FeedHour]:
        """The hours whose counts hold; the others fail and the result is not used again."""
        results = {FeedHour(hour.feed, hour.at): hour for hour in result.hours}
        accepted: list[FeedHour] = []
        for hour in manifest.hours:
            name = FeedHour(hour.feed, hour.at)
            wrong = self._wrong(hour, results.get(name))
            if wrong:
                self._failing.failed([hour], f"counts do not add up: {'; '.join(wrong)}")
                await self._lake.store.delete(result_key(manifest.batch_id))
            else:
                accepted.append(name)
        return accepted

    def _wrong(self, hour: BatchHour, result: HourResult | None) -> list[str]:
        if result is None:
            return ["the result does not contain the hour"]
        metas = {item.key: self._lake.meta(item) for item in hour.inputs}
        return faults(hour, result, metas, TABULAR[hour.feed].published)

    def _told(
        self, manifest: Manifest, result: Result, entries: list[LedgerEntry], seconds: float
    ) -> None:
        results = {FeedHour(hour.feed, hour.at): hour for hour in result.hours}
        for entry in entries:
            self._totals.published(entry, results[FeedHour(entry.feed, entry.at)])
            rows = {output.table: output.rows for output in entry.outputs}
            self._announcer.announce(
                Published(entry.feed, entry.dt, entry.hour, entry.version, entry.batch_id, rows)
            )
        log.info(
            "batch_published",
            batch_id=manifest.batch_id,
            hours=[f"{entry.feed}/{entry.dt}/{entry.hour}" for entry in entries],
            rows=sum(entry.counts.rows for entry in entries),
            dropped=len(manifest.hours) - len(entries),
            useful_s=result.useful_ms / 1000,
            seconds=round(seconds, 1),
        )


class Failing:
    """What a failed run means for its hours: alone, later, and after N times parked."""

    def __init__(
        self,
        hours: Hours,
        backoff: Backoff,
        park_after: int,
        totals: Totals,
        now_ms: NowMs,
        rng: random.Random,
    ) -> None:
        self._hours = hours
        self._backoff = backoff
        self._park_after = park_after
        self._totals = totals
        self._now_ms = now_ms
        self._rng = rng

    def failed(self, hours: Iterable[BatchHour], message: str) -> None:
        """Every hour of a failed batch stays dirty and is tried again, by itself."""
        for hour in hours:
            name = FeedHour(hour.feed, hour.at)
            count = self._hours.get(name).failure.count
            # Half the jitter at least: an hour that fails at once must not be tried at once.
            delay_s = self._backoff.delay_s(count, self._rng) / 2
            least_s = min(self._backoff.cap_s, self._backoff.base_s * 2.0 ** min(count, 32)) / 2
            until_ms = self._now_ms() + int((least_s + delay_s) * 1000)
            self._hours.failed(name, message, until_ms, self._park_after)
            tracked = self._hours.get(name)
            self._totals.failed()
            log.error(
                "hour_parked" if tracked.parked else "hour_failed",
                hour=str(name),
                failures=tracked.failure.count,
                reason=message,
            )


def closing_of(
    hours: Hours, policy: Policy, now_ms: NowMs
) -> Callable[[FeedHour, str], Closing]:
    """How far an hour is closed, asked at the moment of its commit from a batch."""

    def close(hour: FeedHour, batch_id: str) -> Closing:
        how = closed_by(hour, hours, policy, now_ms())
        return Closing(how == "heartbeat", how, hours.tables_watermark_ms(hour, batch_id))

    return close
