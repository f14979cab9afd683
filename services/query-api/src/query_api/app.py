"""Wiring of query-api: the only place that picks real things."""

import asyncio
import gc
import secrets
import time
import uuid
from contextlib import AsyncExitStack

from aiohttp import web
from prometheus_client import CollectorRegistry

from coinlake import logs
from coinlake.health import health_routes
from coinlake.lifecycle import Pulse, sleep_or_stop, watchdog
from coinlake.s3 import open_store
from coinlake.store import ObjectStore
from query_api.adapters.athena import AthenaScope, open_athena
from query_api.adapters.footers import open_footers
from query_api.adapters.guard import GuardLimits, open_guard
from query_api.adapters.guard_process import GuardBounds
from query_api.adapters.key_looks import KeyLooks
from query_api.adapters.key_reader import KeyPace, KeyReader
from query_api.adapters.ledger import LedgerReader, Staleness
from query_api.adapters.listener import Connections, open_listener
from query_api.adapters.listings import Listings
from query_api.adapters.page_files import read_page
from query_api.adapters.raw_zone import RawZone
from query_api.adapters.result_objects import open_result_objects
from query_api.adapters.run_history import RunHistory
from query_api.adapters.view_texts import open_view_texts
from query_api.adapters.workers import open_workers
from query_api.config import AthenaSettings, LimitSettings, Settings
from query_api.core.look_times import LookPace
from query_api.core.ports import SqlEngine
from query_api.core.results import ResultLimits
from query_api.loop.athena_side import ExecutionPace, open_executor
from query_api.loop.estimating import Estimator
from query_api.loop.in_hand import RequestsInHand
from query_api.loop.ledger_refresh import LedgerRefresh
from query_api.loop.runs import QueryCapacity, open_runs
from query_api.loop.sharing import SharedQueries
from query_api.loop.spending import Accounts
from query_api.metrics import QueryApiMetrics
from query_api.observe import (
    DependencyProbe,
    ObservedQueryApi,
    bind_gauges,
    ready,
    status_route,
)
from query_api.routes.every import SqlParts, every_route
from query_api.routes.formats import negotiated
from query_api.routes.middleware import balanced, keyed, observed
from query_api.routes.open_routes import document_route, open_routes
from query_api.routes.page import page_routes
from query_api.routes.parts import ApiParts, LakeLooks
from query_api.routes.result_pages import ResultPages
from query_api.routes.row_answers import RowAnswers

log = logs.get(__name__)

