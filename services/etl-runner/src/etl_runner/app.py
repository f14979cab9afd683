"""Wiring: the only place that picks real things."""

import asyncio
import random
import time
from contextlib import AsyncExitStack
from importlib.metadata import version
from typing import Any

from prometheus_client import CollectorRegistry

from coinlake import health, reach
from coinlake.aws import open_client
from coinlake.backoff import Backoff
from coinlake.lifecycle import Pulse, watchdog
from coinlake.s3 import open_store
from etl_runner.adapters.catalog import GlueCatalog
from etl_runner.adapters.jobs import GlueJobRuns
from etl_runner.adapters.kafka import KafkaAnnouncer, KafkaHints
from etl_runner.config import Settings
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.status import hours_status, run_status, totals, watermarks
from etl_runner.loop.batch import BatchPipeline, Failing, closing_of
from etl_runner.loop.freeze import Freeze
from etl_runner.loop.lake import LakeReader, inputs_of
from etl_runner.loop.publish import Publish
from etl_runner.loop.reconcile import Reconcile
from etl_runner.loop.run import RunBatch, Timing
from etl_runner.loop.runner import BatchLoop, Hints, Rhythm
from etl_runner.loop.tables import TableRegistrar
from etl_runner.loop.totals import Totals
from etl_runner.metrics import EtlMetrics
from etl_runner.routes import routes


def now_ms() -> int:
    """Now, in ms since the epoch, UTC."""
    return int(time.time() * 1000)


class Runner:
    """The wired service, with what its endpoints need."""

    def __init__(
        self, settings: Settings, store: Any, glue: Any, metrics: EtlMetrics, pulse: Pulse
    ) -> None:
        lake_settings = settings.lake
        policy, rng = settings.policy(), random.Random()
        self.wake = asyncio.Event()
        self.hours = Hours()
        self.totals = Totals(metrics, settings.dpu, settings.dpu_hour_usd)
        self.lake = LakeReader(store)
        catalog = GlueCatalog(
            glue,
            lake_settings.bucket,
            lake_settings.database,
            settings.crawler_name,
            settings.poll_s,
            settings.crawl_deadline_s,
        )
        tables = TableRegistrar(catalog, metrics)
        self.run_batch = RunBatch(
            store,
            lake_settings.bucket,
            GlueJobRuns(glue, settings.job_name),
            Timing(settings.poll_s, settings.run_deadline_s),
            time.time,
            pulse.beat,
        )
        self.run_batch.ended = self.totals.ended
        steps = (
            Freeze(
                self.lake,
                self.hours,
                metrics,
                version("coinlake-etl-runner"),
                int(settings.max_skew_s * 1000),
            ),
            self.run_batch,
            Publish(
                self.lake, tables, self.hours, metrics, closing_of(self.hours, policy, now_ms)
            ),
        )
        self.announcer = KafkaAnnouncer(settings.kafka)
        backoff = Backoff(settings.retry_base_s, settings.retry_cap_s)
        failing = Failing(self.hours, backoff, settings.park_after, self.totals, now_ms, rng)
        batches = BatchPipeline(
            self.lake, self.hours, policy, steps, self.announcer, self.totals, failing, now_ms
        )
        self.hints = KafkaHints(settings.kafka, Hints(self.hours, self.wake, now_ms).heard)
        self.loop = BatchLoop(
            Reconcile(self.lake, self.hours, metrics),
            batches,
            tables,
            self.hours,
            self.totals,
            metrics,
            policy,
            pulse,
            now_ms,
            rng,
        )

    def status(self) -> dict[str, Any]:
        """What `/status` answers."""
        counted = totals(self.hours)
        return {
            "hours": hours_status(self.hours),
            "run": run_status(self.run_batch.current),
            "totals": {
                **counted,
                "runs": self.totals.runs,
                "billed_seconds": self.totals.billed_seconds,
                "usd": round(self.totals.usd, 6),
                "failures": self.totals.failures,
            },
            "watermarks": watermarks(self.hours),
        }

    def ready(self) -> dict[str, str | None]:
        return {"lake": self.loop.fault, "kafka": self.hints.fault or reach.silence()}

    async def rebuild(self, hour: FeedHour) -> bool:
        """Mark an hour for rebuild; False where it has no raw objects."""
        inputs = inputs_of(await self.lake.raw_of_hour(hour))
        if not inputs:
            return False
        self.hours.committed(hour, await self.lake.head(hour), now_ms())
        self.hours.listed(hour, inputs, now_ms())
        self.hours.force(hour, now_ms())
        self.wake.set()
        return True

    async def retry(self, hour: FeedHour) -> bool:
        """Try a failed or parked hour now; False where it is neither."""
        found = self.hours.retry(hour)
        self.wake.set()
        return found


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Run the service until `stop`."""
    registry = CollectorRegistry()
    pulse = Pulse(settings.watchdog_s, stuck=reach.stuck)
    async with AsyncExitStack() as open_:
        open_.enter_context(watchdog(pulse))
        store = await open_.enter_async_context(open_store(settings.lake.bucket))
        glue = await open_.enter_async_context(open_client("glue"))
        metrics = EtlMetrics(registry)
        metrics.kafka_silent.set_function(reach.silent_s)
        runner = Runner(settings, store, glue, metrics, pulse)
        served = routes(runner.status, runner.rebuild, runner.retry, settings.admin_token)
        await open_.enter_async_context(
            health.serve(settings.http, registry, pulse, runner.ready, served)
        )
        rhythm = Rhythm(settings.reconcile_s, settings.audit_crawl_s, settings.poll_s)
        async with asyncio.TaskGroup() as group:
            group.create_task(runner.hints.run(stop))
            group.create_task(runner.announcer.run(stop))
            group.create_task(runner.loop.run(stop, runner.wake, rhythm))
