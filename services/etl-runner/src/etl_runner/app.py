"""Wiring: the only place that picks real things."""

import asyncio
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from prometheus_client import CollectorRegistry

from coinlake import health, reach
from coinlake.aws import open_client
from coinlake.backoff import Backoff
from coinlake.lifecycle import Pulse, watchdog
from coinlake.s3 import open_store
from etl_runner.adapters.kafka import KafkaAnnouncer, KafkaHints
from etl_runner.adapters.views import GlueViews
from etl_runner.config import Settings
from etl_runner.core.hours import Hours
from etl_runner.loop.batch import BatchPipeline, BatchTerms
from etl_runner.loop.batch_loop import BatchLoop, Rhythm
from etl_runner.loop.commands import OperatorCommands
from etl_runner.loop.failing import Failing, Patience
from etl_runner.loop.hints import Hints
from etl_runner.loop.live import LiveViews
from etl_runner.loop.publish import HiveTablePublisher
from etl_runner.loop.reconcile import Reconcile
from etl_runner.loop.records import RunnerRecords
from etl_runner.loop.run import Timing
from etl_runner.loop.totals import Totals
from etl_runner.metrics import EtlMetrics
from etl_runner.observe import (
    ObservedRunner,
    bind_gauges,
    ready,
    status_route,
    update_gauges,
)
from etl_runner.routes import HourCommands, routes
from etl_runner.steps import StepParts, step_parts


@dataclass(frozen=True, slots=True)
class WiredRunner:
    """The parts that `run` starts and tells of."""

    observed: ObservedRunner
    commands: OperatorCommands
    announcer: KafkaAnnouncer
    wake: asyncio.Event


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Run the service until `stop`."""
    registry = CollectorRegistry()
    pulse = Pulse(settings.watchdog_s, stuck=reach.stuck)
    async with AsyncExitStack() as open_:
        open_.enter_context(watchdog(pulse))
        store = await open_.enter_async_context(open_store(settings.lake.bucket))
        glue = await open_.enter_async_context(open_client("glue"))
        metrics = EtlMetrics(registry)
        bind_gauges(metrics)
        parts = step_parts(
            store,
            glue,
            bucket=settings.lake.bucket,
            database=settings.lake.database,
            job_name=settings.job_name,
            crawler_name=settings.crawler_name,
            poll_s=settings.poll_s,
            crawl_deadline_s=settings.crawl_deadline_s,
            metrics=metrics,
        )
        views = GlueViews(glue, settings.lake.database)
        wired = _wire(settings, parts, views, pulse)
        observed, ordered = wired.observed, wired.commands
        without = partial(ordered.rebuild, accepts_missing=True)
        commands = HourCommands(ordered.rebuild, without, ordered.retry)
        served = [status_route(observed), *routes(commands, settings.admin_token)]
        await open_.enter_async_context(
            health.serve(settings.http, registry, pulse, lambda: ready(observed), served)
        )
        rhythm = Rhythm(settings.reconcile_s, settings.audit_crawl_s, settings.poll_s)
        async with asyncio.TaskGroup() as group:
            group.create_task(observed.hints.run(stop))
            group.create_task(wired.announcer.run(stop))
            group.create_task(
                observed.loop.run(
                    stop,
                    wired.wake,
                    rhythm,
                    lambda: update_gauges(observed.hours, metrics, _now_ms()),
                )
            )


def _wire(settings: Settings, parts: StepParts, views: GlueViews, pulse: Pulse) -> WiredRunner:
    hours, wake, rng = Hours(), asyncio.Event(), random.Random()
    totals = Totals(parts.metrics, settings.dpu, settings.dpu_hour_usd)
    failing = Failing(hours, _patience(settings), totals, _now_ms, rng)
    records = RunnerRecords(parts.lake.store, hours, parts.metrics)
    announcer = KafkaAnnouncer(settings.kafka)
    pipeline = BatchPipeline(
        parts,
        hours,
        _terms(settings),
        HiveTablePublisher(parts),
        announcer,
        totals,
        failing,
        _now_ms,
        pulse.beat,
        records.accepts_missing,
    )
    reconcile = Reconcile(parts, hours, records)
    live = LiveViews(
        views, parts.lake, hours, reconcile.unlisted, _skew_ms(settings), parts.metrics
    )
    loop = BatchLoop(reconcile, live, pipeline, records, parts, pulse, _now_ms, rng)
    heard = Hints(hours, wake, _now_ms, parts.metrics)
    hints = KafkaHints(settings.kafka, heard.heard, heard.unreadable)
    return WiredRunner(
        ObservedRunner(hours, totals, pipeline, loop, hints),
        OperatorCommands(parts.lake, hours, records, wake, _now_ms),
        announcer,
        wake,
    )


def _patience(settings: Settings) -> Patience:
    return Patience(
        failed=Backoff(settings.retry_base_s, settings.retry_cap_s),
        away=Backoff(1.0, 300.0),
        parked=Backoff(settings.parked_base_s, settings.parked_cap_s),
        park_after=settings.park_after,
    )


def _terms(settings: Settings) -> BatchTerms:
    return BatchTerms(
        policy=settings.policy(),
        code_version=version("coinlake-etl-runner"),
        max_skew_ms=_skew_ms(settings),
        timing=Timing(settings.poll_s, settings.run_deadline_s, clock=time.time),
    )


def _skew_ms(settings: Settings) -> int:
    return int(settings.max_skew_s * 1000)


def _now_ms() -> int:
    """Now, in ms since the epoch, UTC."""
    return int(time.time() * 1000)
