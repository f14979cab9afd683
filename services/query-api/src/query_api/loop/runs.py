"""The life of queries in Athena: places, deadlines, sharing, and stopping what nobody waits for."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from coinlake import logs
from coinlake.backoff import Backoff
from coinlake.errors import TransientError
from query_api.core.answers import QueryExecution, QueryResult
from query_api.core.cost import total_dollars
from query_api.core.failures import failure, is_torn
from query_api.core.ports import QueryEngine
from query_api.core.problems import (
    Problem,
    ProblemError,
    busy,
    cancelled,
    internal,
    overdue,
    unavailable,
)
from query_api.core.statements import Statement
from query_api.metrics import QueryApiMetrics

log = logs.get(__name__)

_T = TypeVar("_T")
_RETRY_AFTER_S = 2
_POLL_GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class QueryPacing:
    """How many queries at a time, and how often Athena is asked about one."""

    max_running: int
    max_queued: int
    poll_first_s: float
    poll_cap_s: float
    stop_deadline_s: float
    usd_per_tb: Decimal


@dataclass(eq=False, slots=True)
class QueryRun:
    """One query. `finished` is set exactly when `result` or `problem` is."""

    id: str
    statement: Statement
    max_rows: int
    deadline_s: float
    state: str = "QUEUED"
    result: QueryResult | None = None
    problem: Problem | None = None
    scans: list[int] = field(default_factory=list)
    waiters: int = 0
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class QueryRuns:
    """All queries of this process. Open it with `open_runs`, which owns their tasks."""

    def __init__(
        self,
        engine: QueryEngine,
        pace: QueryPacing,
        metrics: QueryApiMetrics,
        tasks: asyncio.TaskGroup,
        new_id: Callable[[], str],
        rng: random.Random,
    ) -> None:
        self._engine = engine
        self._pace = pace
        self._metrics = metrics
        self._tasks = tasks
        self._new_id = new_id
        self._rng = rng
        self._places = asyncio.Semaphore(pace.max_running)
        self._shared: dict[object, QueryRun] = {}
        self.active: set[QueryRun] = set()

    def submit(self, statement: Statement, *, max_rows: int, deadline_s: float) -> QueryRun:
        """Start a query of its own. Raises ProblemError (429) where the queue is full."""
        if len(self.active) >= self._pace.max_running + self._pace.max_queued:
            raise busy(_RETRY_AFTER_S)
        run = QueryRun(self._new_id(), statement, max_rows, deadline_s)
        self.active.add(run)
        self._count()
        run.task = self._tasks.create_task(self._live(run), name=f"query-{run.id}")
        # A task that is cancelled before its first step never enters its `finally`.
        run.task.add_done_callback(lambda _: self._end(run))
        return run

    async def fetch(
        self, key: object, statement: Statement, *, max_rows: int, deadline_s: float
    ) -> QueryResult:
        """The rows of a query, shared by all who ask for `key` while it runs.

        When the last of them leaves, the query is stopped.
        """
        run = self._shared.get(key)
        if run is None or run.finished.is_set():
            run = self.submit(statement, max_rows=max_rows, deadline_s=deadline_s)
            self._shared[key] = run
        else:
            self._metrics.shared.inc()
        try:
            return await self.attend(run)
        finally:
            if self._shared.get(key) is run and (run.finished.is_set() or not run.waiters):
                del self._shared[key]

    async def attend(self, run: QueryRun, timeout_s: float | None = None) -> QueryResult:
        """Wait for a query as somebody whose leaving counts. Raises TimeoutError, ProblemError."""
        run.waiters += 1
        try:
            async with asyncio.timeout(timeout_s):
                await run.finished.wait()
        except asyncio.CancelledError:
            # The client has left: nobody pays for an answer that nobody reads.
            if run.waiters == 1:
                self.cancel(run)
            raise
        finally:
            run.waiters -= 1
        return outcome(run)

    def cancel(self, run: QueryRun) -> None:
        """Stop a query; fine where it has ended."""
        if run.task is not None and not run.finished.is_set():
            run.task.cancel()

    def _count(self) -> None:
        running = min(len(self.active), self._pace.max_running)
        self._metrics.running.set(running)
        self._metrics.queued.set(len(self.active) - running)

    async def _live(self, run: QueryRun) -> None:
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(run.deadline_s):
                run.result = await self._in_a_place(run)
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

    def _end(self, run: QueryRun) -> None:
        if run.result is None and run.problem is None:
            run.problem = cancelled().problem
        if run.result is None:
            run.state = "CANCELLED" if run.problem == cancelled().problem else "FAILED"
        self.active.discard(run)
        self._bill(run)
        self._count()
        run.finished.set()

    def _bill(self, run: QueryRun) -> None:
        kind = run.problem.kind if run.problem else "succeeded"
        self._metrics.queries.labels(kind).inc()
        scanned, usd = sum(run.scans), total_dollars(run.scans, self._pace.usd_per_tb)
        self._metrics.scanned_bytes.inc(scanned)
        self._metrics.usd.inc(float(usd))
        log.info(
            "query_ended", query_id=run.id, outcome=kind, scanned_bytes=scanned, usd=str(usd)
        )

    async def _in_a_place(self, run: QueryRun) -> QueryResult:
        async with self._places:
            for token in (run.id, f"{run.id}-again"):
                execution_id, ended = await self._ended(run, token)
                if not is_torn(ended):
                    break
                log.info("query_torn", query_id=run.id)
            if ended.state != "SUCCEEDED":
                raise failure(ended)
            rows = await self._insist(lambda: self._engine.rows(execution_id, run.max_rows))
            return QueryResult(rows, tuple(run.scans))

    async def _ended(self, run: QueryRun, token: str) -> tuple[str, QueryExecution]:
        """One query to its end; abandoned, it is stopped. Whatever it scanned is noted."""
        execution_id: str | None = None
        try:
            execution_id = await self._insist(lambda: self._engine.start(run.statement, token))
            ended = await self._until_ended(run, execution_id)
        except (asyncio.CancelledError, TransientError):
            # The query may exist, also where no reply ever came.
            await self._stop(run, token, execution_id)
            raise
        run.scans.append(ended.scanned_bytes)
        return execution_id, ended

    async def _until_ended(self, run: QueryRun, execution_id: str) -> QueryExecution:
        wait_s = self._pace.poll_first_s
        while True:
            found = await self._insist(lambda: self._engine.execution(execution_id))
            if found.ended:
                return found
            run.state = found.state
            await asyncio.sleep(wait_s * self._rng.uniform(0.8, 1.2))
            wait_s = min(self._pace.poll_cap_s, wait_s * _POLL_GROWTH)

    async def _insist(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Ask again while Athena is away or throttles; the query's deadline ends it."""
        backoff = Backoff(base_s=0.2, cap_s=5.0)
        attempt = 0
        while True:
            try:
                return await ask()
            except TransientError as error:
                log.warning("athena_asked_again", attempt=attempt, reason=str(error))
            await asyncio.sleep(0.05 + backoff.delay_s(attempt, self._rng))
            attempt += 1

    async def _stop(self, run: QueryRun, token: str, execution_id: str | None) -> None:
        try:
            async with asyncio.timeout(self._pace.stop_deadline_s):
                if execution_id is None:
                    # The reply was lost or not awaited: the same token tells the id.
                    execution_id = await self._insist(
                        lambda: self._engine.start(run.statement, token)
                    )
                known = execution_id
                await self._insist(lambda: self._engine.stop(known))
                # What was scanned until now is billed.
                stopped = await self._insist(lambda: self._engine.execution(known))
                run.scans.append(stopped.scanned_bytes)
        except (TimeoutError, ProblemError) as error:
            self._metrics.stop_failures.inc()
            log.error("query_not_stopped", query_id=run.id, reason=str(error) or "deadline")


def outcome(run: QueryRun) -> QueryResult:
    """The result of a finished run. Raises its ProblemError."""
    if run.problem is not None:
        raise ProblemError(run.problem)
    if run.result is None:
        raise RuntimeError("the run has not finished")
    return run.result


@asynccontextmanager
async def open_runs(
    engine: QueryEngine,
    pace: QueryPacing,
    metrics: QueryApiMetrics,
    new_id: Callable[[], str],
    rng: random.Random,
) -> AsyncIterator[QueryRuns]:
    """Queries live inside of this context; at its end all that run are stopped."""
    async with asyncio.TaskGroup() as tasks:
        runs = QueryRuns(engine, pace, metrics, tasks, new_id, rng)
        try:
            yield runs
        finally:
            for run in tuple(runs.active):
                runs.cancel(run)
