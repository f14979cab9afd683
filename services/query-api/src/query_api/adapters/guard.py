"""The guard in a pool of processes: fair among keys, and a death costs one statement."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from coinlake import logs
from coinlake.backoff import Backoff
from coinlake.errors import TransientError
from query_api.adapters.guard_process import GuardBounds, GuardProcess, GuardProcessError
from query_api.core.dependence import Dependence
from query_api.core.guard import Checked
from query_api.core.problems import RefusedSqlError, too_many_statements
from query_api.core.read_sources import read_back
from query_api.core.sql_text import check_text
from query_api.core.turns import Turns

log = logs.get(__name__)

_RETRY_AFTER_S = 1
# Longer than all that may be in front of a statement; only where no process starts is it reached.
_WAIT_S = 60.0
# No key's name: each has a character (core/keys.py).
_NOBODY = ""


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """How many processes there are, and how many statements of one key may wait."""

    workers: int
    most_waiting: int

    @property
    def at_once(self) -> int:
        """Statements of one key that are checked at a time: one process is left to the others."""
        return max(1, self.workers - 1)


@dataclass(eq=False, slots=True)
class _Job:
    sql: str
    max_rows: int
    verdict: "asyncio.Future[Checked]"
    waiters: int = 0


class GuardPool:
    """What checks statements. Open it with `open_guard`, which owns its tasks."""

    def __init__(self, database: str, bounds: GuardBounds, limits: GuardLimits) -> None:
        self._database = database
        self._bounds = bounds
        self._turns: Turns[_Job] = Turns(limits.at_once, limits.most_waiting)
        self._changed = asyncio.Condition()
        self._jobs: dict[tuple[str, str, int], _Job] = {}
        self.workers = [GuardProcess(database, bounds) for _ in range(limits.workers)]

    async def check(self, sql: str, max_rows: int, key: str) -> Checked:
        """The statement to send, checked in the turn of `key`; once for all who ask it meanwhile.

        Raises RefusedSqlError; ProblemError (429) where too many of the key's statements wait;
        TransientError where no process starts.
        """
        check_text(sql)
        job = self._joined(sql, max_rows, key)
        job.waiters += 1
        try:
            await self._notify()
            async with asyncio.timeout(_WAIT_S):
                # Others may wait for it when this client leaves.
                return await asyncio.shield(job.verdict)
        except TimeoutError:
            raise TransientError("no guard process is ready") from None
        finally:
            job.waiters -= 1
            if not job.waiters:
                del self._jobs[key, sql, max_rows]
                job.verdict.cancel()
                self._turns.leave(key, job)

    def _joined(self, sql: str, max_rows: int, key: str) -> _Job:
        """The job of this statement: one that the key waits for already, or a new one."""
        known = self._jobs.get((key, sql, max_rows))
        if known is not None:
            return known
        job = _Job(sql, max_rows, asyncio.get_running_loop().create_future())
        if not self._turns.enter(key, job):
            raise too_many_statements(_RETRY_AFTER_S)
        self._jobs[key, sql, max_rows] = job
        return job

    async def serve(self, worker: GuardProcess) -> None:
        """Check statements with one process, for ever; start it anew where it ends."""
        await _started(worker)
        while True:
            key, job = await self._next()
            try:
                await _answer(worker, job)
                # The key that cost a process waits until there is another, and nobody else.
                await _started(worker)
            finally:
                self._turns.free(key)
                await self._notify()

    async def _next(self) -> tuple[str, _Job]:
        async with self._changed:
            while (found := self._turns.take()) is None:
                await self._changed.wait()
            return found

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def _answer(worker: GuardProcess, job: _Job) -> None:
    if job.verdict.done():
        # Its client left while it waited.
        return
    try:
        answer = await worker.ask(job.sql, job.max_rows)
    except GuardProcessError as error:
        log.warning("guard_ended", reason=str(error))
        _refuse(job, "too_complex", "checking the statement took too much time or memory")
        return
    if "sql" in answer:
        _settle(job, answer)
    else:
        _refuse(job, answer["reason"], answer["detail"])


def _settle(job: _Job, answer: Mapping[str, Any]) -> None:
    if not job.verdict.done():
        job.verdict.set_result(
            Checked(
                answer["sql"],
                tuple(answer["tables"]),
                Dependence.read(answer["depends"]),
                read_back(answer["reads"]),
            )
        )


def _refuse(job: _Job, reason: str, detail: str) -> None:
    if not job.verdict.done():
        job.verdict.set_exception(RefusedSqlError(reason, detail))


async def _started(worker: GuardProcess) -> None:
    """Have the process ready, however often that takes; a full machine may refuse one."""
    backoff, chance, attempt = Backoff(base_s=0.1, cap_s=5.0), random.Random(), 0
    while not worker.answers:
        try:
            await worker.start()
        except (GuardProcessError, OSError) as error:
            log.error("guard_not_started", attempt=attempt, reason=str(error))
            await asyncio.sleep(backoff.delay_s(attempt, chance))
            attempt += 1


@asynccontextmanager
async def open_guard(
    database: str, bounds: GuardBounds, limits: GuardLimits
) -> AsyncIterator[GuardPool]:
    """A guard whose processes run while the context is open."""
    pool = GuardPool(database, bounds, limits)
    async with asyncio.TaskGroup() as tasks:
        serving = [
            tasks.create_task(pool.serve(worker), name=f"guard-{number}")
            for number, worker in enumerate(pool.workers)
        ]
        try:
            # One is ready before the first request; the others come meanwhile.
            await pool.check("SELECT 1", 1, _NOBODY)
            yield pool
        finally:
            for task in serving:
                task.cancel()
            await asyncio.gather(*(worker.kill() for worker in pool.workers))
