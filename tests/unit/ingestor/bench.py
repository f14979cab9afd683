"""The loops' parts around a real journal, with clocks that the test moves."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from prometheus_client import CollectorRegistry

from coinlake.backoff import Backoff
from coinlake.contracts.topics import REJECTED
from coinlake.kafka import Producer
from coinlake.lifecycle import Pulse
from coinlake.testing import FakeProducer
from ingestor.adapters.journal import Journal
from ingestor.core.credits import CreditLimits
from ingestor.core.feeds import ASSETS
from ingestor.core.gates import KeyGate
from ingestor.core.page import Page
from ingestor.core.ports import ApiAnswer, Call, NoAnswerError
from ingestor.core.schedule import Tick
from ingestor.core.watermark import FloorClock
from ingestor.loop.budget import Allowance, Budget, PagePlan
from ingestor.loop.gating import Gating, RetryDelay
from ingestor.loop.heartbeats import Heartbeat
from ingestor.loop.poll import PollAttempt, Terms
from ingestor.loop.sending import Sender, TopicSender
from ingestor.loop.stamps import Stamps, Watermarks
from ingestor.metrics import IngestorMetrics
from tests.unit.ingestor.times import Times

PAGE = Page(ASSETS, 100)
TICK = Tick(1_795_305_600_000, 60_000)


@dataclass
class FakeApi:
    """Answers what it is told, and remembers what it was asked and what was reserved then."""

    answer: ApiAnswer | NoAnswerError
    on_disk: Path | None = None
    is_heard: bool = True
    urls: list[str] = field(default_factory=list)
    reserved: list[int] = field(default_factory=list)

    async def get(self, url: str, call: Call) -> ApiAnswer:
        call.was_sent = self.is_heard
        self.urls.append(url)
        if self.on_disk is not None:
            self.reserved.append(orjson.loads(self.on_disk.read_bytes())["reserved"])
        if isinstance(self.answer, NoAnswerError):
            raise self.answer
        return self.answer


class Bench:
    """The loops' parts around one journal, with a clock that the test moves."""

    def __init__(
        self, folder: Path, journal: Journal, limits: CreditLimits | None = None
    ) -> None:
        self.folder = folder
        self.journal = journal
        self.times = Times()
        self.registry = CollectorRegistry()
        self.metrics = IngestorMetrics(self.registry)
        self.clock = self.times.clock(metrics=self.metrics)
        self.times.advance(1)  # nobody has contradicted
        self.stamps = Stamps(FloorClock(self.clock, journal.progress.floor_ms))
        self.budget = Budget(
            folder / "credits.json",
            [PagePlan(PAGE, 60_000)],
            Allowance(limits or CreditLimits(4_000_000, None), 600),
            self.clock,
        )
        self.key = KeyGate(probe_ms=3_600_000)
        self.retry_delay = RetryDelay(Backoff(), random.Random(1))
        self.gating = Gating(
            self.key, self.budget, journal, 10_000, self.retry_delay, self.clock
        )

    def wall_ms(self) -> int:
        return self.times.wall

    def attempt(self, api: FakeApi) -> PollAttempt:
        ids = iter(range(1, 1_000))
        terms = Terms(
            "http://api/v3",
            "simulator",
            60_000,
            lambda size: f"{next(ids):0{size * 2}x}",
        )
        return PollAttempt(
            api, self.journal, self.budget, terms, self.stamps, self.clock, self.metrics
        )

    def good(self) -> ApiAnswer:
        body = {"timestamp": self.wall_ms(), "data": [{"id": "bitcoin"}]}
        return ApiAnswer(200, orjson.dumps(body), None)

    def watermarks(self) -> Watermarks:
        return Watermarks(self.journal, self.stamps, self.clock)

    def heartbeat(self, topic: str = ASSETS.topic) -> Heartbeat:
        return Heartbeat(topic, 60_000, "me", self.journal, self.watermarks())

    def sender(self, producer: FakeProducer) -> Sender:
        @asynccontextmanager
        async def opened() -> AsyncIterator[Producer]:
            yield producer

        def make(topic: str) -> TopicSender:
            return TopicSender(
                topic,
                opened,
                self.journal,
                self.heartbeat(topic),
                self.watermarks(),
                self.retry_delay,
                self.metrics,
            )

        return Sender((ASSETS.topic, REJECTED), self.journal, make)

    async def sent_by(self, sender: Sender) -> None:
        """Let the sender send all that waits."""
        quiet = asyncio.Event()
        quiet.set()
        await sender.run(quiet, [Pulse(60) for _ in sender.topics], grace_s=5)
