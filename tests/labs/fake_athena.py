"""Athena in memory: queries by token that run until the test says how they end."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal

from prometheus_client import CollectorRegistry

from coinlake.errors import TransientError
from query_api.adapters.ledger import LedgerView
from query_api.core.answers import (
    ExecutionState,
    LostExecution,
    ResultColumn,
    ResultObject,
    Rows,
    text_rows,
)
from query_api.core.look_times import LookPace
from query_api.core.question import Question, Sharing
from query_api.core.results import ResultLimits
from query_api.core.statements import Statement
from query_api.loop.athena_side import ExecutionPace, open_executor
from query_api.loop.query_run import LakeSeen
from query_api.loop.runs import QueryCapacity, QueryRuns, open_runs
from query_api.loop.sharing import SharedQueries
from query_api.metrics import QueryApiMetrics
from tests.labs.query_accounts import accounts

SQL = Statement("SELECT 1")
NOW_MS = 1_000_000
PACE = ExecutionPace(LookPace(0.001, 0.002), 1e6, 1e6, 1e6, 1.0)
KEEP = ResultLimits(16, 1_000_000)


def question(
    sql: str = "SELECT 1",
    *parameters: str,
    version: str = "v1",
    sharing: Sharing = Sharing.RUNNING,
) -> Question:
    return Question(Statement(sql, parameters), 10, version, sharing)


def lake(version: str = "v1") -> LakeSeen:
    return LakeSeen(LedgerView({}, 0), version)


# Random ids of two processes are never the same.
_NUMBERS = itertools.count()


class FakeEngine:
    """Queries by token. `refusals` are raised by the next starts, `losses` after they have begun."""

    where = "fake"

    def __init__(self) -> None:
        self.started: dict[str, str] = {}
        self.sent: list[Statement] = []
        self.states: dict[str, ExecutionState | LostExecution] = {}
        self.refusals: list[Exception] = []
        self.lose_replies = 0
        self.hang_start = False
        self.looks: list[list[str]] = []
        self.look_errors: list[Exception] = []
        self.row_errors: list[Exception] = []

    async def start(self, statement: Statement, token: str) -> str:
        if self.refusals:
            raise self.refusals.pop(0)
        if token not in self.started:
            self.sent.append(statement)
        known = self.started.setdefault(token, f"execution-{len(self.started)}")
        self.states.setdefault(known, ExecutionState("RUNNING"))
        if self.hang_start:
            self.hang_start = False
            await asyncio.Event().wait()
        if self.lose_replies:
            self.lose_replies -= 1
            raise TransientError("the reply was lost")
        return known

    async def executions(self, ids: Sequence[str]) -> dict[str, ExecutionState | LostExecution]:
        if self.look_errors:
            raise self.look_errors.pop(0)
        self.looks.append(list(ids))
        return {one: self.states[one] for one in ids}

    async def rows(self, execution_id: str, max_rows: int, location: str = "") -> Rows:
        if self.row_errors:
            raise self.row_errors.pop(0)
        return text_rows((ResultColumn("a", "integer"),), (("1",),))

    async def located(self, execution_id: str) -> ResultObject:
        raise AssertionError("its rows are few")

    async def stop(self, execution_id: str) -> None:
        found = self.states[execution_id]
        if isinstance(found, ExecutionState) and not found.ended:
            self.states[execution_id] = ExecutionState("CANCELLED", "stopped", scanned_bytes=7)

    def end(self, state: str = "SUCCEEDED", reason: str = "", category: int = 2) -> None:
        """All of them end like this."""
        for execution_id in self.states:
            self.states[execution_id] = ExecutionState(state, reason, category, scanned_bytes=5)

    @property
    def all(self) -> list[str]:
        return [one.state for one in self.states.values() if isinstance(one, ExecutionState)]


@asynccontextmanager
async def opened(
    engine: FakeEngine,
    running: int = 2,
    queued: int = 2,
    pace: ExecutionPace = PACE,
    metrics: QueryApiMetrics | None = None,
) -> AsyncIterator[QueryRuns]:
    """The queries of a process over the fake."""
    ids = (f"{number:032d}" for number in _NUMBERS)
    known = metrics or QueryApiMetrics(CollectorRegistry())
    capacity = QueryCapacity(running, queued, Decimal(5))
    async with AsyncExitStack() as open_:
        executor = await open_.enter_async_context(
            open_executor(engine, pace, known, lambda: next(ids), lambda: NOW_MS)
        )
        yield await open_.enter_async_context(
            open_runs(executor, capacity, known, lambda: next(ids), accounts(known))
        )


@asynccontextmanager
async def sharing(
    engine: FakeEngine, running: int = 2, queued: int = 2, pace: ExecutionPace = PACE
) -> AsyncIterator["Asking"]:
    metrics = QueryApiMetrics(CollectorRegistry())
    async with opened(engine, running, queued, pace, metrics) as runs:
        yield Asking(runs, SharedQueries(runs, metrics, KEEP), metrics)


class Asking:
    """Clients of one process."""

    def __init__(
        self, runs: QueryRuns, shared: SharedQueries, metrics: QueryApiMetrics
    ) -> None:
        self.runs = runs
        self.shared = shared
        self.metrics = metrics

    async def fetch(self, asked: Question, after: LakeSeen | None = None) -> Rows:
        """Ask and wait, as somebody whose leaving counts."""

        async def look() -> LakeSeen:
            return after or lake(asked.version)

        with self.shared.held(asked, deadline_s=5, payer="me", look_after=look) as run:
            return (await self.runs.attend(run)).rows


async def until(condition: Callable[[], object]) -> None:
    """Let the others run until the condition holds."""
    async with asyncio.timeout(5):
        while True:
            if condition():
                return
            await asyncio.sleep(0)
