"""A query in Athena: started under a token, polled to its end, stopped where it is abandoned."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from coinlake import logs
from coinlake.backoff import Backoff
from coinlake.errors import TransientError
from query_api.core.answers import ExecutionState, QueryResult
from query_api.core.failures import failure, is_torn
from query_api.core.ports import SqlEngine
from query_api.core.problems import ProblemError
from query_api.loop.query_run import QueryRun
from query_api.metrics import QueryApiMetrics

log = logs.get(__name__)

_T = TypeVar("_T")
_POLL_GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class PollingPace:
    """How often Athena is asked about a query, and how long stopping one is tried."""

    poll_first_s: float
    poll_cap_s: float
    stop_deadline_s: float


class QueryExecutor:
    """Carries queries out in Athena; whatever they scanned is noted in their runs."""

    def __init__(
        self,
        engine: SqlEngine,
        pace: PollingPace,
        metrics: QueryApiMetrics,
        rng: random.Random,
    ) -> None:
        self._engine = engine
        self._pace = pace
        self._metrics = metrics
        self._rng = rng

    async def execute(self, run: QueryRun) -> QueryResult:
        """The rows of the query; a torn read is asked once more. Raises ProblemError."""
        for token in (run.id, f"{run.id}-again"):
            execution_id, ended = await self._ended(run, token)
            if not is_torn(ended):
                break
            log.info("query_torn", query_id=run.id)
        if ended.state != "SUCCEEDED":
            raise failure(ended)
        rows = await self._insist(lambda: self._engine.rows(execution_id, run.max_rows))
        return QueryResult(rows, tuple(run.scans))

    async def _ended(self, run: QueryRun, token: str) -> tuple[str, ExecutionState]:
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

    async def _until_ended(self, run: QueryRun, execution_id: str) -> ExecutionState:
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