_TURN_S = 0.5


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set."""
    registry, pulse = CollectorRegistry(), Pulse(settings.watchdog_s)
    metrics = QueryApiMetrics(registry)
    _warn_of_open_listener(settings)
    async with AsyncExitStack() as open_:
        store = await open_.enter_async_context(open_store(settings.lake.bucket))
        workers = open_.enter_context(open_workers())
        objects = await open_.enter_async_context(
            open_result_objects(settings.limits.max_result_bytes)
        )
        athena = await open_.enter_async_context(
            open_athena(_scope(settings), objects, workers)
        )
        guard = await open_.enter_async_context(
            open_guard(settings.lake.database, *_guard(settings.limits))
        )
        executor = await open_.enter_async_context(
            open_executor(athena, _pace(settings.athena), metrics, _new_id, _now_ms)
        )
        accounts = _accounts(open_, settings, store, metrics)
        keys = await _keys(settings, store, metrics)
        estimator = await _estimator(open_, settings, store, metrics)
        runs = await open_.enter_async_context(
            open_runs(executor, _capacity(settings), metrics, _new_id, accounts)
        )
        ledger = _ledger(settings, store, metrics)
        refresh = LedgerRefresh(ledger, settings.ledger_ttl_s, time.monotonic)
        probe = DependencyProbe(athena, ledger, settings.ledger_idle_s)
        parts = ApiParts(
            settings,
            settings.lake.database,
            runs,
            SharedQueries(runs, metrics, _kept(settings.limits)),
            ledger,
            guard,
            metrics,
            _now_ms,
            accounts,
            estimator,
            _new_id,
            KeyLooks(store, _now_ms),
            refresh,
            RowAnswers(workers, metrics, settings.limits.write_deadline_s),
            ResultPages(objects, workers, settings.limits.max_result_rows),
            LakeLooks(
                RawZone(store, _now_ms), RunHistory(store), lambda: probe.reasons["athena"]
            ),
        )
        running = ObservedQueryApi(runs, ledger, probe, keys)
        bind_gauges(runs, metrics)
        connections = Connections(settings.limits, metrics)
        app = application(parts, athena, running, connections, registry, pulse)
        await _listen(open_, app, connections, settings)
        open_.enter_context(watchdog(pulse))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(refresh.watch(stop), name="ledger")
            _watch(tasks, stop, running, accounts, settings.budget.flush_s)
            while not await sleep_or_stop(stop, _TURN_S):
                pulse.beat()


async def _listen(
    open_: AsyncExitStack, app: web.Application, connections: Connections, settings: Settings
) -> None:
    # Modules and clients live as long as the process: a full look for garbage among them has
    # stopped the loop for 90 to 190 ms again and again, and found none. Before anybody can ask.
    gc.collect()
    gc.freeze()
    await open_.enter_async_context(
        open_listener(app, connections, settings.http, settings.limits)
    )


def _scope(settings: Settings) -> AthenaScope:
    output = f"s3://{settings.lake.bucket}/{settings.athena.results_prefix}"
    return AthenaScope(settings.lake.database, settings.athena.workgroup, output)


def _watch(
    tasks: asyncio.TaskGroup,
    stop: asyncio.Event,
    running: ObservedQueryApi,
    accounts: Accounts,
    flush_s: float,
) -> None:
    """What is looked at, and written, while nobody asks."""
    tasks.create_task(running.probe.watch(stop), name="probe")
    tasks.create_task(running.keys.watch(stop), name="keys")
    tasks.create_task(accounts.watch(stop, flush_s), name="spending")


def application(
    parts: ApiParts,
    engine: SqlEngine,
    running: ObservedQueryApi,
    connections: Connections,
    registry: CollectorRegistry,
    pulse: Pulse,
) -> web.Application:
    """The whole HTTP side over opened parts."""
    limits = parts.settings.limits
    app = web.Application(
        client_max_size=limits.max_body_bytes,
        middlewares=[
            connections.middleware,
            observed(parts.metrics),
            keyed(
                running.keys,
                parts.accounts,
                RequestsInHand(limits.max_in_hand_per_key),
                anonymous_read=parts.settings.anonymous_read,
            ),
            negotiated,
        ],
    )
    app.on_response_prepare.append(balanced(parts.accounts))
    told = [*health_routes(registry, pulse, lambda: ready(running)), status_route(running)]
    of_sql = SqlParts(engine, time.monotonic, _secret(parts.settings))
    routes = [
        *every_route(parts, of_sql),
        *page_routes(read_page()),
        *open_routes(told),
    ]
    app.add_routes([one.definition for one in (*routes, document_route(routes))])
    return app


def _secret(settings: Settings) -> bytes:
    """What signs cursors; one of this process alone where none is set."""
    given = settings.cursor_secret
    return secrets.token_bytes(32) if given is None else given.get_secret_value().encode()


def _ledger(settings: Settings, store: ObjectStore, metrics: QueryApiMetrics) -> LedgerReader:
    return LedgerReader(
        store,
        metrics,
        _now_ms,
        Staleness(int(settings.ledger_ttl_s * 1000), int(settings.ledger_full_s * 1000)),
        newest_hours=settings.latest_hours,
    )


async def _estimator(
    open_: AsyncExitStack, settings: Settings, store: ObjectStore, metrics: QueryApiMetrics
) -> Estimator:
    return Estimator(
        await open_.enter_async_context(open_view_texts(settings.lake.database, _now_ms)),
        Listings(store, _now_ms),
        await open_.enter_async_context(open_footers(settings.lake.bucket)),
        metrics,
        _now_ms,
        settings.limits.estimate_deadline_s,
    )


def _accounts(
    open_: AsyncExitStack, settings: Settings, store: ObjectStore, metrics: QueryApiMetrics
) -> Accounts:
    budgets = settings.budget.of_keys, settings.budget.of_anonymous
    accounts = Accounts(store, metrics, _now_ms, budgets)
    # Closed behind the queries, which are charged when they end.
    open_.push_async_callback(accounts.close)
    return accounts


async def _keys(settings: Settings, store: ObjectStore, metrics: QueryApiMetrics) -> KeyReader:
    pace = KeyPace(settings.key_store.look_s, settings.key_store.keep_s)
    keys = KeyReader(store, metrics, _now_ms, settings.api_keys, pace)
    metrics.keys_age.set_function(keys.age_s)
    await keys.look()
    return keys


def _pace(athena: AthenaSettings) -> ExecutionPace:
    return ExecutionPace(
        looks=LookPace(athena.poll_first_s, athena.poll_cap_s),
        poll_calls_per_s=athena.poll_calls_per_s,
        batch_calls_per_s=athena.batch_calls_per_s,
        start_calls_per_s=athena.start_calls_per_s,
        stop_deadline_s=athena.stop_deadline_s,
        token_salt=athena.token_salt.get_secret_value(),
    )


def _kept(limits: LimitSettings) -> ResultLimits:
    return ResultLimits(limits.kept_answers, limits.kept_answer_bytes)


def _capacity(settings: Settings) -> QueryCapacity:
    return QueryCapacity(
        max_running=settings.limits.max_running,
        max_queued=settings.limits.max_queued,
        usd_per_tb=settings.athena.usd_per_tb,
    )


def _guard(limits: LimitSettings) -> tuple[GuardBounds, GuardLimits]:
    return (
        GuardBounds(limits.guard_cpu_s, limits.guard_deadline_s),
        GuardLimits(limits.guard_workers, limits.max_guard_waiting),
    )


def _warn_of_open_listener(settings: Settings) -> None:
    if settings.anonymous_read and settings.http.host not in ("127.0.0.1", "::1", "localhost"):
        log.warning("anonymous_read_beyond_loopback", host=settings.http.host)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _new_id() -> str:
    """Random, unguessable, and long enough for a ClientRequestToken of 32 to 128 characters.

    (Athena API, StartQueryExecution.)
    """
    return uuid.uuid4().hex
