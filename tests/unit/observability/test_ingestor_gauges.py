"""What Prometheus sees of an ingestor that has only just started."""

import os
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from coinlake.backoff import Backoff
from ingestor.adapters.journal import Journal, open_journal
from ingestor.core.credits import CreditLimits
from ingestor.core.entries import Outgoing, TickMark, TickOutcome
from ingestor.core.feeds import ASSETS, FEEDS
from ingestor.core.gates import KeyGate
from ingestor.core.page import Page
from ingestor.core.schedule import Tick
from ingestor.core.watermark import FloorClock
from ingestor.loop.budget import Allowance, Budget, PagePlan
from ingestor.loop.clock import Clock, Clocks
from ingestor.loop.gating import Gating, RetryDelay
from ingestor.loop.sending import Sender, TopicSender
from ingestor.loop.stamps import Stamps
from ingestor.metrics import IngestorMetrics
from ingestor.observe import ObservedIngestor, update_gauges

PAGE = Page(ASSETS, 100)
PUBLISHED = "ingestor_last_published_timestamp_seconds"


@pytest.fixture(autouse=True)
def _no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


def _no_topic(topic: str) -> TopicSender:
    raise AssertionError(f"nothing is sent here: {topic}")


def shown(folder: Path, journal: Journal) -> float | None:
    registry = CollectorRegistry()
    metrics = IngestorMetrics(registry)
    plans = [PagePlan(PAGE, 60_000)]
    allowance = Allowance(CreditLimits(4_000, None), 600)
    clock = Clock(Clocks(lambda: 1_000_000, lambda: 0), 1_000, 1_000, metrics)
    budget = Budget(folder / "credits.json", plans, allowance, clock)
    gating = Gating(KeyGate(probe_ms=1), budget, journal, 1_000, RetryDelay(Backoff()), clock)
    stamps = Stamps(FloorClock(clock, 0))

    sender = Sender((), journal, _no_topic)
    observed = ObservedIngestor(journal, budget, gating, stamps, sender, pollers=[])
    update_gauges(observed, metrics)

    return registry.get_sample_value(PUBLISHED, {"feed": "assets"})


async def test_a_restart_does_not_hide_how_old_the_newest_answer_is(tmp_path: Path) -> None:
    mark = TickMark("assets", PAGE.key, Tick(900_000, 60_000), TickOutcome.USABLE, 1)
    record = Outgoing(ASSETS.topic, PAGE.key.encode(), b"{}", (), 900_500)
    async with open_journal(tmp_path, max_bytes=10**6) as journal:
        assert shown(tmp_path, journal) is None
        await journal.add(record, mark)
        pending = journal.progress.head(ASSETS.topic)
        assert pending is not None
        await journal.sent(pending)

    async with open_journal(tmp_path, max_bytes=10**6) as journal:
        after = shown(tmp_path, journal)

    assert after == 900.5


def test_what_is_counted_by_feed_begins_at_zero() -> None:
    registry = CollectorRegistry()

    IngestorMetrics(registry)

    for feed in FEEDS:
        asked = {"feed": feed}
        reason, cause = {"reason": "data_empty"}, {"cause": "spool_full"}
        assert registry.get_sample_value("ingestor_answers_total", asked) == 0
        assert registry.get_sample_value("ingestor_rejected_answers_total", asked | reason) == 0
        assert registry.get_sample_value("ingestor_missed_ticks_total", asked | cause) == 0
        odd = asked | {"oddity": "lone_surrogate"}
        assert registry.get_sample_value("ingestor_degraded_answers_total", odd) == 0
