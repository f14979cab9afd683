"""The world of a run: CoinCap, a host with a disk, Kafka, a bucket, Glue, and who works there."""

import asyncio
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from coinlake.backoff import Backoff
from coinlake.contracts.announcements import Landed
from coinlake.contracts.missed_ticks import MissedTicks, parse_missed_ticks
from coinlake.contracts.topics import GAPS, REJECTED
from etl_runner.core.plan import PlanningPolicy
from etl_runner.loop.batch_loop import Rhythm
from etl_runner.loop.failing import Patience
from ingestor.core.ports import ApiAnswer
from s3_sink.core.part import PartLimits
from tests.labs.events import Event, picked
from tests.labs.sim.broker import Broker
from tests.labs.sim.bucket import WatchedBucket
from tests.labs.sim.clock import SimLoop
from tests.labs.sim.sink import Place as SinkPlace
from tests.labs.sim.sink import SinkProcess, Wall
from tests.labs.sim_chain.controls import Control
from tests.labs.sim_chain.disk import Disk
from tests.labs.sim_chain.glue import ChainGlue
from tests.labs.sim_chain.hands import Hands
from tests.labs.sim_chain.ingestor import BASE_URL, IngestorPlace, IngestorProcess
from tests.labs.sim_chain.kafka import ProducerServer
from tests.labs.sim_chain.oracle import FEED_OF, Hints, Oracle
from tests.labs.sim_chain.scenario import Scenario, drawn_by
from tests.labs.sim_chain.sometimes import SITUATIONS
from tests.labs.sim_chain.ticks import Ticks
from tests.labs.sim_chain.upstream import Upstream
from tests.labs.sim_runner.catalog import TABLES, CatalogServer
from tests.labs.sim_runner.runner import Place as RunnerPlace
from tests.labs.sim_runner.runner import RunnerProcess
from tests.labs.situations import Situations

RATES, MARKETS, _ = FEED_OF
_POLICY = PlanningPolicy(
    max_wait_ms=8_000,
    target_bytes=6_000,
    close_grace_ms=6_000,
    close_age_ms=40_000,
    max_hours=6,
    max_bytes=10**7,
)
_RHYTHM = Rhythm(reconcile_s=15.0, audit_s=1e9, busy_s=1.0)
_PATIENCE = Patience(
    failed=Backoff(3.0, 15.0),
    away=Backoff(1.0, 8.0),
    parked=Backoff(15.0, 30.0),
    park_after=3,
)


@dataclass(frozen=True)
class _RunnerPlace(RunnerPlace):
    """Where runners live by the world's one clock, a second for a second."""

    wall: Callable[[], int] = lambda: 0

    def now_ms(self) -> int:
        return self.wall()


