"""Wiring of query-api: the only place that picks real things."""

import asyncio
import random
import time
import uuid
from contextlib import AsyncExitStack

from aiohttp import web
from prometheus_client import CollectorRegistry

from coinlake import logs
from coinlake.errors import TransientError
from coinlake.health import Readiness, health_routes
from coinlake.lifecycle import Pulse, sleep_or_stop, watchdog
from coinlake.s3 import open_store
from query_api.adapters.athena import AthenaEngine, open_athena
from query_api.adapters.guard import open_guard
from query_api.adapters.ledger import LedgerReader
from query_api.adapters.listener import Connections, open_listener
from query_api.config import Settings
from query_api.core.problems import ProblemError
from query_api.loop.runs import QueryPacing, open_runs
from query_api.metrics import QueryApiMetrics
from query_api.routes.context import Context
from query_api.routes.middleware import keyed, observed
from query_api.routes.prices import PriceRoutes
from query_api.routes.queries import QueryRoutes
from query_api.routes.service import About

log = logs.get(__name__)

_PROBE_S = 15.0
_TURN_S = 0.5


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """Random, unguessable, and long enough for Athena's ClientRequestToken (32 to 128)."""
    return uuid.uuid4().hex


def pace(settings: Settings) -> QueryPacing:
    return QueryPacing(
        max_running=settings.limits.max_running,
        max_queued=settings.limits.max_queued,
        poll_first_s=settings.athena.poll_first_s,
        poll_cap_s=settings.athena.poll_cap_s,
        stop_deadline_s=settings.athena.stop_deadline_s,
        usd_per_tb=settings.athena.usd_per_tb,
    )


def application(
    context: Context,
    registry: CollectorRegistry,
    pulse: Pulse,
    ready: Readiness,
    connections: Connections,
) -> web.Application:
    """The whole HTTP side over an opened context."""
    app = web.Application(
        client_max_size=context.settings.limits.max_body_bytes,
        middlewares=[
            connections.middleware,
            observed(context.metrics),
            keyed(context.settings),
        ],
    )
    app.add_routes(health_routes(registry, pulse, ready))
    app.add_routes(About(context).routes())
    app.add_routes(PriceRoutes(context).routes())
    app.add_routes(QueryRoutes(context, time.monotonic).routes())
    return app


class Needs:
    """What the service needs, looked at now and then: a probe must not cost per request."""

    def __init__(self, athena: AthenaEngine, ledger: LedgerReader) -> None:
        self._athena = athena
        self._ledger = ledger
        self._reasons: dict[str, str | None] = {
            "athena": "not asked yet",
            "s3": "not asked yet",
        }

    def ready(self) -> dict[str, str | None]:
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
            await self._ledger.view()
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


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set."""
    registry = CollectorRegistry()
    metrics, pulse = QueryApiMetrics(registry), Pulse(settings.watchdog_s)
    lake, limits = settings.lake, settings.limits
    if settings.anonymous_read and settings.http.host not in ("127.0.0.1", "::1", "localhost"):
        log.warning("anonymous_read_beyond_loopback", host=settings.http.host)
    async with AsyncExitStack() as open_:
        store = await open_.enter_async_context(open_store(lake.bucket))
        output = f"s3://{lake.bucket}/{settings.athena.results_prefix}"
        athena = await open_.enter_async_context(
            open_athena(lake.database, settings.athena.workgroup, output)
        )
        guard = await open_.enter_async_context(
            open_guard(lake.database, limits.guard_deadline_s)
        )
        runs = await open_.enter_async_context(
            open_runs(athena, pace(settings), metrics, new_id, random.Random())
        )
        ledger = LedgerReader(
            store,
            metrics,
            now_ms,
            ttl_ms=int(settings.ledger_ttl_s * 1000),
            full_ms=int(settings.ledger_full_s * 1000),
        )
        context = Context(settings, lake.database, runs, ledger, guard, metrics, now_ms)
        connections, needs = Connections(limits, metrics), Needs(athena, ledger)
        app = application(context, registry, pulse, needs.ready, connections)
        await open_.enter_async_context(open_listener(app, connections, settings.http, limits))
        open_.enter_context(watchdog(pulse))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(needs.watch(stop), name="needs")
            while not await sleep_or_stop(stop, _TURN_S):
                pulse.beat()
