"""Puts the sink together: the only place that picks the real Kafka, bucket and clock."""

import asyncio
import gc
import os
import random
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from aiohttp import web
from prometheus_client import CollectorRegistry

from coinlake import health, lifecycle, logs, reach
from coinlake.backoff import Backoff
from coinlake.contracts.topics import LANDED, TOPICS
from coinlake.errors import ConfigError, InvariantError, TransientError
from coinlake.kafka import open_producer
from coinlake.s3 import open_store
from coinlake.store import ObjectStore
from coinlake.topics import RefusedTopicsError, describe, ensure_topics
from s3_sink.adapters.announcer import Announcer
from s3_sink.adapters.lags import Lags
from s3_sink.adapters.log_reader import open_log
from s3_sink.adapters.namesake_watch import NamesakeWatch
from s3_sink.adapters.source import GroupSource, Membership, open_source
from s3_sink.adapters.telemetry import Telemetry
from s3_sink.adapters.threads import open_codec
from s3_sink.adapters.watch import Watch
from s3_sink.config import REBALANCE_TIMEOUT_S, Settings
from s3_sink.core import checks
from s3_sink.core.memory_budget import MemoryBudget
from s3_sink.core.part import Limits
from s3_sink.core.partition_state import Phase
from s3_sink.core.status import partition_status
from s3_sink.loop import create_only
from s3_sink.loop.guard import Guard
from s3_sink.loop.partition_worker import Outside
from s3_sink.loop.sink import Policy, Sink
from s3_sink.loop.writer import Writer
from s3_sink.metrics import SinkMetrics

