"""A simulated ingestor process: the real pollers, budget, journal and senders behind simulated ports."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from prometheus_client import CollectorRegistry

from coinlake.backoff import Backoff
from coinlake.contracts.datasets import REJECTED as REJECTED_ANSWERS
from coinlake.contracts.topics import GAPS, REJECTED
from coinlake.errors import TransientError
from coinlake.kafka import Producer
from coinlake.lifecycle import Pulse
from ingestor.adapters.journal import Journal, open_journal
from ingestor.core.credits import CreditLimits
from ingestor.core.entries import TickOutcome
from ingestor.core.feed_ticks import FeedTicks
from ingestor.core.feeds import FEEDS
from ingestor.core.gates import KeyGate
from ingestor.core.page import Page, pages
from ingestor.core.ports import ApiAnswer
from ingestor.core.schedule import Tick
from ingestor.core.watermark import FloorClock
from ingestor.loop.budget import Allowance, Budget, PagePlan
from ingestor.loop.clock import Clock, Clocks
from ingestor.loop.concurrency import ConcurrencyLimit
from ingestor.loop.gating import Gating, RetryDelay
from ingestor.loop.heartbeats import Heartbeat
from ingestor.loop.poll import PollAttempt, Reply, Terms
from ingestor.loop.polling import MissedTickLog, Poller, poll_until
from ingestor.loop.sending import Sender, TopicSender
from ingestor.loop.stamps import Stamps, Watermarks
from ingestor.metrics import IngestorMetrics
from tests.labs.sim.clock import Process, SimLoop
from tests.labs.sim.wire import Weather, Wire
from tests.labs.sim_chain.disk import Disk, DiskPath
from tests.labs.sim_chain.kafka import ProducerServer, producer
from tests.labs.sim_chain.ticks import Ticks
from tests.labs.sim_chain.upstream import SimApi, Upstream

BASE_URL = "https://rest.coincap.io/v3"
FEEDS_POLLED = ("rates", "markets")
WITH_TABLES = (*FEEDS_POLLED, REJECTED_ANSWERS.name)
"""What is polled, and what was rejected of it."""
HEARTBEAT_MS = 5_000
GRACE_S = 4.0
ANSWER_BYTES = 4_000
PRODUCER = "ingestor"


@dataclass(frozen=True)
class IngestorTerms:
    """What one run's ingestors are told: their settings."""

    market_pages: int
    rates_ms: int
    markets_ms: int
    limits: CreditLimits
    max_journal_bytes: int

    def plans(self) -> list[PagePlan]:
        rates = pages(FEEDS["rates"], None, 1)
        markets = pages(FEEDS["markets"], 2, self.market_pages)
        return [
            *(PagePlan(page, self.rates_ms) for page in rates),
            *(PagePlan(page, self.markets_ms) for page in markets),
        ]


@dataclass(frozen=True)
class IngestorPlace:
    """Where the ingestors of a run live, one after the other: their host, its disk, what they reach.

    `heard` and `answered` are told of each body that came, and of each that was journaled.
    """

    loop: SimLoop
    disk: Disk
    wall_ms: Callable[[], int]
    upstream: Upstream
    kafka: ProducerServer
    kafka_weather: Weather
    terms: IngestorTerms
    heard: Callable[[str, str, ApiAnswer], None]
    ticks: Ticks
    answered: Callable[[Page, ApiAnswer], None]

    def folder(self) -> Path:
        """The state directory; `disk.os_of_the_disk` is its `os`."""
        return cast(Path, DiskPath(self.disk, "/var/lib", "ingestor"))


class _WatchedAttempt(PollAttempt):
    """Tells of each answer that the loop was told to be answered: from now on it counts."""

    place: IngestorPlace

    async def ask(self, page: Page, tick: Tick, tick_id: str | None = None) -> Reply:
        reply = await super().ask(page, tick, tick_id)
        self.place.ticks.asked(page, tick, is_answered=reply.outcome is TickOutcome.USABLE)
        if reply.answer is not None:
            self.place.answered(page, reply.answer)
        return reply


class _WatchedMissed(MissedTickLog):
    """Tells where the schedule of a page begins."""

    ticks: Ticks

    async def plan(self, tick: Tick) -> None:
        await super().plan(tick)
        self.ticks.planned(self._page, tick)


