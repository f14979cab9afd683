"""What is told of the runner: its gauges, whether it is ready, and `GET /status`."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from coinlake import reach
from coinlake.health import json_response
from etl_runner.adapters.kafka import KafkaHints
from etl_runner.core.hours import Hours
from etl_runner.core.status import hours_status, run_status, totals, watermarks
from etl_runner.loop.batch import BatchPipeline
from etl_runner.loop.batch_loop import BatchLoop
from etl_runner.loop.totals import Totals
from etl_runner.metrics import EtlMetrics


@dataclass(frozen=True, slots=True)
class ObservedRunner:
    """The running parts whose state is told."""

    hours: Hours
    totals: Totals
    pipeline: BatchPipeline
    loop: BatchLoop
    hints: KafkaHints


# Gauges.


def bind_gauges(metrics: EtlMetrics) -> None:
    """Let each scrape read what changes by itself."""
    metrics.kafka_silent.set_function(reach.silent_s)


def update_gauges(hours: Hours, metrics: EtlMetrics, now_ms: int) -> None:
    """How the hours stand now."""
    open_ = [tracked for _, tracked in hours.open()]
    dirty = [tracked for tracked in open_ if tracked.dirty]
    ages = [now_ms - (tracked.dirty_since_ms or now_ms) for tracked in dirty]
    metrics.dirty_hours.set(len(dirty))
    metrics.parked_hours.set(sum(tracked.parked for tracked in open_))
    metrics.aside_hours.set(sum(tracked.aside is not None for tracked in open_))
    metrics.oldest_dirty_seconds.set(max(ages, default=0) / 1000)
    for feed, mark_ms in watermarks(hours).items():
        if mark_ms is not None:
            metrics.watermark_seconds.labels(feed=feed).set(mark_ms / 1000)


# Readiness.


def ready(of: ObservedRunner) -> dict[str, str | None]:
    """What the runner needs, each with the reason why it is not fine."""
    return {"lake": of.loop.fault, "kafka": of.hints.fault or reach.silence()}


# Status.


def status(of: ObservedRunner) -> dict[str, Any]:
    """The body of /status."""
    return {
        "hours": hours_status(of.hours),
        "run": run_status(of.pipeline.current),
        "totals": {
            **totals(of.hours),
            "runs": of.totals.runs,
            "billed_seconds": of.totals.billed_seconds,
            "usd": round(of.totals.usd, 6),
            "failures": of.totals.failures,
        },
        "watermarks": watermarks(of.hours),
    }


def status_route(of: ObservedRunner) -> web.RouteDef:
    """`GET /status`, for the demo and the tools."""

    async def answer(_: web.Request) -> web.Response:
        return json_response(status(of))

    return web.get("/status", answer)
