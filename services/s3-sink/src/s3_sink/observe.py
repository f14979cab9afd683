"""What is told of the sink: its gauges, whether it is ready, and `GET /status`."""

import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from coinlake import reach
from coinlake.health import json_response
from s3_sink.adapters.namesake_watch import NamesakeWatch
from s3_sink.adapters.telemetry import Telemetry
from s3_sink.adapters.watch import Watch
from s3_sink.core.partition_state import Phase
from s3_sink.core.status import partition_status
from s3_sink.loop.sink import Sink
from s3_sink.metrics import SinkMetrics


@dataclass(slots=True)
class ObservedSink:
    """The parts whose state is told. While the sink starts there is only what it waits for."""

    metrics: SinkMetrics
    telemetry: Telemetry
    waits_for: str | None = "starting"
    sink: Sink | None = None
    watch: Watch | None = None
    namesakes: NamesakeWatch | None = None


def update_gauges(of: ObservedSink) -> None:
    """Bring the gauges of what is held up to date."""
    if of.sink is None:
        return
    states = list(of.sink.states.values())
    metrics = of.metrics
    metrics.held_bytes.set(sum(state.weight for state in states))
    metrics.in_flight_bytes.set(sum(state.in_flight_bytes for state in states))
    metrics.is_paused.set(of.sink.is_paused)
    now_s = time.monotonic()
    oldest_s = min((state.oldest_value_at_s or now_s for state in states), default=now_s)
    metrics.oldest_open_seconds.set(now_s - oldest_s)
    for phase in Phase:
        metrics.partitions.labels(phase.value).set(
            sum(state.phase is phase for state in states)
        )


def ready(of: ObservedSink) -> dict[str, str | None]:
    """What the sink needs, each with the reason why it is not fine."""
    if of.waits_for is not None:
        return {"start": of.waits_for}
    return {
        "kafka": reach.silence() or of.telemetry.kafka_trouble,
        "instance": None if of.namesakes is None else of.namesakes.trouble,
        "topics": _topics_reason(of),
        "chains": _chains_reason(of),
    }


def _topics_reason(of: ObservedSink) -> str | None:
    troubles = {} if of.watch is None else of.watch.troubles
    return "; ".join(f"{topic} {reason}" for topic, reason in sorted(troubles.items())) or None


def _chains_reason(of: ObservedSink) -> str | None:
    troubles = {**of.telemetry.unread, **of.telemetry.troubles}
    for partition, state in ({} if of.sink is None else of.sink.states).items():
        if state.phase is Phase.STARTING:
            troubles.setdefault(partition, "looking for the end of its chain")
    return "; ".join(f"{partition}: {reason}" for partition, reason in troubles.items()) or None


def status(of: ObservedSink) -> dict[str, Any]:
    """The body of /status."""
    sink, counted = of.sink, of.telemetry.by_partition
    partitions = (
        {}
        if sink is None
        else {
            str(partition): partition_status(
                state, sink.committed(partition), counted.get(partition, {})
            )
            for partition, state in sink.states.items()
        }
    )
    return {"partitions": partitions, "totals": of.telemetry.totals}


def status_route(of: ObservedSink) -> web.RouteDef:
    """`GET /status`, for the demo, the page and the tools."""

    async def answer(_: web.Request) -> web.Response:
        return json_response(status(of))

    return web.get("/status", answer)
