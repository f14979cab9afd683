"""The world of a run: bucket, Glue, catalog, runners, raw objects that land."""

import asyncio
import json
import random
from collections.abc import Callable, Iterable, Sequence

from coinlake.contracts.announcements import Landed
from coinlake.contracts.cloud import LEDGER_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import HOUR_MS, hour_of, parse_hour
from coinlake.contracts.raw_layout import RAW_PREFIX, RawKey
from coinlake.contracts.raw_meta import RawMeta
from coinlake.errors import PreconditionFailedError
from etl_runner.core.hours import FeedHour
from tests.labs.bucket import Bucket, Stored
from tests.labs.events import Event
from tests.labs.sim.clock import SimLoop
from tests.labs.sim_runner.catalog import CatalogServer
from tests.labs.sim_runner.glue import GlueServer
from tests.labs.sim_runner.hands import Hands
from tests.labs.sim_runner.oracle import Oracle
from tests.labs.sim_runner.runner import BEGIN_MS, MINUTE_MS, POLICY, Place, RunnerProcess
from tests.labs.sim_runner.scenario import Scenario, scenario
from tests.labs.situations import Situations

FEEDS = ("rates", "markets")


class WatchedBucket(Bucket):
    """A bucket whose every PUT is judged."""

    oracle: Oracle
    reached: Callable[[str], None]

    def put(self, key: str, body: bytes, metadata: object, **conditions: object) -> str:
        there = key in self.objects
        try:
            etag = super().put(key, body, metadata, **conditions)  # type: ignore[arg-type]
        except PreconditionFailedError:
            if key.startswith(LEDGER_PREFIX):
                self.reached("ledger conflict")
            raise
        self.oracle.landed(key, self.objects[key], there)
        return etag

    def copy(self, source: str, key: str, metadata: object, **more: object) -> str:
        there = key in self.objects
        etag = super().copy(source, key, metadata, **more)  # type: ignore[arg-type]
        self.reached("copied")
        self.oracle.landed(key, self.objects[key], there)
        return etag