class IngestorProcess:
    """One process; `crash` is the error that ended it, if one did."""

    def __init__(self, name: str, place: IngestorPlace, rng: random.Random) -> None:
        self.name = name
        self.process = Process(name)
        self.stop = asyncio.Event()
        self.crash: BaseException | None = None
        self.is_over = False
        self.has_begun = False
        self.journal: Journal | None = None
        self.budget: Budget | None = None
        self.clock: Clock | None = None
        self.metrics = IngestorMetrics(CollectorRegistry())
        self._place = place
        self._rng = rng
        self.task = place.loop.spawn(self.process, self._main())

    @property
    def is_at_work(self) -> bool:
        return not (self.is_over or self.process.is_frozen or self.process.is_dead)

    @property
    def has_sent_all(self) -> bool:
        """Whether it is up, and Kafka has all that it has journaled."""
        journal = self.journal
        if journal is None or not self.is_at_work or self.stop.is_set():
            return False
        return self.has_begun and not journal.progress.pending_records

    async def _main(self) -> None:
        try:
            folder = self._place.folder()
            folder.mkdir(parents=True, exist_ok=True)
            opening = open_journal(
                folder / "journal", max_bytes=self._place.terms.max_journal_bytes
            )
            async with opening as journal:
                self.journal = journal
                self._place.ticks.known(journal.progress.ticks)
                await self._run(journal, folder)
        except TransientError:
            # The disk is full, or broken: a service manager starts it again.
            self.is_over = True
        except Exception as error:  # whatever it is, the judge must hear of it
            self.crash = error
        finally:
            self.is_over = True

    async def _run(self, journal: Journal, folder: Path) -> None:
        """As `ingestor.app` wires and runs it."""
        place, terms = self._place, self._place.terms
        clock = self.clock = self._clock()
        stamps = Stamps(FloorClock(clock, journal.progress.floor_ms))
        plans = terms.plans()
        allowance = Allowance(terms.limits, calls_per_minute=10_000)
        budget = self.budget = Budget(folder / "credits.json", plans, allowance, clock)
        gating = Gating(
            KeyGate(probe_ms=8_000, pages=len(plans)),
            budget,
            journal,
            ANSWER_BYTES,
            RetryDelay(Backoff(0.5, 8.0), self._rng),
            clock,
        )
        attempt = self._attempt(journal, budget, stamps, clock)
        ticks = {name: FeedTicks(name) for name in FEEDS_POLLED}
        at_once = ConcurrencyLimit(8)
        pollers = [
            Poller(
                plan,
                attempt,
                gating,
                budget,
                self._missed(plan, journal, stamps),
                ticks[plan.page.feed.name],
                at_once,
                Pulse(1e9),
            )
            for plan in plans
        ]
        sender = self._sender(journal, Watermarks(journal, stamps, clock), place)
        quiet = asyncio.Event()
        pulses = [Pulse(1e9) for _ in sender.topics]
        async with asyncio.TaskGroup() as group:
            group.create_task(sender.run(quiet, pulses, GRACE_S))
            await poll_until(self.stop, pollers, GRACE_S)
            quiet.set()
            journal.wake()
        with suppress(TransientError):
            await budget.save()

    def _missed(self, plan: PagePlan, journal: Journal, stamps: Stamps) -> MissedTickLog:
        missed = _WatchedMissed(plan, journal, stamps, PRODUCER, self.metrics)
        missed.ticks = self._place.ticks
        self.has_begun = True
        return missed

    def _clock(self) -> Clock:
        loop = self._place.loop
        clocks = Clocks(self._place.wall_ms, lambda: int(loop.time() * 1000) + 1_000_000)
        return Clock(clocks, 300_000, HEARTBEAT_MS, self.metrics)

    def _attempt(
        self, journal: Journal, budget: Budget, stamps: Stamps, clock: Clock
    ) -> PollAttempt:
        place, name = self._place, self.name
        api = SimApi(
            place.upstream,
            random.Random(self._rng.random()),
            lambda url, answer: place.heard(name, url, answer),
        )
        ids = random.Random(self._rng.random())
        terms = Terms(
            BASE_URL,
            "simulator",
            300_000,
            lambda size: f"{ids.getrandbits(8 * size):0{2 * size}x}",
        )
        attempt = _WatchedAttempt(api, journal, budget, terms, stamps, clock, self.metrics)
        attempt.place = place
        return attempt

    def _sender(self, journal: Journal, watermarks: Watermarks, place: IngestorPlace) -> Sender:
        with_watermark = {*(FEEDS[name].topic for name in FEEDS_POLLED), REJECTED}
        wire = Wire(place.loop, random.Random(self._rng.random()), place.kafka_weather)
        rng = random.Random(self._rng.random())

        def open_one() -> AbstractAsyncContextManager[Producer]:
            return producer(place.kafka, wire, rng)

        def make(topic: str) -> TopicSender:
            heartbeat = Heartbeat(topic, HEARTBEAT_MS, PRODUCER, journal, watermarks)
            return TopicSender(
                topic,
                open_one,
                journal,
                heartbeat if topic in with_watermark else None,
                watermarks,
                RetryDelay(Backoff(0.2, 5.0), rng),
                self.metrics,
            )

        topics = dict.fromkeys(FEEDS[name].topic for name in FEEDS_POLLED)
        return Sender((*topics, REJECTED, GAPS), journal, make)
