"""The runner's loop: list what no hint told, make batches while hours are due, crawl to audit."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from coinlake import logs
from coinlake.backoff import Backoff
from coinlake.errors import CoinlakeError, InvariantError, NotFoundError, TransientError
from coinlake.lifecycle import Pulse
from etl_runner.core.ports import BusyError
from etl_runner.loop.batch import BatchPipeline, NowMs
from etl_runner.loop.live import LiveViews
from etl_runner.loop.parts import StepParts
from etl_runner.loop.reconcile import Reconcile
from etl_runner.loop.records import RunnerRecords
from etl_runner.loop.run import StoppingError, wait_for

log = logs.get(__name__)

# The loop turns at least this often, so that its pulse says something.
_TURN_S = 1.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds between two listings, two audits by the crawler, two tries for a free slot."""

    reconcile_s: float
    audit_s: float
    busy_s: float


class BatchLoop:
    """Reconciles on time and makes batches in between. `fault` is why it cannot, if so."""

    def __init__(
        self,
        reconcile: Reconcile,
        live: LiveViews,
        pipeline: BatchPipeline,
        records: RunnerRecords,
        parts: StepParts,
        pulse: Pulse,
        now_ms: NowMs,
        rng: random.Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records = records
        self._clock = clock
        self._reconcile = reconcile
        self._live = live
        self._pipeline = pipeline
        self._parts = parts
        self._pulse = pulse
        self._now_ms = now_ms
        self._rng = rng
        self._backoff = Backoff(base_s=0.5, cap_s=30.0)
        self._next_pass = 0.0
        self._next_audit = 0.0
        self._is_listed = False
        self.fault: str | None = "not listed yet"

    async def run(
        self,
        stop: asyncio.Event,
        wake: asyncio.Event,
        rhythm: Rhythm,
        turned: Callable[[], None],
    ) -> None:
        """Turn until `stop`; `turned` is called after each turn that went well."""
        self._next_audit = self._clock() + rhythm.audit_s
        failures = 0
        while not stop.is_set():
            self._pulse.beat()
            try:
                worked = await self._turn(stop, rhythm)
                self.fault, failures = None, 0
            except StoppingError as error:
                log.info("run_left", reason=str(error))
            except BusyError as error:
                # Normal while a run is in flight, and for seconds after it has ended.
                log.info("no_slot_free", reason=str(error))
                await wait_for(stop, rhythm.busy_s * self._rng.uniform(0.5, 1.0))
            except (TransientError, InvariantError, NotFoundError) as error:
                self.fault = str(error)
                if isinstance(error, InvariantError):
                    self._parts.metrics.alarms.labels(reason="promise_broken").inc()
                log.warning("turn_failed", reason=self.fault)
                await self._sleep(stop, self._backoff.delay_s(failures, self._rng))
                failures += 1
            else:
                turned()
                if not worked:
                    await self._idle(wake)

    async def _turn(self, stop: asyncio.Event, rhythm: Rhythm) -> bool:
        missed = await self._missed(rhythm) if self._clock() >= self._next_pass else None
        if self._clock() >= self._next_audit:
            self._next_audit = self._clock() + rhythm.audit_s
            await self._audit()
        try:
            worked = await self._pipeline.turn(stop)
        finally:
            await self._records.save()
        if worked:
            await self._live.advance(self._now_ms())
        if missed is not None:
            raise missed
        return worked

    async def _missed(self, rhythm: Rhythm) -> CoinlakeError | None:
        """A pass; why not all of it could be listed, which holds up no hour that is known.

        Raises that before the first whole pass: what is in the ledger is not known before.
        """
        try:
            await self._pass(rhythm)
        except (TransientError, InvariantError, NotFoundError) as error:
            if not self._is_listed:
                raise
            return error
        self._is_listed = True
        self._next_pass = self._clock() + rhythm.reconcile_s
        return None

    async def _audit(self) -> None:
        """Let the crawler look at the catalog; that it cannot holds up no hour."""
        try:
            await self._parts.tables.crawl("audit")
        except TransientError as error:
            log.warning("audit_failed", reason=str(error))

    async def _pass(self, rhythm: Rhythm) -> None:
        started = self._clock()
        await self._reconcile.run(self._now_ms(), int(rhythm.reconcile_s * 1000))
        self._parts.metrics.reconcile_seconds.set(self._clock() - started)
        await self._live.advance(self._now_ms())

    async def _idle(self, wake: asyncio.Event) -> None:
        longest_s = min(self._next_pass - self._clock(), _TURN_S)
        look_ms = self._pipeline.next_look_ms()
        now_ms = self._now_ms()
        waits_s = longest_s if look_ms is None else min(longest_s, (look_ms - now_ms) / 1000)
        wake.clear()
        # Never zero: an hour that waits for its promise is looked at, not spun on.
        await wait_for(wake, max(0.05, waits_s))

    async def _sleep(self, stop: asyncio.Event, seconds: float) -> None:
        end = self._clock() + seconds
        while (left := end - self._clock()) > 0 and not stop.is_set():
            self._pulse.beat()
            await wait_for(stop, min(left, _TURN_S))