class World:
    """Everything of one run."""

    def __init__(
        self,
        seed: int,
        loop: SimLoop,
        situations: Situations,
        ignores: frozenset[str] = frozenset(),
    ) -> None:
        self.loop = loop
        self.rng = random.Random(f"world-{seed}")
        self.plan: Scenario = scenario(random.Random(f"plan-{seed}"))
        self.timeline: list[str] = []
        self.reached = situations.reached
        self.promised: dict[tuple[str, int], int] = {}
        self.oracle = Oracle(self.note, self.reached, self.truly_promised_ms, ignores)
        self.bucket = WatchedBucket(now_ms=self.now_ms)
        self.bucket.oracle, self.bucket.reached = self.oracle, self.reached
        self.oracle.bucket = self.bucket
        self.glue = GlueServer(
            self.bucket, random.Random(f"glue-{seed}"), self.reached, self.note
        )
        self.catalog = CatalogServer(random.Random(f"catalog-{seed}"), self.reached)
        self.catalog.moved = self.oracle.live
        self.oracle.now_ms, self.oracle.close_age_ms = self.now_ms, POLICY.close_age_ms
        self.place = Place(
            loop,
            self.bucket,
            self.glue,
            self.catalog,
            self.plan.store_weather,
            self.plan.glue_weather,
            self.reached,
        )
        self.runners: list[RunnerProcess] = []
        self.dead: list[RunnerProcess] = []
        self.hands = Hands(self)
        self.glue.started = self._run_started
        self.oracle.published = self._hour_published
        self.heartbeats_ahead: set[tuple[str, int]] = set()
        self._seed = seed
        self._started = 0
        self._links: dict[tuple[str, int], int] = {}
        self._ids = 0

    def note(self, text: str) -> None:
        self.timeline.append(f"{self.loop.time():8.2f} {text}")

    def now_ms(self) -> int:
        return BEGIN_MS + int(self.loop.time() * MINUTE_MS)

    def truly_promised_ms(self, topic: str) -> int:
        """Up to where each partition of a topic has honestly promised."""
        return min((ms for (name, _), ms in self.promised.items() if name == topic), default=0)

    # Raw objects.

    def seed_the_past(self) -> None:
        for feed in FEEDS:
            for partition in range(self.plan.partitions):
                self.promised[TABULAR[feed].topic, partition] = 0
                # Every partition has its heartbeats.
                self.land(feed, partition, self.now_ms() - 2 * HOUR_MS, 0)
            for ago in range(1, self.rng.randint(1, 4)):
                self.land(feed, 0, self.now_ms() - ago * HOUR_MS, self.rng.randint(1, 3))

    async def produce_until(self, end_s: float) -> None:
        while self.loop.time() < end_s:
            for feed in FEEDS:
                for partition in range(self.plan.partitions):
                    if self.rng.random() < (0.5 if partition else 0.8):
                        self._produce(feed, partition)
            await asyncio.sleep(self.rng.uniform(1.0, 6.0))

    def _produce(self, feed: str, partition: int) -> None:
        luck, now_ms = self.rng.random(), self.now_ms()
        if luck < 0.15:
            # What its promise was not about: an answer that was sent hours late.
            self.land(feed, partition, now_ms - self.rng.randint(1, 3) * HOUR_MS, 1)
        elif luck < 0.35:
            self.land(feed, partition, now_ms, 0, promises=True)
        else:
            self.land(feed, partition, now_ms, self.rng.randint(1, 4), promises=True)

    def land(
        self, feed: str, partition: int, at_ms: int, values: int, *, promises: bool = False
    ) -> str:
        """An object with so many values of a time, and what the stream promises with it."""
        topic, hour = TABULAR[feed].topic, hour_of(at_ms)
        slot = (topic, partition)
        if promises:
            self.promised[slot] = max(self.promised.get(slot, 0), at_ms - MINUTE_MS)
        said_ms = self.promised.get(slot) or None
        if slot in self.heartbeats_ahead:
            self.reached("promise ahead")
            said_ms = self.now_ms() + 5 * HOUR_MS
        link = self._links.get(slot, 0)
        self._links[slot] = link + 1
        ids = [f"{feed}-{self._ids + n}" for n in range(values)]
        self._ids += values
        key = str(RawKey(topic, hour, 0, partition, link))
        meta = RawMeta(
            link, link, link + 1, values + 1, values, "s", at_ms, at_ms, said_ms, "sim"
        )
        self._told_apart(FeedHour(feed, hour), values)
        etag = self.bucket.put(key, json.dumps(ids).encode(), meta.encode())
        body = json.dumps(ids)
        landed = Landed(
            key,
            etag,
            len(body),
            topic,
            hour.dt,
            hour.hour,
            0,
            partition,
            link,
            link + 1,
            values,
            said_ms,
        )
        self._announce(landed.encode())
        return key

    def _told_apart(self, hour: FeedHour, values: int) -> None:
        if not values:
            self.reached("object without values")
        elif self.oracle.versions.get(hour):
            self.reached("late object")

    def _announce(self, value: bytes) -> None:
        if self.rng.random() < self.plan.lost_hints:
            self.reached("lost hint")
            return
        times = 2 if self.rng.random() < 0.1 else 1
        if times == 2:
            self.reached("doubled hint")
        for _ in range(times):
            self.loop.call_later(self.rng.uniform(0, 2), self.tell, value)

    def tell(self, value: bytes) -> None:
        for one in self.awake():
            one.hear(value)

    # Runners.

    def start_runner(self) -> None:
        self._started += 1
        name = f"runner{self._started}"
        self.note(f"start {name}")
        rng = random.Random(f"{name}-{self._seed}")
        self.runners.append(RunnerProcess(name, self.place, rng))
        if len(self.awake()) > 1:
            self.reached("two runners")

    def awake(self) -> list[RunnerProcess]:
        return [one for one in self.runners if not one.process.is_frozen and not one.is_over]

    def thaw(self, one: RunnerProcess) -> None:
        if one.process.is_frozen:
            self.reached("runner frozen")
            self.note(f"thaw {one.name}")
            self.loop.thaw(one.process)

    def _run_started(self, hours: Sequence[FeedHour]) -> None:
        for one in self.awake():
            if any(set(hours) < set(group) for group in one.hours.suspects.groups):
                self.reached("half of a batch")
            if len(hours) == 1 and one.hours.get(hours[0]).alone:
                self.reached("hour alone")

    def _hour_published(self, hour: FeedHour) -> None:
        if any(one.hours.get(hour).parked for one in self.awake()):
            self.reached("parked hour published")

    def happen(self, event: Event) -> None:
        self.note(f"event: {event}")
        self.hands.do(event)

    async def watch(self) -> None:
        """What can be seen of the runners, counted now and then."""
        while True:
            await asyncio.sleep(1.0)
            for one in self.awake():
                for _, tracked in one.hours.open():
                    if tracked.parked:
                        self.reached("parked")
                    if tracked.aside is not None:
                        self.reached("aside")

    # What there is.

    def hours_of_raw(self) -> dict[FeedHour, dict[str, Stored]]:
        """The raw objects with values of each hour."""
        found: dict[FeedHour, dict[str, Stored]] = {}
        topics = {TABULAR[feed].topic: feed for feed in FEEDS}
        for key, stored in self.bucket.objects.items():
            if key.startswith(RAW_PREFIX) and json.loads(stored.body):
                _, topic, dt, hour, _ = key.split("/")
                at = parse_hour(f"{dt}/{hour}")
                assert at is not None
                found.setdefault(FeedHour(topics[topic], at), {})[key] = stored
        return found

    def committed(self) -> Iterable[FeedHour]:
        return sorted(self.oracle.versions)
