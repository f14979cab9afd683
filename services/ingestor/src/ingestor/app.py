"""The wiring of the ingestor: the only place that picks real things."""

import asyncio
import secrets
from contextlib import AsyncExitStack

from prometheus_client import CollectorRegistry

from coinlake import health, logs, reach
from coinlake.backoff import Backoff
from coinlake.contracts.topics import GAPS, REJECTED
from coinlake.errors import TransientError
from coinlake.kafka import open_producer
from coinlake.lifecycle import Pulse, watchdog
from ingestor.adapters.coincap import HttpLimits, open_api
from ingestor.adapters.files import locked
from ingestor.adapters.journal import Journal, open_journal
from ingestor.config import Settings
from ingestor.core.credits import CreditLimits
from ingestor.core.feed_ticks import FeedTicks
from ingestor.core.gates import KeyGate
from ingestor.core.ports import Api
from ingestor.core.watermark import FloorClock
from ingestor.loop.budget import Allowance, Budget, PagePlan
from ingestor.loop.clock import Clock, Clocks
from ingestor.loop.concurrency import ConcurrencyLimit
from ingestor.loop.gating import Gating, RetryDelay
from ingestor.loop.heartbeats import Heartbeat
from ingestor.loop.poll import PollAttempt, Terms
from ingestor.loop.polling import MissedTickLog, Poller, poll_until
from ingestor.loop.sending import Sender, TopicSender
from ingestor.loop.stamps import Stamps, Watermarks
from ingestor.loop.watching import watch
from ingestor.metrics import IngestorMetrics
from ingestor.observe import ObservedIngestor, ready, status_route, update_gauges

log = logs.get(__name__)

# So many calls at once: who has more pages lets the others wait.
_AT_ONCE = 8
_REAL = Clocks()


def wire(
    settings: Settings, api: Api, journal: Journal, clocks: Clocks, metrics: IngestorMetrics
) -> ObservedIngestor:
    """Build the loops around an open API and journal."""
    clock = _clock(settings, clocks, metrics)
    stamps = Stamps(FloorClock(clock, journal.progress.floor_ms))
    plans = [PagePlan(page, interval_ms) for page, interval_ms in settings.plans()]
    budget = Budget(settings.state_dir / "credits.json", plans, _allowance(settings), clock)
    retry_delay = RetryDelay(Backoff(settings.poll.backoff_base_s, settings.poll.backoff_cap_s))
    key = KeyGate(probe_ms=round(settings.poll.key_probe_s * 1_000), pages=len(plans))
    gating = Gating(key, budget, journal, settings.answer_bytes, retry_delay, clock)
    attempt = PollAttempt(api, journal, budget, _terms(settings), stamps, clock, metrics)
    concurrency = ConcurrencyLimit(_AT_ONCE)
    ticks = {plan.page.feed.name: FeedTicks(plan.page.feed.name) for plan in plans}
    pollers = [
        Poller(
            plan,
            attempt,
            gating,
            budget,
            MissedTickLog(plan, journal, stamps, settings.producer, metrics),
            ticks[plan.page.feed.name],
            concurrency,
            Pulse(settings.watchdog_s),
        )
        for plan in plans
    ]
    sender = _sender(settings, journal, Watermarks(journal, stamps, clock), metrics)
    return ObservedIngestor(journal, budget, gating, stamps, sender, pollers)


async def run(settings: Settings, stop: asyncio.Event, clocks: Clocks = _REAL) -> None:
    """Run until `stop`, then finish what is under way within the deadline."""
    registry = CollectorRegistry()
    metrics = IngestorMetrics(registry)
    async with AsyncExitStack() as open_:
        open_.enter_context(locked(settings.state_dir))
        journal = await open_.enter_async_context(
            open_journal(
                settings.state_dir / "journal",
                max_bytes=settings.journal.max_bytes,
            )
        )
        metrics.recovered(journal.recovery.torn_bytes, journal.holes)
        api = await open_.enter_async_context(
            open_api(
                settings.coincap.api_key,
                HttpLimits(
                    settings.poll.timeout_s,
                    settings.poll.connect_timeout_s,
                    settings.poll.max_body_bytes,
                ),
            )
        )
        running = wire(settings, api, journal, clocks, metrics)
        pulse = Pulse(settings.watchdog_s, stuck=reach.stuck)
        open_.enter_context(watchdog(pulse))
        await open_.enter_async_context(
            health.serve(
                settings.http, registry, pulse, lambda: ready(running), [status_route(running)]
            )
        )
        await _run_loops(running, settings, metrics, stop, pulse)


async def _run_loops(
    running: ObservedIngestor,
    settings: Settings,
    metrics: IngestorMetrics,
    stop: asyncio.Event,
    pulse: Pulse,
) -> None:
    """Poll until `stop`, then send what is journaled; each has half of the deadline."""
    grace_s = settings.shutdown_s / 2
    quiet = asyncio.Event()
    sending = [Pulse(settings.watchdog_s) for _ in running.sender.topics]
    pulses = [*sending, *(poller.pulse for poller in running.pollers)]
    async with asyncio.TaskGroup() as group:
        group.create_task(running.sender.run(quiet, sending, grace_s), name="sender")
        group.create_task(
            watch(stop, pulse, pulses, lambda: update_gauges(running, metrics)), name="watch"
        )
        await poll_until(stop, running.pollers, grace_s)
        quiet.set()
        running.journal.wake()
    try:
        await running.budget.save()
    except TransientError as error:
        # What was set aside counts as spent then: too careful by a few credits, and no failure.
        log.warning("balance_not_saved", reason=str(error))


def _sender(
    settings: Settings, journal: Journal, watermarks: Watermarks, metrics: IngestorMetrics
) -> Sender:
    with_watermark = {*(page.feed.topic for page, _ in settings.plans()), REJECTED}
    kafka = settings.kafka
    every_ms = round(settings.heartbeat_s * 1_000)

    def make(topic: str) -> TopicSender:
        heartbeat = Heartbeat(topic, every_ms, settings.producer, journal, watermarks)
        return TopicSender(
            topic,
            lambda: open_producer(kafka, f"coinlake-{settings.producer}"),
            journal,
            heartbeat if topic in with_watermark else None,
            watermarks,
            # A broker that is back should not wait long for what is spooled.
            RetryDelay(Backoff(base_s=0.2, cap_s=5.0)),
            metrics,
        )

    topics = dict.fromkeys(page.feed.topic for page, _ in settings.plans())
    return Sender((*topics, REJECTED, GAPS), journal, make)


def _clock(settings: Settings, clocks: Clocks, metrics: IngestorMetrics) -> Clock:
    # What is off by more than an answer may be would be rejected. A second opinion may be on its
    # way for as long as a call may take; beyond that, and a heartbeat, nobody waits for one.
    tolerance_ms = round(settings.poll.max_skew_s * 1_000)
    max_doubt_s = max(settings.heartbeat_s, settings.poll.timeout_s)
    return Clock(clocks, tolerance_ms, round(max_doubt_s * 1_000), metrics)


def _terms(settings: Settings) -> Terms:
    return Terms(
        base_url=settings.coincap.base_url,
        source=settings.source,
        max_skew_ms=round(settings.poll.max_skew_s * 1_000),
        new_id=secrets.token_hex,
    )


def _allowance(settings: Settings) -> Allowance:
    limits = CreditLimits(settings.credits.per_month, settings.credits.max_total)
    return Allowance(limits, settings.poll.calls_per_minute)
