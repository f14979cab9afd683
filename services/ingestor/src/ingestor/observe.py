"""What is told of the ingestor: its gauges, whether it is ready, and `GET /status`."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

from coinlake.health import json_response
from ingestor.adapters.journal import Journal
from ingestor.loop.budget import Budget
from ingestor.loop.gating import Gating
from ingestor.loop.polling import Poller
from ingestor.loop.sending import Sender
from ingestor.loop.stamps import Stamps
from ingestor.metrics import IngestorMetrics


@dataclass(frozen=True, slots=True)
class ObservedIngestor:
    """The running parts whose state is told."""

    journal: Journal
    budget: Budget
    gating: Gating
    stamps: Stamps
    sender: Sender
    pollers: Sequence[Poller]


# Gauges.


def update_gauges(of: ObservedIngestor, metrics: IngestorMetrics) -> None:
    """Bring every gauge up to date."""
    _update_journal(of.journal, metrics)
    metrics.kafka_up.set(of.sender.reason(time.monotonic()) is None)
    metrics.credits_spent.set(of.budget.balance.spent)
    metrics.credits_total.set(of.budget.balance.total)
    metrics.credits_left.set(of.budget.left)
    metrics.stretch.set(of.budget.factor)
    metrics.key_refused.set(of.gating.key.refused)
    metrics.rate_limited.set(of.gating.limited_ms > 0)
    metrics.clock_behind.set(of.stamps.clock.behind_ms / 1_000)
    metrics.clock_off.set(of.gating.clock.wall_is_off_ms / 1_000)
    metrics.clock_refused.set(of.gating.clock.is_refused)
    for poller in of.pollers:
        interval_s = of.budget.interval_ms(poller.plan) / 1_000
        metrics.interval.labels(poller.plan.page.key).set(interval_s)
        metrics.page_refused.labels(poller.plan.page.key).set(poller.gate.is_refused)


def _update_journal(journal: Journal, metrics: IngestorMetrics) -> None:
    progress = journal.progress
    metrics.pending_records.set(progress.pending_records)
    metrics.pending_bytes.set(progress.pending_bytes)
    metrics.room_bytes.set(journal.room_bytes)
    metrics.aside.set(journal.aside_files)
    metrics.journal_up.set(journal.refusal is None)
    for feed, counts in progress.feeds.items():
        # From the journal, so that a restart does not hide how old the newest answer is.
        if counts.last_published_ms is not None:
            metrics.last_published.labels(feed).set(counts.last_published_ms / 1_000)


# Readiness.


def ready(of: ObservedIngestor) -> dict[str, str | None]:
    """What the ingestor needs, each with the reason why it is not fine."""
    return {
        "kafka": of.sender.reason(time.monotonic()) or _stamp_reason(of),
        "api_key": _api_reason(of),
        "journal": _journal_reason(of),
    }


def _stamp_reason(of: ObservedIngestor) -> str | None:
    is_ahead = of.gating.clock.is_refused
    return (
        "the broker rejects our timestamps: our clock is ahead of its own" if is_ahead else None
    )


def _api_reason(of: ObservedIngestor) -> str | None:
    if of.gating.key.refused:
        return "the API refuses the key (401 or 403)"
    refused = [one.plan.page.key for one in of.pollers if one.gate.is_refused]
    if refused:
        return (
            f"the API refuses {', '.join(refused)} (401 or 403, confirmed by a second request)"
        )
    limited_s = of.gating.limited_ms / 1_000
    return f"rate limited by the API for another {limited_s:.0f} s (429)" if limited_s else None


def _journal_reason(of: ObservedIngestor) -> str | None:
    if of.gating.spool_is_full:
        return "full: no more polls until Kafka has accepted records"
    refusal = of.journal.refusal
    return f"the disk refuses: {refusal}" if refusal is not None else None


# Status.


async def status(of: ObservedIngestor) -> dict[str, Any]:
    """The body of /status; counts are those of the state directory, not of the process."""
    # Before all else: without an await in between, the rest is of one moment.
    disk_bytes = await of.journal.disk_bytes()
    aside = await of.journal.aside()
    unnamed = [run for poller in of.pollers for run in poller.missed.unnamed]
    return {
        "feeds": _feeds_status(of),
        "pages": _pages_status(of),
        "clock": _clock_status(of),
        "credits": _credits_status(of),
        "journal": _journal_status(of.journal, disk_bytes, aside),
        "topics": {one.topic: one.kafka.reason(time.monotonic()) for one in of.sender.topics},
        "missed": [*of.journal.progress.gaps, *(run.facts() for run in unnamed)],
        "needs": ready(of),
    }


def _feeds_status(of: ObservedIngestor) -> dict[str, Any]:
    names = dict.fromkeys(poller.plan.page.feed.name for poller in of.pollers)
    feeds = {feed: asdict(of.journal.progress.facts(feed)) for feed in names}
    for poller in of.pollers:
        for run in poller.missed.unnamed:
            feeds[run.page.feed.name]["missed"] += run.missed.count
    return feeds


def _pages_status(of: ObservedIngestor) -> dict[str, Any]:
    steady_ms = of.gating.clock.steady_ms()
    return {
        poller.plan.page.key: {
            "wished_interval_ms": poller.plan.interval_ms,
            "interval_ms": of.budget.interval_ms(poller.plan),
            "credits": of.budget.price(poller.plan.page),
            "paused_ms": poller.gate.waits_ms(steady_ms),
        }
        for poller in of.pollers
    }


def _clock_status(of: ObservedIngestor) -> dict[str, Any]:
    clock = of.gating.clock
    return {
        "now_ms": clock(),
        "wall_is_off_ms": clock.wall_is_off_ms,
        "is_settled": clock.is_settled,
        "is_ahead_of_kafka": clock.is_refused,
        "moves": clock.moves,
    }


def _credits_status(of: ObservedIngestor) -> dict[str, Any]:
    balance = of.budget.balance
    return {
        "month": balance.month,
        "spent": balance.spent,
        "total": balance.total,
        "reserved": balance.reserved,
        "left": of.budget.left,
        "stretch": round(of.budget.factor, 3),
    }


def _journal_status(
    journal: Journal, disk_bytes: int, aside: Sequence[tuple[str, int]]
) -> dict[str, Any]:
    progress = journal.progress
    return {
        "pending_records": progress.pending_records,
        "pending_bytes": progress.pending_bytes,
        "room_bytes": journal.room_bytes,
        "disk_bytes": disk_bytes,
        "next_number": progress.next_number,
        "topics": {
            topic: {"last": line.last, "sent": line.sent, "pending": len(line.pending)}
            for topic, line in progress.lines.items()
        },
        "torn_bytes": journal.recovery.torn_bytes,
        "odd_files": [asdict(one) for one in journal.recovery.troubles],
        "lost": [asdict(one) for one in journal.holes],
        "aside": [{"name": name, "bytes": size} for name, size in aside],
    }


def status_route(of: ObservedIngestor) -> web.RouteDef:
    """`GET /status`, for the demo, the page and the tools."""

    async def answer(_: web.Request) -> web.Response:
        return json_response(await status(of))

    return web.get("/status", answer)