class World:
    """Everything of one run."""

    def __init__(
        self, seed: int, control: Control, loop: SimLoop, events: Collection[int] | None
    ) -> None:
        self.loop = loop
        self.rng = random.Random(f"chain-world-{seed}")
        drawn = drawn_by(seed)
        self.drawn = tuple(map(str, drawn.events))
        self.plan: Scenario = replace(drawn, events=picked(drawn.events, events))
        self.timeline: list[str] = []
        self.situations = Situations(SITUATIONS)
        wall = Wall(loop, drawn.begin_ms, 1000)
        self.now_ms = wall.now_ms
        self.host_ahead_ms = 0
        self.is_healed = False
        self.is_over = False
        """No ingestor is started any more: what came in is followed to its end."""
        self.ticks = Ticks()
        self.untrusted: set[str] = set()
        """Ingestors that may have lost an answer before it was in the journal."""
        self.oracle = Oracle(
            self.note, self.reached, control.counts, self.now_ms, Hints(self._announce)
        )
        self._build_kafka()
        self.bucket = WatchedBucket(
            self.oracle.landed,
            self.reached,
            overwrites=control.overwrites,
            now_ms=self.now_ms,
        )
        self.oracle.bucket = self.bucket
        self.glue = ChainGlue(
            self.bucket, random.Random(f"chain-glue-{seed}"), self.reached, self.note
        )
        self.catalog = CatalogServer(random.Random(f"chain-catalog-{seed}"), self.reached)
        if self.plan.has_tables:
            self.catalog.tables = set(TABLES)
        self.disk = Disk(self.reached)
        self._keys = {one.page.url(BASE_URL): one.page.key for one in self.plan.terms.plans()}
        self.upstream = Upstream(
            loop,
            random.Random(f"chain-api-{seed}"),
            self.now_ms,
            replace(drawn.mood),
            self.reached,
        )
        self._places(wall, control)
        self.ingestor: IngestorProcess | None = None
        self.sinks: list[SinkProcess] = []
        self.runners: list[RunnerProcess] = []
        self.dead: list[IngestorProcess | SinkProcess | RunnerProcess] = []
        self.hands = Hands(self)
        self._seed = seed
        self._started = 0

    def _build_kafka(self) -> None:
        topics = {RATES: 1, MARKETS: self.plan.partitions, REJECTED: 1, GAPS: 1}
        self.broker = Broker(
            topics,
            self.loop.time,
            self.oracle.committed,
            self.note,
            self.reached,
        )
        self.producers = ProducerServer(
            self.broker, self.now_ms, self.oracle.appended, self.reached
        )

    def _places(self, wall: Wall, control: Control) -> None:
        plan, loop = self.plan, self.loop
        self.kafka_weather = replace(plan.kafka_weather)
        self.store_weather = replace(plan.store_weather)
        self.glue_weather = replace(plan.glue_weather)
        self.ingestor_place = IngestorPlace(
            loop,
            self.disk,
            lambda: self.now_ms() + self.host_ahead_ms,
            self.upstream,
            self.producers,
            self.kafka_weather,
            plan.terms,
            self._heard,
            self.ticks,
            self.oracle.answers,
        )
        self._sink_place = SinkPlace(
            loop,
            self.broker,
            self.bucket,
            self.kafka_weather,
            self.store_weather,
            wall,
            self.oracle,
            self.note,
            self.reached,
            control.writer,
            tick_s=1.0,
        )
        self._runner_place = _RunnerPlace(
            loop,
            self.bucket,
            self.glue,
            self.catalog,
            self.store_weather,
            self.glue_weather,
            self.reached,
            _POLICY,
            _RHYTHM,
            _PATIENCE,
            self.now_ms,
        )

    def note(self, text: str) -> None:
        self.timeline.append(f"{self.loop.time():8.3f} {text}")

    def reached(self, name: str) -> None:
        """The parts of the other worlds count more than is of interest here."""
        if name in SITUATIONS:
            self.situations.reached(name)

    def _heard(self, who: str, url: str, answer: ApiAnswer) -> None:
        self.oracle.hears(who, self._keys[url], answer)

    # Who works here.

    def start_ingestor(self) -> None:
        """Unless there is one: the lock of the state directory keeps a second one out."""
        if self.ingestor is None and not self.is_over:
            self.ingestor = IngestorProcess(
                self._name("ingestor"), self.ingestor_place, self._rng()
            )

    def start_sink(self) -> None:
        name = self._name("sink")
        rng = self._rng()
        limits = PartLimits(10**9, 10**9, rng.randint(4, 30), rng.uniform(1.0, 6.0))
        self.sinks.append(SinkProcess(name, self._sink_place, rng, limits))

    def start_runner(self) -> None:
        name = self._name("runner")
        self.runners.append(RunnerProcess(name, self._runner_place, self._rng()))
        if len(self.awake_runners()) > 1:
            self.reached("two runners")

    def _name(self, kind: str) -> str:
        self._started += 1
        name = f"{kind}{self._started}"
        self.note(f"start {name}")
        return name

    def _rng(self) -> random.Random:
        return random.Random(f"chain-{self._started}-{self._seed}")

    def awake_runners(self) -> list[RunnerProcess]:
        return [one for one in self.runners if not one.process.is_frozen and not one.is_over]

    def awake_sinks(self) -> list[SinkProcess]:
        return [one for one in self.sinks if not one.process.is_frozen and not one.is_over]

    # What goes on by itself.

    def happen(self, event: Event) -> None:
        self.note(f"event: {event}")
        self.hands.do(event)

    def _announce(self, landed: Landed) -> None:
        if self.rng.random() < self.plan.lost_hints:
            self.reached("lost hint")
            return
        value = landed.encode()
        self.loop.call_later(self.rng.uniform(0, 1), self._tell, value)

    def _tell(self, value: bytes) -> None:
        for one in self.awake_runners():
            one.hear(value)

    async def watch(self) -> None:
        """What can be seen of those who work, and the service manager of the ingestor's host."""
        while True:
            await asyncio.sleep(1.0)
            self.broker.group.tick()
            self._look_at_ingestor()
            if len(self.sinks) > 1 and self._has_two_owners():
                self.reached("two-owners")

    def _has_two_owners(self) -> bool:
        owned = [
            one for sink in self.sinks for one in sink.sink.states if sink.holds(one.number)
        ]
        return len(owned) > len(set(owned))

    def _look_at_ingestor(self) -> None:
        one = self.ingestor
        if one is None:
            return
        if self.plan.is_stretched and one.budget is not None and one.budget.factor > 1:
            self.reached("interval stretched")
        if one.journal is not None:
            self.ticks.known(one.journal.progress.ticks)
            if one.journal.refusal is not None:
                self.untrusted.add(one.name)
        if one.is_over and not one.process.is_dead:
            self.bury_ingestor()
            self.loop.call_later(1.0, self.start_ingestor)

    def ingestors(self) -> list[IngestorProcess]:
        """All that there were."""
        every = (self.ingestor, *self.dead)
        return [one for one in every if isinstance(one, IngestorProcess)]

    def bury_ingestor(self) -> None:
        """The one there is has ended, however it did."""
        one = self.ingestor
        if one is not None:
            self.untrusted.add(one.name)
            self.dead.append(one)
            self.ingestor = None

    # What there is.

    def gaps(self) -> list[MissedTicks]:
        """All that was told as missed."""
        return [
            parse_missed_ticks(one.value or b"")
            for log in (self.broker.logs[one] for one in self.broker.partitions_of(GAPS))
            for one in log.records
        ]
