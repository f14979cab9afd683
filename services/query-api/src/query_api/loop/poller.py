"""One eye on all queries of the process: fifty of them a call, where there are many.

Each query has its own times to be looked at (`core/look_times.py`). A call takes whoever is due,
and fills its fifty places with those that are due next: they cost nothing more.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from coinlake import logs
from coinlake.errors import TransientError
from query_api.core.answers import ExecutionState, LostExecution
from query_api.core.call_rate import CallRate
from query_api.core.failures import clean
from query_api.core.look_times import LookTimes
from query_api.core.ports import SqlEngine
from query_api.core.problems import Problem, ProblemError
from query_api.loop.insist import Insistence

log = logs.get(__name__)

MAX_BATCH = 50
# An id that Athena has just given may not be known to all of it yet.
_LOST_LOOKS = 5


@dataclass(frozen=True, slots=True)
class LookRates:
    """The two budgets of looks: at one query, and at up to fifty."""

    single: CallRate
    batch: CallRate

    def book(self, waiting: int, now_s: float) -> tuple[int, float]:
        """How many to look at now, and how long to wait where that is none."""
        single_s, batch_s = self.single.ready_in(now_s), self.batch.ready_in(now_s)
        if min(single_s, batch_s) > 0:
            return 0, min(single_s, batch_s)
        # Many are asked about together, one alone; whichever has nothing left is spared.
        is_batch = batch_s == 0 and (waiting > 1 or single_s > 0)
        (self.batch if is_batch else self.single).take(now_s)
        return (MAX_BATCH if is_batch else 1), 0.0


@dataclass(order=True, slots=True)
class _Watch:
    """One query that is waited for. Times are of the event loop."""

    due_s: float
    number: int
    execution_id: str = field(compare=False)
    sql: str = field(compare=False)
    began_s: float = field(compare=False)
    seen: Callable[[str], None] = field(compare=False)
    ended: asyncio.Future[ExecutionState] = field(compare=False)
    lost: int = field(default=0, compare=False)


class ExecutionPoller:
    """Open it with `open_poller`, which owns its tasks."""

    def __init__(
        self,
        engine: SqlEngine,
        times: LookTimes,
        rates: LookRates,
        insistence: Insistence,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._engine = engine
        self._times = times
        self._rates = rates
        self._insistence = insistence
        self._tasks = tasks
        self._waiting: list[_Watch] = []
        self._news = asyncio.Event()
        self._count = 0
        self._failures = 0
        self._quiet_until_s = 0.0

    async def ended(
        self, execution_id: str, sql: str, began_s: float, seen: Callable[[str], None]
    ) -> ExecutionState:
        """The end of a query that was started at `began_s` (loop time). `seen` gets each state.

        Raises ProblemError where Athena does not know it.
        """
        loop = asyncio.get_running_loop()
        self._count += 1
        due_s = max(loop.time(), began_s + self._times.first_s(sql))
        ended: asyncio.Future[ExecutionState] = loop.create_future()
        watch = _Watch(due_s, self._count, execution_id, sql, began_s, seen, ended)
        heapq.heappush(self._waiting, watch)
        self._news.set()
        try:
            return await ended
        finally:
            # Who left is not asked about again.
            ended.cancel()

    async def look(self, execution_id: str) -> ExecutionState:
        """One query now, outside of the turns. Raises ProblemError where Athena does not know it."""
        told = await self._insistence.answered(lambda: self._engine.executions([execution_id]))
        found = told[execution_id]
        if isinstance(found, LostExecution):
            raise _lost(found)
        return found

    async def turn(self) -> None:
        """Look when somebody is due, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            self._news.clear()
            batch = self._due(loop.time())
            if batch:
                self._tasks.create_task(self._ask(batch), name="poll")
                continue
            await self._sleep(loop)

    async def _sleep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Until the next one is due, or another one comes."""
        when_s = None
        if self._waiting:
            when_s = max(self._waiting[0].due_s, self._quiet_until_s)
        try:
            async with asyncio.timeout_at(when_s):
                await self._news.wait()
        except TimeoutError:
            return

    def _due(self, now_s: float) -> list[_Watch]:
        """Those of the next call; nobody where none is due."""
        while self._waiting and self._waiting[0].ended.done():
            heapq.heappop(self._waiting)
        if now_s < self._quiet_until_s or not self._waiting or self._waiting[0].due_s > now_s:
            return []
        size, wait_s = self._rates.book(len(self._waiting), now_s)
        if wait_s > 0:
            # Who comes due while the budgets are used up is in the next call.
            self._quiet_until_s = now_s + wait_s
        batch: list[_Watch] = []
        while self._waiting and len(batch) < size:
            one = heapq.heappop(self._waiting)
            if not one.ended.done():
                batch.append(one)
        return batch

    async def _ask(self, batch: Sequence[_Watch]) -> None:
        loop = asyncio.get_running_loop()
        try:
            told = await self._engine.executions([one.execution_id for one in batch])
        except TransientError as error:
            self._insistence.note(error, self._failures)
            delay_s = self._insistence.delay_s(self._failures)
            self._failures += 1
            self._quiet_until_s = max(self._quiet_until_s, loop.time() + delay_s)
            self._again(batch, loop.time())
            return
        except ProblemError as error:
            for one in batch:
                _fail(one, error)
            return
        self._failures = 0
        self._again(
            [one for one in batch if not self._told(one, told[one.execution_id])], loop.time()
        )

    def _told(self, one: _Watch, found: ExecutionState | LostExecution) -> bool:
        """Whether this was the last look at a query."""
        if isinstance(found, LostExecution):
            one.lost += 1
            log.warning("athena_lost_query", execution_id=one.execution_id, code=found.code)
            if one.lost >= _LOST_LOOKS:
                _fail(one, _lost(found))
            return one.lost >= _LOST_LOOKS
        if not found.ended:
            one.seen(found.state)
            return False
        if found.total_ms:
            self._times.note(one.sql, found.total_ms / 1000)
        if not one.ended.done():
            one.ended.set_result(found)
        return True

    def _again(self, batch: Sequence[_Watch], now_s: float) -> None:
        for one in batch:
            if not one.ended.done():
                one.due_s = now_s + self._times.next_s(now_s - one.began_s)
                heapq.heappush(self._waiting, one)
        self._news.set()


def _fail(one: _Watch, error: ProblemError) -> None:
    if not one.ended.done():
        one.ended.set_exception(error)


def _lost(found: LostExecution) -> ProblemError:
    reason = clean(f"{found.code}: {found.message}")
    detail = f"Athena does not know this query any more ({reason}); try again later"
    return ProblemError(Problem(503, "unavailable", "A dependency is unavailable", detail, 5))


@asynccontextmanager
async def open_poller(
    engine: SqlEngine, times: LookTimes, rates: LookRates, insistence: Insistence
) -> AsyncIterator[ExecutionPoller]:
    """A poller that turns while the context is open."""
    async with asyncio.TaskGroup() as tasks:
        poller = ExecutionPoller(engine, times, rates, insistence, tasks)
        turning = tasks.create_task(poller.turn(), name="poller")
        try:
            yield poller
        finally:
            turning.cancel()
