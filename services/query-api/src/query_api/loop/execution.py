"""A query in Athena: started under a token, watched to its end, stopped where it is abandoned."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from coinlake import logs
from coinlake.errors import TransientError
from query_api.core.answers import ExecutionState, QueryResult, Rows
from query_api.core.attempts import Ending, Tries, is_hopeless
from query_api.core.failures import failure
from query_api.core.ports import SqlEngine
from query_api.core.problems import ProblemError, result_gone
from query_api.loop.insist import Insistence
from query_api.loop.poller import ExecutionPoller
from query_api.loop.query_run import LakeSeen, LookAfter, QueryRun
from query_api.loop.start_gate import Start, StartGate
from query_api.loop.tokens import Tokens
from query_api.metrics import QueryApiMetrics

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class ExecutionParts:
    """What a query needs on its way through Athena."""

    engine: SqlEngine
    gate: StartGate
    poller: ExecutionPoller
    tokens: Tokens
    insistence: Insistence
    now_ms: Callable[[], int]


class QueryExecutor:
    """Carries queries out in Athena; whatever they scanned is noted in their runs."""

    def __init__(
        self, parts: ExecutionParts, metrics: QueryApiMetrics, stop_deadline_s: float
    ) -> None:
        self._parts = parts
        self._metrics = metrics
        self._stop_deadline_s = stop_deadline_s

    async def execute(self, run: QueryRun) -> QueryResult:
        """The rows of the query, and in `run.after` the lake at its end. Raises ProblemError."""
        try:
            rows = await self._read(run, *await self._succeeded(run, Tries()))
        except ProblemError as error:
            if error.problem.kind != result_gone().problem.kind:
                raise
            # An old query of the same token whose result has expired: its rows are asked anew.
            self._parts.tokens.spend(run.question)
            rows = await self._read(run, *await self._succeeded(run, Tries()))
        return QueryResult(rows, tuple(run.scans))

    async def _succeeded(self, run: QueryRun, tries: Tries) -> tuple[str, ExecutionState]:
        while True:
            execution_id, ending = await self._ended(run)
            if ending.execution.state == "SUCCEEDED":
                return execution_id, ending.execution
            if not is_hopeless(ending.execution):
                self._parts.tokens.spend(run.question)
            if not tries.again(ending):
                raise failure(ending.execution)
            log.info("query_asked_again", query_id=run.id, state=ending.execution.state)

    async def _ended(self, run: QueryRun) -> tuple[str, Ending]:
        """One query to its end; abandoned, it is stopped. Whatever it scanned is noted."""
        token = self._parts.tokens.token(run.question)
        start = Start(run.question.statement, token)
        began_s, asked_ms = asyncio.get_running_loop().time(), self._parts.now_ms()
        try:
            execution_id = await self._parts.gate.start(start)
            execution = await self._parts.poller.ended(
                execution_id, run.question.statement.sql, began_s, _state_of(run)
            )
        except (asyncio.CancelledError, TransientError):
            # The query may exist, also where no reply ever came.
            if start.may_exist:
                await self._stop(run, start)
            raise
        finally:
            self._parts.gate.free()
        run.scans.append(execution.scanned_bytes)
        return execution_id, Ending(execution, asked_ms)

    async def _read(self, run: QueryRun, execution_id: str, ended: ExecutionState) -> Rows:
        """The rows and, at the same time, a look at the lake: it began after the query's end."""
        engine, most = self._parts.engine, run.question.max_rows
        try:
            async with asyncio.TaskGroup() as both:
                rows = both.create_task(
                    self._parts.insistence.answered(
                        lambda: engine.rows(execution_id, most, ended.location)
                    )
                )
                if run.look_after is not None:
                    after = both.create_task(_looked(run.look_after))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        if run.look_after is not None:
            run.after = after.result()
        return rows.result()

    async def _stop(self, run: QueryRun, start: Start) -> None:
        gate = self._parts.gate
        # Whoever shares it in another replica asks again under the next attempt.
        self._parts.tokens.spend(run.question)
        try:
            async with asyncio.timeout(self._stop_deadline_s):
                # The reply was lost or not awaited: the same token tells the id.
                known = start.execution_id or await gate.start(start)
                await gate.stop(known)
                # What was scanned until now is billed.
                run.scans.append((await self._parts.poller.look(known)).scanned_bytes)
        except (TimeoutError, ProblemError) as error:
            self._metrics.stop_failures.inc()
            log.error("query_not_stopped", query_id=run.id, reason=str(error) or "deadline")


def _state_of(run: QueryRun) -> Callable[[str], None]:
    def seen(state: str) -> None:
        run.state = state

    return seen


async def _looked(look: LookAfter) -> LakeSeen | None:
    """The look; None where nobody can look now: the rows are there, and are told as they are."""
    try:
        return await look()
    except ProblemError as error:
        log.warning("lake_not_seen_after_query", reason=str(error))
        return None
