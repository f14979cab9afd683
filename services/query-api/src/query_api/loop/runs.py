"""All queries of the process: places, a bounded queue, deadlines, waiters, and the bill."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from coinlake import logs
from coinlake.errors import TransientError
from query_api.core.answers import QueryResult
from query_api.core.cost import total_dollars
from query_api.core.problems import (
    ProblemError,
    busy,
    cancelled,
    internal,
    overdue,
    unavailable,
)
from query_api.core.question import Question
from query_api.loop.audit import audited
from query_api.loop.day_costs import DayCosts
from query_api.loop.execution import QueryExecutor
from query_api.loop.in_hand import out_of_hand
from query_api.loop.query_run import LookAfter, QueryRun, outcome
from query_api.loop.spending import Accounts
from query_api.metrics import QueryApiMetrics

log = logs.get(__name__)

_RETRY_AFTER_S = 2


@dataclass(frozen=True, slots=True)
class QueryCapacity:
    """How many queries at a time, and what they are billed by."""

    max_running: int
    max_queued: int
    usd_per_tb: Decimal


def _nothing(_: QueryRun) -> None:
    """Nobody wants to hear of the end."""


class QueryRuns:
    """All queries of this process. Open it with `open_runs`, which owns their tasks."""

    def __init__(
        self,
        executor: QueryExecutor,
        capacity: QueryCapacity,
        metrics: QueryApiMetrics,
        tasks: asyncio.TaskGroup,
        new_id: Callable[[], str],
        accounts: Accounts,
    ) -> None:
        self._accounts = accounts
        self._executor = executor
        self._capacity = capacity
        self._metrics = metrics
        self._tasks = tasks
        self._new_id = new_id
        self._places = asyncio.Semaphore(capacity.max_running)
        self.active: set[QueryRun] = set()
        self.costs = DayCosts()

    @property
    def running(self) -> int:
        """Queries that hold a place."""
        return min(len(self.active), self._capacity.max_running)

    @property
    def queued(self) -> int:
        """Queries that wait for a place."""
        return len(self.active) - self.running

    def submit(
        self,
        question: Question,
        *,
        deadline_s: float,
        payer: str,
        look_after: LookAfter | None = None,
        ended: Callable[[QueryRun], None] = _nothing,
    ) -> QueryRun:
        """Start a query that its caller holds. Raises ProblemError (429) where the queue is full.

        `ended` is called at its end, before anybody who waits hears of it.
        """
        if len(self.active) >= self._capacity.max_running + self._capacity.max_queued:
            raise busy(_RETRY_AFTER_S)
        paid = self._accounts.begin()
        run = QueryRun(self._new_id(), question, deadline_s, payer, look_after, holders=1)
        run.paid = paid
        self.active.add(run)
        run.task = self._tasks.create_task(self._live(run), name=f"query-{run.id}")
        # A task that is cancelled before its first step never enters its `finally`.
        run.task.add_done_callback(lambda _: self._end(run, ended))
        return run

    def hold(self, run: QueryRun) -> None:
        """One more who wants the answer."""
        run.holders += 1

    def leave(self, run: QueryRun) -> None:
        """One less; at none the query is stopped: nobody pays for an answer that nobody reads."""
        run.holders -= 1
        if run.holders <= 0:
            self.cancel(run)

    async def attend(self, run: QueryRun, timeout_s: float | None = None) -> QueryResult:
        """Wait for a query that the caller holds. Raises TimeoutError, ProblemError."""
        async with out_of_hand(), asyncio.timeout(timeout_s):
            await run.finished.wait()
        return outcome(run)

    def cancel(self, run: QueryRun) -> None:
        """Stop a query, whoever holds it; fine where it has ended."""
        if run.task is not None and not run.finished.is_set():
            run.is_stopping = True
            run.task.cancel()

    async def _live(self, run: QueryRun) -> None:
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(run.deadline_s), self._places:
                run.result = await self._executor.execute(run)
            run.state = "SUCCEEDED"
        except TimeoutError:
            run.problem = overdue(run.deadline_s).problem
        except ProblemError as error:
            run.problem = error.problem
        except TransientError as error:
            log.warning("athena_unavailable", query_id=run.id, reason=str(error))
            run.problem = unavailable("Athena").problem
        except Exception:
            # One query must not take the group, and with it the service, down.
            log.exception("query_broke", query_id=run.id)
            run.problem = internal()
        finally:
            self._metrics.query_seconds.observe(asyncio.get_running_loop().time() - began)

    def _end(self, run: QueryRun, ended: Callable[[QueryRun], None]) -> None:
        if run.result is None and run.problem is None:
            run.problem = cancelled().problem
        if run.result is None:
            run.state = "CANCELLED" if run.problem == cancelled().problem else "FAILED"
        self.active.discard(run)
        self._bill(run)
        ended(run)
        run.finished.set()

    def _bill(self, run: QueryRun) -> None:
        kind = run.problem.kind if run.problem else "succeeded"
        self._metrics.queries.labels(kind).inc()
        scanned, usd = sum(run.scans), total_dollars(run.scans, self._capacity.usd_per_tb)
        self._metrics.scanned_bytes.inc(scanned)
        self._metrics.usd.inc(float(usd))
        self.costs.add(kind, tuple(run.scans), usd)
        log.info(
            "query_ended", query_id=run.id, outcome=kind, scanned_bytes=scanned, usd=str(usd)
        )
        if run.paid is not None:
            self._accounts.end(run.paid, run.scans)
            audited(self._metrics, run, run.paid, kind, usd)


@asynccontextmanager
async def open_runs(
    executor: QueryExecutor,
    capacity: QueryCapacity,
    metrics: QueryApiMetrics,
    new_id: Callable[[], str],
    accounts: Accounts,
) -> AsyncIterator[QueryRuns]:
    """Queries live inside of this context; at its end all that run are stopped."""
    async with asyncio.TaskGroup() as tasks:
        runs = QueryRuns(executor, capacity, metrics, tasks, new_id, accounts)
        try:
            yield runs
        finally:
            for run in tuple(runs.active):
                runs.cancel(run)
