"""The loop that watches the others: the process is alive while each of them turns."""

import asyncio
import time
from collections.abc import Callable, Sequence

from coinlake.lifecycle import Pulse, sleep_or_stop
from ingestor.adapters.journal import Journal
from ingestor.loop.budget import Budget
from ingestor.loop.gating import Gating
from ingestor.loop.polling import Poller
from ingestor.loop.sending import Sender
from ingestor.loop.stamps import Stamps
from ingestor.metrics import IngestorMetrics

_EVERY_S = 1.0


class Gauges:
    """Sets the gauges from the state."""

    def __init__(
        self,
        journal: Journal,
        budget: Budget,
        gating: Gating,
        stamps: Stamps,
        sender: Sender,
        metrics: IngestorMetrics,
    ) -> None:
        self._journal = journal
        self._sender = sender
        self._budget = budget
        self._gating = gating
        self._stamps = stamps
        self._metrics = metrics

    def update(self, pollers: Sequence[Poller]) -> None:
        """Bring every gauge up to date."""
        metrics, progress = self._metrics, self._journal.progress
        metrics.pending_records.set(progress.pending_records)
        metrics.aside.set(self._journal.aside_files)
        metrics.journal_up.set(self._journal.refusal is None)
        metrics.kafka_up.set(self._sender.reason(time.monotonic()) is None)
        metrics.pending_bytes.set(progress.pending_bytes)
        metrics.room_bytes.set(self._journal.room_bytes)
        metrics.credits_spent.set(self._budget.balance.spent)
        metrics.credits_total.set(self._budget.balance.total)
        metrics.credits_left.set(self._budget.left)
        metrics.stretch.set(self._budget.factor)
        metrics.key_refused.set(self._gating.key.refused)
        metrics.rate_limited.set(self._gating.limited_ms > 0)
        metrics.clock_behind.set(self._stamps.clock.behind_ms / 1_000)
        clock = self._gating.clock
        metrics.clock_off.set(clock.wall_is_off_ms / 1_000)
        metrics.clock_refused.set(clock.is_refused)
        for feed, counts in progress.feeds.items():
            # From the journal, so that a restart does not hide how old the newest answer is.
            if counts.last_published_ms is not None:
                metrics.last_published.labels(feed).set(counts.last_published_ms / 1_000)
        for poller in pollers:
            interval_s = self._budget.interval_ms(poller.plan) / 1_000
            metrics.interval.labels(poller.plan.page.key).set(interval_s)
            metrics.page_refused.labels(poller.plan.page.key).set(poller.gate.is_refused)


async def watch(
    stop: asyncio.Event, pulse: Pulse, others: Sequence[Pulse], update: Callable[[], None]
) -> None:
    """Pass the pulse on while all others have one; one loop that stands still stops it."""
    while True:
        update()
        if all(other.alive for other in others):
            pulse.beat()
        if await sleep_or_stop(stop, _EVERY_S):
            return
