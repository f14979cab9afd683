"""One batch from choice to commit: freeze, run, verify, publish, announce, clean up."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coinlake import logs
from coinlake.contracts.announcements import Published
from coinlake.contracts.batches import Manifest
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import LedgerEntry
from coinlake.errors import InvariantError
from etl_runner.core.batch import (
    ClosingOf,
    CommitTerms,
    FinishedBatch,
    FrozenBatch,
    PublicationOutcome,
    SeenHour,
    WantedHour,
)
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.plan import (
    PlanningPolicy,
    choose,
    closed_by,
    next_look_ms,
)
from etl_runner.core.ports import PublicationAnnouncer, TablePublisher
from etl_runner.core.publication import OF_STAGED, Closing
from etl_runner.core.runs import GlueRun
from etl_runner.loop.failing import Failing
from etl_runner.loop.freeze import freeze
from etl_runner.loop.parts import StepParts
from etl_runner.loop.refusals import refuse
from etl_runner.loop.run import RunFailedError, RunWatch, Timing, run
from etl_runner.loop.setting_aside import set_aside
from etl_runner.loop.totals import Totals
from etl_runner.loop.verify import verify

log = logs.get(__name__)

NowMs = Callable[[], int]


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """By what batches are chosen, frozen and run."""

    policy: PlanningPolicy
    code_version: str
    max_skew_ms: int
    timing: Timing


class BatchPipeline:
    """Makes batches of dirty hours, one at a time, and keeps the tracked hours up to them."""

    def __init__(
        self,
        parts: StepParts,
        hours: Hours,
        terms: BatchTerms,
        publisher: TablePublisher,
        announcer: PublicationAnnouncer,
        totals: Totals,
        failing: Failing,
        now_ms: NowMs,
        beat: Callable[[], None],
        accepts_missing: Callable[[FeedHour], bool] = lambda _: False,
    ) -> None:
        self._parts = parts
        self._hours = hours
        self._terms = terms
        self._publisher = publisher
        self._announcer = announcer
        self._totals = totals
        self._failing = failing
        self._now_ms = now_ms
        self._watch = RunWatch(beat, self._seen)
        self._closing_of = closing_of(hours, terms.policy, now_ms)
        self._had_others = False
        self._accepts_missing = accepts_missing
        self.current: GlueRun | None = None

    async def turn(self, stop: asyncio.Event) -> bool:
        """Make one batch if some hour is due; whether there was one.

        Raises TransientError (BusyError among them) where it has to be tried again, which is
        safe at every step, and StoppingError when `stop` is set.
        """
        chosen = choose(
            self._hours,
            self._terms.policy,
            self._now_ms(),
            trial_first=self._had_others,
            held_until_ms=self._failing.held_until_ms,
        )
        if chosen is None:
            return False
        self._had_others = not chosen.is_trial
        manifest = await self._frozen(chosen.hours, self._now_ms())
        if manifest is None:
            return True
        started = time.monotonic()
        names = [FeedHour(hour.feed, hour.at) for hour in manifest.hours]
        try:
            batch = await run(self._parts, manifest, stop, self._terms.timing, self._watch)
        except RunFailedError as error:
            self._failing.run_failed(names, str(error))
            return True
        except InvariantError as error:
            # The result is none, or of a later version; no half of the batch would read it better.
            await refuse(self._parts, manifest.batch_id, names, str(error))
            for name in names:
                self._failing.hour_failed(name, str(error))
            return True
        accepted = await self._accepted(batch)
        self._failing.run_held(names)
        outcomes = await self._published(batch, accepted)
        entries = [outcome.entry for outcome in outcomes if outcome.entry is not None]
        self._told(batch, entries, time.monotonic() - started)
        if not any(outcome.waits for outcome in outcomes):
            await self._publisher.clean(manifest.batch_id)
        return True

    def next_look_ms(self) -> int | None:
        """When the next hour may become due by itself; None where nothing waits."""
        look_ms = next_look_ms(self._hours, self._terms.policy, self._now_ms())
        return None if look_ms is None else max(look_ms, self._failing.held_until_ms)

    async def _frozen(self, chosen: Sequence[FeedHour], now_ms: int) -> Manifest | None:
        # Before the listings: whatever was received until then is stored, and so is listed.
        positions = {
            name: self._hours.watermark_ms(feed.topic) for name, feed in TABULAR.items()
        }
        frozen = await self._freeze(chosen)
        for seen in frozen.seen:
            self._seen_hour(seen, now_ms)
        if frozen.manifest is not None:
            for hour in frozen.manifest.hours:
                name = FeedHour(hour.feed, hour.at)
                self._hours.frozen(name, frozen.manifest.batch_id, positions[hour.feed])
        return frozen.manifest

    async def _freeze(self, chosen: Sequence[FeedHour]) -> FrozenBatch:
        return await freeze(
            self._parts,
            [self._wanted(hour) for hour in chosen],
            code_version=self._terms.code_version,
            max_skew_ms=self._terms.max_skew_ms,
            accepts_missing=self._accepts_missing,
        )

    def _wanted(self, hour: FeedHour) -> WantedHour:
        tracked = self._hours.get(hour)
        # The rows of one that is closed are the same again: a run is how a version is made.
        forced = tracked.forced or self._hours.closable(hour)
        return WantedHour(hour, tracked.version, forced, tracked.repair)

    def _seen_hour(self, seen: SeenHour, now_ms: int) -> None:
        if seen.trouble is None or not seen.trouble.hides_head:
            self._hours.committed(seen.hour, seen.head, now_ms)
            self._hours.listed(seen.hour, seen.inputs, now_ms)
        set_aside(self._parts.metrics, self._hours, seen.hour, seen.trouble)

    def _seen(self, run: GlueRun) -> None:
        is_active = run.outcome == "active"
        self.current = run if is_active else None
        if not is_active:
            self._totals.ended(run)

    async def _accepted(self, batch: FinishedBatch) -> tuple[FeedHour, ...]:
        verification = await verify(self._parts, batch)
        for hour, wrong in verification.faults.items():
            said = f"counts do not add up: {'; '.join(wrong)}"
            self._failing.hour_failed(hour, said)
        return verification.accepted

    async def _published(
        self, batch: FinishedBatch, accepted: Sequence[FeedHour]
    ) -> Sequence[PublicationOutcome]:
        now_ms = self._now_ms()
        terms = CommitTerms(self._closing_of, now_ms, lambda one: self._became(one, now_ms))
        return await self._publisher.publish(batch, accepted, terms)

    def _became(self, outcome: PublicationOutcome, now_ms: int) -> None:
        # At once: how far the next hour is closed depends on it.
        if outcome.waits is not None:
            self._failing.waits(outcome.hour, outcome.waits)
            return
        if outcome.refused in OF_STAGED:
            said = f"what the run staged is of no use: {outcome.refused}"
            self._failing.hour_failed(outcome.hour, said)
        if outcome.entry is not None:
            self._hours.covered(outcome.hour, outcome.entry.batch_id)
        if outcome.refused == "foreign":
            self._hours.repair(outcome.hour, now_ms)
        if outcome.refused == "outranked":
            self._failing.waits(outcome.hour, "a newer job publishes the hour")
        self._hours.committed(outcome.hour, outcome.head, now_ms)

    def _told(
        self, batch: FinishedBatch, entries: Sequence[LedgerEntry], seconds: float
    ) -> None:
        for entry in entries:
            self._totals.published(entry, batch.results[FeedHour(entry.feed, entry.at)])
            rows = {output.table: output.rows for output in entry.outputs}
            self._announcer.announce(
                Published(entry.feed, entry.dt, entry.hour, entry.version, entry.batch_id, rows)
            )
        log.info(
            "batch_published",
            batch_id=batch.manifest.batch_id,
            hours=[f"{entry.feed}/{entry.dt}/{entry.hour}" for entry in entries],
            rows=sum(entry.counts.rows for entry in entries),
            dropped=len(batch.manifest.hours) - len(entries),
            useful_s=batch.result.useful_ms / 1000,
            seconds=round(seconds, 1),
        )


def closing_of(hours: Hours, policy: PlanningPolicy, now_ms: NowMs) -> ClosingOf:
    """How far an hour is closed, asked at the moment of its commit from a batch."""

    def close(hour: FeedHour, batch_id: str) -> Closing:
        how = closed_by(hour, batch_id, hours, policy, now_ms())
        return Closing(how == "heartbeat", how, hours.tables_watermark_ms(hour, batch_id))

    return close
