"""Puts the sink together: the only place that picks the real Kafka, bucket and clock."""

import asyncio
import os
import random
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from coinlake import health, lifecycle, logs, reach
from coinlake.backoff import Backoff
from coinlake.kafka import open_producer
from coinlake.s3 import open_store
from s3_sink.adapters import heap
from s3_sink.adapters.announcer import Announcer
from s3_sink.adapters.lags import Lags
from s3_sink.adapters.log_reader import KafkaLog, open_log
from s3_sink.adapters.namesake_watch import NamesakeWatch
from s3_sink.adapters.source import GroupSource, Membership, open_source
from s3_sink.adapters.source_topics import SourceTopics
from s3_sink.adapters.telemetry import Telemetry
from s3_sink.adapters.threads import open_codec
from s3_sink.adapters.watch import Watch
from s3_sink.config import REBALANCE_TIMEOUT_S, Settings
from s3_sink.core.memory_budget import MemoryBudget
from s3_sink.core.part import PartLimits
from s3_sink.core.ports import Wait
from s3_sink.loop import create_only
from s3_sink.loop.guard import Guard
from s3_sink.loop.partition_worker import Outside
from s3_sink.loop.sink import Policy, Sink
from s3_sink.loop.starting import StartAttempts, unless_stopped
from s3_sink.loop.writer import Writer
from s3_sink.metrics import SinkMetrics
from s3_sink.observe import ObservedSink, ready, status_route, update_gauges

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class SinkParts:
    """Everything that runs, wired."""

    sink: Sink
    source: GroupSource
    announcer: Announcer
    lags: Lags
    watch: Watch
    namesakes: NamesakeWatch | None


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop`. Raises ConfigError where the sink must not run."""
    registry = CollectorRegistry()
    metrics = SinkMetrics(registry)
    metrics.kafka_silent.set_function(reach.silent_s)
    observed = ObservedSink(metrics, Telemetry(metrics))
    pulse = lifecycle.Pulse(settings.watchdog_s, stuck=reach.stuck)

    def beat() -> None:
        pulse.beat()
        update_gauges(observed)

    async with AsyncExitStack() as open_:
        open_.enter_context(lifecycle.watchdog(pulse))
        await open_.enter_async_context(
            health.serve(
                settings.http,
                registry,
                pulse,
                lambda: ready(observed),
                [status_route(observed)],
            )
        )
        parts = await unless_stopped(stop, _open(settings, observed, beat, open_))
        if parts is not None:
            observed.sink, observed.watch = parts.sink, parts.watch
            observed.namesakes, observed.waits_for = parts.namesakes, None
            heap.spare_the_collector()
            await _run_loops(parts, settings, stop, beat)


async def _run_loops(
    parts: SinkParts, settings: Settings, stop: asyncio.Event, beat: Callable[[], None]
) -> None:
    """Serve until `stop`; announcements that are still on their way get two seconds."""
    sink = parts.sink
    async with asyncio.TaskGroup() as tasks:
        announcing = tasks.create_task(parts.announcer.run())
        looking = [
            tasks.create_task(parts.lags.follow(lambda: sink.states)),
            tasks.create_task(parts.watch.follow()),
        ]
        if parts.namesakes is not None:
            looking.append(tasks.create_task(parts.namesakes.follow()))
        await sink.run(lambda owner: parts.source.join(settings.topics, owner), stop, beat)
        try:
            async with asyncio.timeout(2.0):
                await parts.announcer.drained()
        except TimeoutError:
            log.warning("announcements_given_up")
        announcing.cancel()
        for task in looking:
            task.cancel()


async def _open(
    settings: Settings, observed: ObservedSink, beat: Callable[[], None], open_: AsyncExitStack
) -> SinkParts:
    """Open everything that the sink needs, as soon as it is there."""
    kafka, group = settings.kafka, settings.group
    name = f"{socket.gethostname()}-{os.getpid()}"
    client_id = f"s3-sink-{name}"
    budget = MemoryBudget(settings.budget_bytes, settings.fetch_bytes)
    wait = _wait(settings.retry_cap_s)
    topics = SourceTopics(kafka, settings.topics)

    def waits_for(reason: str) -> None:
        observed.waits_for = reason

    until_reached = StartAttempts(beat, wait, waits_for).until_reached
    store = await open_.enter_async_context(open_store(settings.lake.bucket))
    await until_reached("store", lambda: create_only.require_create_only(store))
    await until_reached(
        "topics",
        lambda: topics.prepare(settings.replication_factor, settings.longest_outage_s),
    )
    producer = await until_reached(
        "kafka", lambda: open_.enter_async_context(open_producer(kafka, client_id))
    )
    reader = await until_reached(
        "kafka", lambda: open_.enter_async_context(open_log(kafka, client_id, group.id))
    )
    membership = _membership(settings, budget, client_id)
    source = await until_reached(
        "kafka", lambda: open_.enter_async_context(open_source(kafka, membership))
    )
    announcer = Announcer(producer, observed.metrics)
    outside = Outside(
        source,
        reader,
        store,
        open_.enter_context(open_codec(settings.object.gzip_level)),
        announcer.announce,
        wait,
        time.monotonic,
        lambda: time.time_ns() // 1_000_000,
        topics.require_fit,
    )
    writer = Writer(
        store, outside.codec, wait, observed.telemetry, Guard(store, outside.now_s), name
    )
    return SinkParts(
        Sink(outside, _policy(settings, budget), writer, observed.telemetry),
        source,
        announcer,
        Lags(observed.metrics, reader),
        Watch(reader, observed.metrics, settings.topics),
        _namesakes(settings, reader, source),
    )


def _wait(cap_s: float) -> Wait:
    backoff, rng = Backoff(cap_s=cap_s), random.Random()

    async def wait(attempt: int) -> None:
        await asyncio.sleep(backoff.delay_s(attempt, rng))

    return wait


def _membership(settings: Settings, budget: MemoryBudget, client_id: str) -> Membership:
    return Membership(
        settings.topics,
        settings.group.id,
        settings.group.instance_id,
        client_id,
        settings.group.session_timeout_s,
        REBALANCE_TIMEOUT_S,
        budget.fetch_bytes,
        budget.request_bytes,
        budget.unpacked_bytes,
    )


def _policy(settings: Settings, budget: MemoryBudget) -> Policy:
    batch = settings.object
    return Policy(
        PartLimits(batch.max_bytes, batch.max_raw_bytes, batch.max_records, batch.max_age_s),
        budget,
        frozenset(settings.heartbeat_producers),
        settings.flush_deadline_s,
        tick_s=min(0.5, batch.max_age_s / 4),
    )


def _namesakes(
    settings: Settings, reader: KafkaLog, source: GroupSource
) -> NamesakeWatch | None:
    instance_id = settings.group.instance_id
    if instance_id is None:
        return None
    return NamesakeWatch(reader, lambda: source.ids, instance_id)
