"""The loop of one page: wait for its tick, see whether it may be asked, ask, name what it missed."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from coinlake import logs
from coinlake.contracts.missed_ticks import Cause
from coinlake.errors import TransientError
from coinlake.lifecycle import Pulse, sleep_or_stop
from ingestor.adapters.journal import Journal
from ingestor.core.credits import NoCreditsError
from ingestor.core.entries import TickMark, TickOutcome
from ingestor.core.feed_ticks import FeedTicks
from ingestor.core.gates import PageGate
from ingestor.core.missed_ticks import MissedRun, joined
from ingestor.core.schedule import Missed, Tick, anchored, due_tick, resume
from ingestor.loop.budget import Budget, PagePlan
from ingestor.loop.concurrency import ConcurrencyLimit
from ingestor.loop.gating import Gating
from ingestor.loop.poll import PollAttempt
from ingestor.loop.stamps import Stamps
from ingestor.metrics import IngestorMetrics

log = logs.get(__name__)

# The plan moves with every answer and every month: look at it again at least this often.
_LOOK_AGAIN_S = 5.0


class MissedTickLog:
    """The missed ticks of one page: counted at once, journaled as soon as the disk takes them."""

    def __init__(
        self,
        plan: PagePlan,
        journal: Journal,
        stamps: Stamps,
        producer: str,
        metrics: IngestorMetrics,
    ) -> None:
        self._page = plan.page
        self._journal = journal
        self._stamps = stamps
        self._producer = producer
        self._metrics = metrics
        self._open: list[MissedRun] = []

    @property
    def unnamed(self) -> Sequence[MissedRun]:
        """Those that are not in the journal yet."""
        return tuple(self._open)

    def miss(self, missed: Missed, interval_ms: int, cause: Cause) -> None:
        """Ticks that nobody polled."""
        self._metrics.ticks_missed(self._page.feed.name, cause, missed.count)
        self._open = joined(self._open, MissedRun(self._page, missed, interval_ms, cause))

    def last_tick(self) -> Tick | None:
        """The last tick of the page that has an outcome in the journal."""
        return self._journal.progress.ticks.get(self._page.key)

    async def plan(self, tick: Tick) -> None:
        """Journal where the schedule starts: a first poll that dies is missed by name too."""
        await self._journal.mark(
            TickMark(self._page.feed.name, self._page.key, tick, TickOutcome.PLANNED)
        )

    async def name(self) -> None:
        """Journal them as records of the gaps topic. Raises TransientError; what is left stays."""
        while self._open:
            run = self._open[0]
            last = Tick(run.missed.to_ms, run.interval_ms)
            mark = TickMark(
                self._page.feed.name, self._page.key, last, TickOutcome.MISSED, run.missed.count
            )
            await self._journal.add(run.record(self._stamps.clock(), self._producer), mark)
            self._open.pop(0)
            log.warning("ticks_missed", **run.facts())


class Poller:
    """Polls one page until told to stop. Every due tick ends as an answer, a failure or a missed one."""

    def __init__(
        self,
        plan: PagePlan,
        attempt: PollAttempt,
        gating: Gating,
        budget: Budget,
        missed: MissedTickLog,
        ticks: FeedTicks,
        concurrency: ConcurrencyLimit,
        pulse: Pulse,
    ) -> None:
        self.plan = plan
        self.missed = missed
        self.pulse = pulse
        self._attempt = attempt
        self._gating = gating
        self._budget = budget
        self._ticks = ticks
        self._concurrency = concurrency
        self._clock = gating.clock
        self._last_due_ms = 0
        self.gate = PageGate()

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop`."""
        await self._resume()
        moves = self._clock.moves
        while not stop.is_set():
            self.pulse.beat()
            now_ms = self._clock()
            interval_ms = self._budget.interval_ms(self.plan)
            self._last_due_ms = anchored(self._last_due_ms, now_ms)
            due = due_tick(self._last_due_ms, interval_ms, now_ms)
            if due is None:
                left_ms = self._last_due_ms + interval_ms - now_ms
                await self._wait_until(self._clock.steady_ms() + left_ms, stop)
                continue
            if due.missed is not None:
                was_set = moves != self._clock.moves
                cause = Cause.CLOCK if was_set else Cause.OVERRUN
                self.missed.miss(due.missed, interval_ms, cause)
            moves = self._clock.moves
            self._last_due_ms = due.due_ms
            await self._tick(Tick(due.due_ms, interval_ms), stop)
        await self._name_at_end()

    async def _name_at_end(self) -> None:
        try:
            await self.missed.name()
        except TransientError as error:
            # The next start finds the same ticks missing, only without their cause.
            log.error("gaps_unnamed", page=self.plan.page.key, reason=str(error))

    async def _resume(self) -> None:
        interval_ms = self._budget.interval_ms(self.plan)
        last = self.missed.last_tick()
        resumed = resume(last, interval_ms, self._clock())
        if last is not None and resumed.missed is not None:
            self.missed.miss(resumed.missed, last.interval_ms, Cause.DOWN)
        self._last_due_ms = resumed.last_due_ms
        try:
            await self.missed.name()
            await self.missed.plan(Tick(resumed.last_due_ms, interval_ms))
        except TransientError as error:
            # A full disk may be full of what only this process can send: each tick tries again.
            log.error("journal_refused", page=self.plan.page.key, reason=str(error))

    async def _tick(self, tick: Tick, stop: asyncio.Event) -> None:
        ends_ms = self._clock.steady_ms() + tick.due_ms + tick.interval_ms - self._clock()
        cause = self._gating.closed(self.plan.page, self.gate)
        if cause is not None:
            self.missed.miss(Missed(tick.due_ms, tick.due_ms, 1), tick.interval_ms, cause)
            return
        tick_id = self._ticks.id_of(self.plan.page.key, tick.due_ms, tick.interval_ms)
        try:
            again_ms = await self._poll(tick, tick_id)
        except NoCreditsError:
            self.missed.miss(
                Missed(tick.due_ms, tick.due_ms, 1), tick.interval_ms, Cause.CREDITS
            )
            return
        with suppress(NoCreditsError):  # then what came of the tick so far is its outcome
            await self._again(tick, tick_id, again_ms, ends_ms, stop)

    async def _again(
        self, tick: Tick, tick_id: str, again_ms: int | None, ends_ms: int, stop: asyncio.Event
    ) -> None:
        """Try the tick again until it has an answer, its time is over, or nothing may be asked."""
        while again_ms is not None and again_ms < ends_ms:
            if not await self._waited_until(again_ms, stop):
                return
            if self._gating.closed(self.plan.page, self.gate) is not None:
                return
            again_ms = await self._poll(tick, tick_id)

    async def _poll(self, tick: Tick, tick_id: str) -> int | None:
        """One attempt; when the tick may be tried again, or None."""
        try:
            await self.missed.name()
            async with self._concurrency.slot(self.pulse.beat):
                reply = await self._attempt.ask(self.plan.page, tick, tick_id)
        except TransientError as error:
            log.error("journal_refused", page=self.plan.page.key, reason=str(error))
            self._gating.failed(self.gate)
            one = Missed(tick.due_ms, tick.due_ms, 1)
            self.missed.miss(one, tick.interval_ms, Cause.JOURNAL)
            return None
        return self._gating.after(self.plan.page, self.gate, reply)

    async def _wait_until(self, when_ms: int, stop: asyncio.Event) -> bool:
        """Wait for a steady moment, at most some seconds, or for `stop`; True once it has come."""
        left_s = (when_ms - self._clock.steady_ms()) / 1_000
        await sleep_or_stop(stop, max(0.0, min(left_s, _LOOK_AGAIN_S)))
        return left_s <= _LOOK_AGAIN_S and not stop.is_set()

    async def _waited_until(self, when_ms: int, stop: asyncio.Event) -> bool:
        """Wait for a moment however far it is; False where `stop` came first."""
        while not stop.is_set():
            self.pulse.beat()
            if await self._wait_until(when_ms, stop):
                return True
        return False


async def poll_until(stop: asyncio.Event, pollers: Sequence[Poller], grace_s: float) -> None:
    """Run all pollers until `stop`; what is being asked then has `grace_s` to be answered."""
    try:
        async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as group:
            for poller in pollers:
                group.create_task(poller.run(stop), name=f"poll {poller.plan.page.key}")
            await stop.wait()
            limit.reschedule(asyncio.get_running_loop().time() + grace_s)
    except TimeoutError:
        # Their ticks have no outcome in the journal: the next start names them as missed.
        log.warning("polls_cut_short", grace_s=grace_s)
