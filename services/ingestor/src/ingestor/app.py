"""The wiring of the ingestor: the only place that picks real things."""

import asyncio
import secrets
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from coinlake import health, reach
from coinlake.backoff import Backoff
from coinlake.contracts.topics import GAPS, REJECTED
from coinlake.kafka import open_producer
from coinlake.lifecycle import Pulse, watchdog
from ingestor.adapters.coincap import Api, HttpLimits, open_api
from ingestor.adapters.files import locked
from ingestor.adapters.journal import Journal, open_journal
from ingestor.config import Settings
from ingestor.core.credits import Limits
from ingestor.core.gates import KeyGate
from ingestor.core.promises import FloorClock
from ingestor.core.usable import Rules
from ingestor.loop.asking import Asker, Stamps, Terms
from ingestor.loop.budget import Allowance, Budget, PagePlan
from ingestor.loop.doors import Doors, Patience
from ingestor.loop.heartbeats import Heartbeat
from ingestor.loop.polling import Gaps, Poller, poll_until
from ingestor.loop.sending import Sender, TopicSender
from ingestor.loop.watching import Gauges, watch
from ingestor.metrics import IngestorMetrics
from ingestor.routes import Status


def wall_ms() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that runs, wired."""

    pollers: list[Poller]
    sender: Sender
    budget: Budget
    gauges: Gauges
    status: Status


def wire(settings: Settings, api: Api, journal: Journal, metrics: IngestorMetrics) -> Parts:
    """Build the loops around an open API and journal."""
    stamps = Stamps(FloorClock(wall_ms, journal.progress.floor_ms))
    plans = [PagePlan(page, interval_ms) for page, interval_ms in settings.plans()]
    budget = Budget(settings.state_dir / "credits.json", plans, _allowance(settings), wall_ms)
    patience = Patience(Backoff(settings.poll.backoff_base_s, settings.poll.backoff_cap_s))
    key = KeyGate(probe_ms=round(settings.poll.key_probe_s * 1_000))
    doors = Doors(key, budget, journal, settings.answer_bytes, patience, wall_ms)
    asker = Asker(api, journal, budget, _terms(settings), stamps, metrics)
    pollers = [
        Poller(
            plan,
            asker,
            doors,
            budget,
            Gaps(plan, journal, stamps, settings.producer, metrics),
            Pulse(settings.watchdog_s),
        )
        for plan in plans
    ]
    sender = _sender(settings, journal, stamps, metrics)
    return Parts(
        pollers,
        sender,
        budget,
        Gauges(journal, budget, key, stamps.clock, sender, metrics),
        Status(journal, budget, doors, sender, pollers),
    )


async def run(settings: Settings, stop: asyncio.Event) -> None:
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
        parts = wire(settings, api, journal, metrics)
        pulse = Pulse(settings.watchdog_s, stuck=reach.stuck)
        open_.enter_context(watchdog(pulse))
        await open_.enter_async_context(
            health.serve(
                settings.http, registry, pulse, parts.status.ready, [parts.status.route()]
            )
        )
        await _run_loops(parts, settings, journal, stop, pulse)


async def _run_loops(
    parts: Parts, settings: Settings, journal: Journal, stop: asyncio.Event, pulse: Pulse
) -> None:
    """Poll until `stop`, then send what is journaled; each has half of the deadline."""
    grace_s = settings.shutdown_s / 2
    quiet = asyncio.Event()
    sending = [Pulse(settings.watchdog_s) for _ in parts.sender.topics]
    pulses = [*sending, *(poller.pulse for poller in parts.pollers)]
    async with asyncio.TaskGroup() as group:
        group.create_task(parts.sender.run(quiet, sending, grace_s), name="sender")
        group.create_task(
            watch(stop, pulse, pulses, lambda: parts.gauges.update(parts.pollers)), name="watch"
        )
        await poll_until(stop, parts.pollers, grace_s)
        quiet.set()
        journal.wake()
    await parts.budget.save()


def _sender(
    settings: Settings, journal: Journal, stamps: Stamps, metrics: IngestorMetrics
) -> Sender:
    promised = {*(page.feed.topic for page, _ in settings.plans()), REJECTED}
    kafka = settings.kafka
    every_ms = round(settings.heartbeat_s * 1_000)

    def make(topic: str) -> TopicSender:
        heartbeat = Heartbeat(topic, every_ms, settings.producer, journal, stamps)
        return TopicSender(
            topic,
            lambda: open_producer(kafka, f"coinlake-{settings.producer}"),
            journal,
            heartbeat if topic in promised else None,
            # A broker that is back should not wait long for what is spooled.
            Patience(Backoff(base_s=0.2, cap_s=5.0)),
            metrics,
        )

    topics = dict.fromkeys(page.feed.topic for page, _ in settings.plans())
    return Sender((*topics, REJECTED, GAPS), journal, make)


def _terms(settings: Settings) -> Terms:
    return Terms(
        base_url=settings.coincap.base_url,
        source=settings.source,
        rules=Rules(
            max_skew_ms=round(settings.poll.max_skew_s * 1_000),
            max_depth=settings.poll.max_json_depth,
        ),
        new_id=secrets.token_hex,
    )


def _allowance(settings: Settings) -> Allowance:
    limits = Limits(settings.credits.per_month, settings.credits.max_total)
    return Allowance(limits, settings.poll.calls_per_minute)
