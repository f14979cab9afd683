"""What is told of query-api: its gauges, whether it is ready, and `GET /status`."""

import asyncio
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from coinlake.contracts.datasets import TABULAR
from coinlake.errors import TransientError
from coinlake.lifecycle import sleep_or_stop
from query_api.adapters.athena import AthenaEngine
from query_api.adapters.key_reader import KeyReader
from query_api.adapters.ledger import LedgerReader
from query_api.core.coverage import newest_received_ms, watermark_ms
from query_api.core.problems import ProblemError
from query_api.core.window import rfc3339, time_or_null
from query_api.loop.runs import QueryRuns
from query_api.metrics import QueryApiMetrics
from query_api.routes.responses import json_answer

_PROBE_S = 15.0


@dataclass(frozen=True, slots=True)
class ObservedQueryApi:
    """The running parts whose state is told."""

    runs: QueryRuns
    ledger: LedgerReader
    probe: "DependencyProbe"
    keys: KeyReader


# Gauges. Those of the ledger move with each look at it: see its adapter.


def bind_gauges(runs: QueryRuns, metrics: QueryApiMetrics) -> None:
    """Let each scrape read the queries as they are."""
    metrics.running.set_function(lambda: runs.running)
    metrics.queued.set_function(lambda: runs.queued)


# Readiness.


class DependencyProbe:
    """Asks Athena and S3 now and then: a look at /readyz must not cost a request of theirs."""

    def __init__(self, athena: AthenaEngine, ledger: LedgerReader, idle_s: float) -> None:
        self._athena = athena
        self._idle_ms = int(idle_s * 1000)
        self._ledger = ledger
        self._reasons: dict[str, str | None] = {
            "athena": "not asked yet",
            "s3": "not asked yet",
        }

    @property
    def reasons(self) -> dict[str, str | None]:
        """Each dependency with the reason why it is not fine, as last seen."""
        return dict(self._reasons)

    async def look(self) -> None:
        """Ask both; neither is a query."""
        try:
            await self._athena.probe()
            self._reasons["athena"] = None
        except (TransientError, ProblemError) as error:
            # A missing workgroup is a refusal, and somebody may still be making it.
            self._reasons["athena"] = str(error)
        try:
            await self._ledger.probe()
            # The listing is dear: for the gauges it is done seldom, and whoever asks does it anyway.
            await self._ledger.view(max_age_ms=self._idle_ms)
            self._reasons["s3"] = None
        except TransientError as error:
            self._reasons["s3"] = str(error)

    async def watch(self, stop: asyncio.Event) -> None:
        """Look until it is time to stop: often while something is away, seldom otherwise."""
        while not stop.is_set():
            await self.look()
            away = any(self._reasons.values())
            await sleep_or_stop(stop, 1.0 if away else _PROBE_S)
        # First of all: no new requests come while the open ones are answered.
        self._reasons["service"] = "stopping"


def ready(of: ObservedQueryApi) -> dict[str, str | None]:
    """What query-api needs, each with the reason why it is not fine."""
    return {**of.probe.reasons, "keys": of.keys.reason}


# Status.


async def status(of: ObservedQueryApi) -> dict[str, Any]:
    """The body of /status: queries now, and per feed what the newest days hold.

    Everybody may ask it, so it never lists the whole ledger.
    """
    active = of.runs.active
    queries = {
        "active": len(active),
        "running": sum(run.state == "RUNNING" for run in active),
    }
    try:
        view = await of.ledger.view()
    except TransientError:
        return {"queries": queries, "feeds": None}
    feeds = {
        feed: {
            "newest_hours": sum(name == feed for name, _ in view.heads),
            "newest_received": time_or_null(newest_received_ms(view.heads, feed)),
            "watermark": time_or_null(watermark_ms(view.heads, feed)),
        }
        for feed in TABULAR
    }
    return {"queries": queries, "feeds": feeds, "as_of": rfc3339(view.at_ms)}


def status_route(of: ObservedQueryApi) -> web.RouteDef:
    """`GET /status`: open to all, counts and names only, nothing of the data."""

    async def answer(_: web.Request) -> web.Response:
        return json_answer(await status(of))

    return web.get("/status", answer)
