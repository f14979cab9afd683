"""A simulated runner process: the real loop, steps and memory behind simulated ports."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from coinlake.backoff import Backoff
from coinlake.contracts.announcements import Published, parse_landed
from coinlake.errors import InvariantError, TransientError
from coinlake.lifecycle import Pulse
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.plan import PlanningPolicy
from etl_runner.loop.batch import BatchPipeline, BatchTerms
from etl_runner.loop.batch_loop import BatchLoop, Rhythm
from etl_runner.loop.commands import OperatorCommands
from etl_runner.loop.failing import Failing, Patience
from etl_runner.loop.hints import Hints
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.live import LiveViews
from etl_runner.loop.parts import StepParts
from etl_runner.loop.publish import HiveTablePublisher
from etl_runner.loop.reconcile import Reconcile
from etl_runner.loop.records import RunnerRecords
from etl_runner.loop.run import Timing
from etl_runner.loop.tables import TableRegistrar
from etl_runner.loop.totals import Totals
from etl_runner.metrics import EtlMetrics
from tests.labs.bucket import Bucket, BucketStore
from tests.labs.sim.clock import Process, SimLoop
from tests.labs.sim.wire import Answer, Weather, Wire
from tests.labs.sim_runner.catalog import CatalogClient, CatalogServer
from tests.labs.sim_runner.glue import GlueClient, GlueServer

# A minute of the wall clock is a second of the world's: hours pass within one run.
WALL_MS_PER_S = 60_000
BEGIN_MS = 1_795_249_800_000  # 2026-11-21T08:30:00Z
MINUTE_MS = 60_000
POLICY = PlanningPolicy(
    max_wait_ms=10 * MINUTE_MS,
    target_bytes=400,
    close_grace_ms=5 * MINUTE_MS,
    close_age_ms=90 * MINUTE_MS,
    max_hours=6,
    max_bytes=100_000,
)
RHYTHM = Rhythm(reconcile_s=10.0, audit_s=60.0, busy_s=1.0)
PATIENCE = Patience(
    failed=Backoff(60.0, 900.0),
    away=Backoff(30.0, 600.0),
    parked=Backoff(1800.0, 7200.0),
    park_after=3,
)


@dataclass(frozen=True)
class Place:
    """Where runners live."""

    loop: SimLoop
    bucket: Bucket
    glue: GlueServer
    catalog: CatalogServer
    store_weather: Weather
    glue_weather: Weather
    reached: Callable[[str], None]
    policy: PlanningPolicy = POLICY
    rhythm: Rhythm = RHYTHM
    patience: Patience = PATIENCE

    def now_ms(self) -> int:
        return BEGIN_MS + int(self.loop.time() * WALL_MS_PER_S)


class StoreNetwork:
    """What lies between one runner and the bucket. `calls` are counted."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.asked = 0
        self.told = 0
        self.told_last = ""

    async def ask(self, what: str, apply: Callable[[], Answer]) -> Answer:
        self.asked += 1
        return await self._wire.ask(what, apply)

    async def tell(self, what: str, apply: Callable[[], Answer]) -> Answer:
        self.told += 1
        self.told_last = what
        return await self._wire.tell(what, apply)


class Silent:
    """Nobody listens to what is published."""

    def announce(self, published: Published) -> None:
        """Kafka is not part of this world."""


class RunnerProcess:
    """One process; `crash` is the error that ended it, if one did."""

    def __init__(self, name: str, place: Place, rng: random.Random) -> None:
        self.name = name
        self.process = Process(name)
        self.stop = asyncio.Event()
        self.hours = Hours()
        self.metrics = EtlMetrics(CollectorRegistry())
        self.crash: BaseException | None = None
        self.refused_order = ""
        self.is_over = False
        store_wire = Wire(place.loop, random.Random(rng.random()), place.store_weather)
        glue_wire = Wire(place.loop, random.Random(rng.random()), place.glue_weather)
        self.network = StoreNetwork(store_wire)
        store = BucketStore(place.bucket, self.network)
        wall_s = lambda: place.now_ms() / 1000  # noqa: E731
        catalog = CatalogClient(place.catalog, glue_wire)
        tables = TableRegistrar(catalog, self.metrics, wall_s)
        glue = GlueClient(place.glue, glue_wire, place.reached)
        parts = StepParts(LakeReader(store), "lake", glue, tables, self.metrics)
        totals = Totals(self.metrics, 2, 0.44)
        failing = Failing(self.hours, place.patience, totals, place.now_ms, rng)
        records = RunnerRecords(store, self.hours, self.metrics)
        timing = Timing(0.5, 12.0, 8.0, place.loop.time)
        pipeline = BatchPipeline(
            parts,
            self.hours,
            BatchTerms(place.policy, "sim", 1000, timing),
            HiveTablePublisher(parts),
            Silent(),
            totals,
            failing,
            place.now_ms,
            lambda: None,
            records.accepts_missing,
        )
        self._wake = asyncio.Event()
        self._rhythm = place.rhythm
        self._hints = Hints(self.hours, self._wake, place.now_ms, self.metrics)
        self.commands = OperatorCommands(
            parts.lake, self.hours, records, self._wake, place.now_ms
        )
        reconcile = Reconcile(parts, self.hours, records)
        self._loop = BatchLoop(
            reconcile,
            LiveViews(catalog, parts.lake, self.hours, reconcile.unlisted, 1000, self.metrics),
            pipeline,
            records,
            parts,
            Pulse(1e9),
            place.now_ms,
            rng,
            place.loop.time,
        )
        self.task = place.loop.spawn(self.process, self._run())

    def hear(self, value: bytes) -> None:
        """An announcement, as the Kafka adapter takes it."""
        try:
            self._hints.heard(parse_landed(value))
        except ValueError as error:
            self._hints.unreadable(0, str(error))

    def alarms(self, reason: str) -> float:
        return float(self.metrics.alarms.labels(reason=reason)._value.get())

    def order(self, loop: SimLoop, hour: FeedHour, accepted: Callable[[], None]) -> None:
        """An operator's command, as the HTTP route takes it; whether he was told that it holds."""
        loop.spawn(self.process, self._order(hour, accepted))

    async def _order(self, hour: FeedHour, accepted: Callable[[], None]) -> None:
        try:
            if await self.commands.rebuild(hour):
                accepted()
        except (TransientError, InvariantError) as error:
            self.refused_order = str(error)

    async def _run(self) -> None:
        try:
            await self._loop.run(self.stop, self._wake, self._rhythm, lambda: None)
        except Exception as error:
            self.crash = error
        finally:
            self.is_over = True