log = logs.get(__name__)
Answer = TypeVar("Answer")
# New objects that may be left over before the collector looks for cycles among them.
_COLLECT_AFTER = 20_000


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop`. Raises ConfigError where the sink must not run."""
    await App(settings).run(stop)


class App:
    """One sink with everything around it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._budget = MemoryBudget(settings.budget_bytes, settings.fetch_bytes)
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._registry = CollectorRegistry()
        self._metrics = SinkMetrics(self._registry)
        self._metrics.kafka_silent.set_function(reach.silent_s)
        self._telemetry = Telemetry(self._metrics)
        self._pulse = lifecycle.Pulse(settings.watchdog_s, stuck=reach.stuck)
        self._backoff = Backoff(cap_s=settings.retry_cap_s)
        self._rng = random.Random()
        self._sink: Sink | None = None
        self._watch: Watch | None = None
        self._namesakes: NamesakeWatch | None = None
        self._fit: set[str] = set()
        self._waits_for: str | None = "starting"

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`. Raises ConfigError where the sink must not run."""
        routes = [web.get("/status", self._status)]
        async with AsyncExitStack() as open_:
            open_.enter_context(lifecycle.watchdog(self._pulse))
            await open_.enter_async_context(
                health.serve(
                    self._settings.http, self._registry, self._pulse, self._ready, routes
                )
            )
            opened = await _unless_stopped(stop, self._open(open_))
            if opened is not None:
                await self._serve(*opened, stop)

    async def _serve(
        self, sink: Sink, source: GroupSource, announcer: Announcer, lags: Lags, watch: Watch,
        stop: asyncio.Event,
    ) -> None:  # fmt: skip
        self._sink, self._watch, self._waits_for = sink, watch, None
        _settle_memory()
        async with asyncio.TaskGroup() as tasks:
            announcing = tasks.create_task(announcer.run())
            looking = [
                tasks.create_task(lags.follow(lambda: sink.states)),
                tasks.create_task(watch.follow()),
            ]
            if self._namesakes is not None:
                looking.append(tasks.create_task(self._namesakes.follow()))
            await sink.run(
                lambda owner: source.join(self._settings.topics, owner), stop, self._beat
            )
            try:
                async with asyncio.timeout(2.0):
                    await announcer.drained()
            except TimeoutError:
                log.warning("announcements_given_up")
            announcing.cancel()
            for task in looking:
                task.cancel()

    async def _open(
        self, open_: AsyncExitStack
    ) -> tuple[Sink, GroupSource, Announcer, Lags, Watch]:
        settings, kafka = self._settings, self._settings.kafka
        store = await open_.enter_async_context(open_store(settings.lake.bucket))
        await self._patiently("store", lambda: create_only.require_create_only(store))
        await self._patiently("topics", self._check_topics)
        group = settings.group
        membership = Membership(
            settings.topics, group.id, group.instance_id, f"s3-sink-{self._name}",
            group.session_timeout_s, REBALANCE_TIMEOUT_S,
            self._budget.fetch_bytes, self._budget.request_bytes, self._budget.unpacked_bytes,
        )  # fmt: skip
        producer = await self._patiently(
            "kafka",
            lambda: open_.enter_async_context(open_producer(kafka, membership.client_id)),
        )
        reader = await self._patiently(
            "kafka",
            lambda: open_.enter_async_context(open_log(kafka, membership.client_id, group.id)),
        )
        source = await self._patiently(
            "kafka", lambda: open_.enter_async_context(open_source(kafka, membership))
        )
        codec = open_.enter_context(open_codec(settings.object.gzip_level))
        announcer = Announcer(producer, self._metrics)
        outside = Outside(
            source, reader, store, codec, announcer.announce, self._wait,
            time.monotonic, lambda: time.time_ns() // 1_000_000, self._require_fit,
        )  # fmt: skip
        lags = Lags(self._metrics, reader)
        if group.instance_id is not None:
            self._namesakes = NamesakeWatch(reader, lambda: source.ids, group.instance_id)
        watch = Watch(reader, self._metrics, settings.topics)
        return self._assembled(outside, store), source, announcer, lags, watch

    def _assembled(self, outside: Outside, store: ObjectStore) -> Sink:
        batch = self._settings.object
        policy = Policy(
            Limits(batch.max_bytes, batch.max_raw_bytes, batch.max_records, batch.max_age_s),
            self._budget,
            frozenset(self._settings.heartbeat_producers),
            self._settings.flush_deadline_s,
            tick_s=min(0.5, batch.max_age_s / 4),
        )
        guard = Guard(store, outside.now_s)
        writer = Writer(store, outside.codec, self._wait, self._telemetry, guard, self._name)
        return Sink(outside, policy, writer, self._telemetry)

    async def _check_topics(self) -> None:
        settings = self._settings
        contracts = [TOPICS[name] for name in (*settings.topics, LANDED) if name in TOPICS]
        try:
            await ensure_topics(settings.kafka, contracts, settings.replication_factor)
        except RefusedTopicsError as error:
            # Those that are there are stored meanwhile; the watch tells of the others.
            log.error("topics_not_made", reason=str(error))
        found = await describe(settings.kafka, settings.topics)
        checks.require_deleting(found)
        self._fit |= set(found)
        for topic, kept_s in checks.too_short(found, settings.longest_outage_s).items():
            log.warning("retention_short", topic=topic, retention_s=kept_s)

    async def _require_fit(self, topic: str) -> None:
        """A topic that could not be described at the start is looked at when it can be."""
        if topic in self._fit:
            return
        found = await describe(self._settings.kafka, [topic])
        if topic not in found:
            raise TransientError(f"topic {topic} cannot be described")
        try:
            checks.require_deleting(found)
        except ConfigError as error:
            # The others are stored: only a start says no to all of them.
            raise InvariantError(str(error)) from error
        self._fit.add(topic)

    async def _patiently(self, need: str, action: Callable[[], Awaitable[Answer]]) -> Answer:
        attempt = 0
        while True:
            self._beat()
            try:
                return await action()
            except TransientError as error:
                self._waits_for = f"{need}: {error}"
                log.warning("dependency_away", need=need, reason=str(error))
            await self._wait(attempt)
            attempt += 1

    async def _wait(self, attempt: int) -> None:
        await asyncio.sleep(self._backoff.delay_s(attempt, self._rng))

    def _beat(self) -> None:
        self._pulse.beat()
        if self._sink is not None:
            self._measure(self._sink)

    def _measure(self, sink: Sink) -> None:
        states = list(sink.states.values())
        metrics = self._metrics
        metrics.held_bytes.set(sum(state.weight for state in states))
        metrics.in_flight_bytes.set(sum(state.in_flight_bytes for state in states))
        metrics.is_paused.set(sink.is_paused)
        now_s = time.monotonic()
        oldest_s = min((state.oldest_value_at_s or now_s for state in states), default=now_s)
        metrics.oldest_open_seconds.set(now_s - oldest_s)
        for phase in Phase:
            metrics.partitions.labels(phase.value).set(
                sum(state.phase is phase for state in states)
            )

    def _ready(self) -> dict[str, str | None]:
        if self._waits_for is not None:
            return {"start": self._waits_for}
        telemetry = self._telemetry
        troubles = {**telemetry.unread, **telemetry.troubles}
        if self._sink is not None:
            for partition, state in self._sink.states.items():
                if state.phase is Phase.STARTING:
                    troubles.setdefault(partition, "looking for the end of its chain")
        said = "; ".join(f"{partition}: {reason}" for partition, reason in troubles.items())
        topics = {} if self._watch is None else self._watch.troubles
        unstored = "; ".join(f"{topic} {reason}" for topic, reason in sorted(topics.items()))
        return {
            "kafka": reach.silence() or telemetry.kafka_trouble,
            "instance": None if self._namesakes is None else self._namesakes.trouble,
            "topics": unstored or None,
            "chains": said or None,
        }

    async def _status(self, _: web.Request) -> web.Response:
        sink, counted = self._sink, self._telemetry.by_partition
        states = {} if sink is None else sink.states
        partitions = {
            str(partition): partition_status(
                state,
                None if sink is None else sink.committed(partition),
                counted.get(partition, {}),
            )
            for partition, state in states.items()
        }
        return health.json_response(
            {"partitions": partitions, "totals": self._telemetry.totals}
        )


def _settle_memory() -> None:
    """Spare the collector what is here to stay, and most of its rounds.

    Each batch makes thousands of objects that hold no cycles and are gone at once; looking through
    all modules and API models that often took a twentieth of the sink's CPU time, as measured.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)


async def _unless_stopped(
    stop: asyncio.Event, work: Coroutine[Any, Any, Answer]
) -> Answer | None:
    """The answer of some work; None where it was time to stop before it was there."""
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(work)
        stopping = tasks.create_task(stop.wait())
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()
    return None if working.cancelled() else working.result()
