"""The parts of query-api over a bucket and an Athena in memory."""

import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal

from prometheus_client import CollectorRegistry

from query_api.adapters.key_looks import KeyLooks
from query_api.adapters.ledger import LedgerReader, Staleness
from query_api.adapters.result_objects import ResultObjects
from query_api.adapters.workers import open_workers
from query_api.config import Settings
from query_api.core.estimate import Estimate
from query_api.core.guard import Checked
from query_api.core.read_sources import Read
from query_api.loop.athena_side import open_executor
from query_api.loop.ledger_refresh import LedgerRefresh
from query_api.loop.runs import QueryCapacity, open_runs
from query_api.loop.sharing import SharedQueries
from query_api.metrics import QueryApiMetrics
from query_api.routes.parts import ApiParts
from query_api.routes.result_pages import ResultPages
from query_api.routes.row_answers import RowAnswers
from tests.labs.bucket import BucketStore
from tests.labs.fake_athena import KEEP, PACE, FakeEngine
from tests.labs.query_accounts import accounts

# No rows are read over it.
NO_OBJECTS = ResultObjects(client=None, max_bytes=1)


class NoEstimator:
    async def estimate(self, reads: Sequence[Read] | None) -> Estimate | None:
        raise AssertionError("typed endpoints are not estimated")


class NoGuard:
    async def check(self, sql: str, max_rows: int, key: str) -> Checked:
        raise AssertionError("typed endpoints ask no guard")


@asynccontextmanager
async def open_parts(
    store: BucketStore,
    engine: FakeEngine,
    now_ms: Callable[[], int],
    ttl_ms: int = 0,
) -> AsyncIterator[ApiParts]:
    """What app.py opens, with views of the ledger up to `ttl_ms` old."""
    ids = (f"{number:032d}" for number in itertools.count())
    metrics = QueryApiMetrics(CollectorRegistry())
    ledger = LedgerReader(store, metrics, now_ms, Staleness(ttl_ms, ttl_ms))
    paying = accounts(metrics)
    async with AsyncExitStack() as open_:
        workers = open_.enter_context(open_workers(1))
        executor = await open_.enter_async_context(
            open_executor(engine, PACE, metrics, lambda: next(ids), now_ms)
        )
        runs = await open_.enter_async_context(
            open_runs(
                executor, QueryCapacity(8, 8, Decimal(5)), metrics, lambda: next(ids), paying
            )
        )
        yield ApiParts(
            Settings(ledger_ttl_s=ttl_ms / 1000),
            "coinlake",
            runs,
            SharedQueries(runs, metrics, KEEP),
            ledger,
            NoGuard(),
            metrics,
            now_ms,
            paying,
            NoEstimator(),
            lambda: next(ids),
            KeyLooks(store, now_ms),
            LedgerRefresh(ledger, ttl_ms / 1000, lambda: now_ms() / 1000),
            RowAnswers(workers, metrics, write_deadline_s=1.0),
            ResultPages(NO_OBJECTS, workers, max_rows=1000),
        )
