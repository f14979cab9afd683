"""The guard's pool: a process that is late, killed or burnt costs one statement of one key."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from query_api.adapters import guard_process
from query_api.adapters.guard import GuardLimits, GuardPool, open_guard
from query_api.adapters.guard_process import GuardBounds, GuardProcess
from query_api.core.guard import Checked
from query_api.core.problems import ProblemError, RefusedSqlError

SQL = "select count(*) from quotes"
SENT = 'select count(*) from "coinlake"."quotes" LIMIT 11'


@asynccontextmanager
async def opened(
    *, cpu_s: float = 5.0, deadline_s: float = 20.0, workers: int = 1, waiting: int = 8
) -> AsyncIterator[GuardPool]:
    """A pool, once all of its processes run."""
    limits = GuardLimits(workers, waiting)
    async with open_guard("coinlake", GuardBounds(cpu_s, deadline_s), limits) as pool:
        async with asyncio.timeout(60):
            await asyncio.gather(*(_ready(worker) for worker in pool.workers))
        yield pool


async def _ready(worker: GuardProcess) -> None:
    while not worker.answers:  # noqa: ASYNC110 - a process that starts sets no event of ours
        await asyncio.sleep(0.02)


def _pid(pool: GuardPool, number: int = 0) -> int:
    pid = pool.workers[number].pid
    assert pid is not None
    return pid


async def test_a_process_that_does_not_answer_in_time_is_killed_and_replaced() -> None:
    async with opened(deadline_s=1.0) as pool:
        held = _pid(pool)
        os.kill(held, signal.SIGSTOP)

        with pytest.raises(RefusedSqlError, match="too much time") as refused:
            await pool.check(SQL, 10, "analyst")
        checked = await pool.check(SQL, 10, "analyst")

        assert refused.value.reason == "too_complex"
        assert checked.sql == SENT
        assert _pid(pool) != held
    # Nobody waits for it any more: it was reaped.
    with pytest.raises(ProcessLookupError):
        os.kill(held, 0)


async def test_a_process_that_dies_costs_one_statement_and_says_why_to_its_client() -> None:
    async with opened() as pool:
        os.kill(_pid(pool), signal.SIGSTOP)
        asked = asyncio.create_task(pool.check(SQL, 10, "analyst"))
        waiting = asyncio.create_task(pool.check(SQL, 11, "analyst"))
        await asyncio.sleep(0.1)
        os.kill(_pid(pool), signal.SIGKILL)

        with pytest.raises(RefusedSqlError) as refused:
            await asked
        checked = await waiting

    assert (refused.value.problem.status, refused.value.reason) == (400, "too_complex")
    assert checked.tables == ("quotes",)


async def test_a_statement_that_burns_its_cpu_time_is_ended_by_its_own_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A budget so small that reading 16 KiB takes more of it; a small statement does not.
    heavy = "select " + ", ".join(f"sum(a{n}) as b{n}" for n in range(480)) + " from quotes"
    ended: list[int] = []
    told = guard_process._how_it_ended

    def noted(code: int) -> str:
        ended.append(code)
        return told(code)

    monkeypatch.setattr(guard_process, "_how_it_ended", noted)
    async with opened(cpu_s=0.02) as pool:
        with pytest.raises(RefusedSqlError, match="time or memory"):
            await pool.check(heavy, 10, "analyst")

    assert ended == [-signal.SIGPROF]


async def test_one_key_never_holds_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []
    ask = GuardProcess.ask

    async def noted(self: GuardProcess, sql: str, max_rows: int) -> dict[str, Any]:
        asked.append(self.pid)
        return await ask(self, sql, max_rows)

    async with opened(workers=2) as pool:
        pids = {worker.pid for worker in pool.workers}
        for number in range(2):
            os.kill(_pid(pool, number), signal.SIGSTOP)
        monkeypatch.setattr(GuardProcess, "ask", noted)
        # Eight questions: each has a bound of rows of its own.
        loud = [asyncio.create_task(pool.check(SQL, 10 + n, "loud")) for n in range(8)]
        await asyncio.sleep(0.1)
        held = set(asked)
        for pid in pids - held:
            os.kill(pid or 0, signal.SIGCONT)

        quiet = [await pool.check(SQL, 10, "quiet") for _ in range(20)]

        assert len(held) == 1
        assert {one.sql for one in quiet} == {SENT}
        assert not any(task.done() for task in loud)
        for pid in held:
            os.kill(pid or 0, signal.SIGCONT)
        assert len({one.sql for one in await asyncio.gather(*loud)}) == 8


async def test_a_key_that_sends_more_than_may_wait_is_told_to_come_back() -> None:
    async with opened(waiting=2) as pool:
        os.kill(_pid(pool), signal.SIGSTOP)
        tasks = [asyncio.create_task(pool.check(SQL, 10 + n, "loud")) for n in range(4)]
        await asyncio.sleep(0.1)
        quiet = asyncio.create_task(pool.check(SQL, 10, "quiet"))
        await asyncio.sleep(0)
        os.kill(_pid(pool), signal.SIGCONT)
        answers = await asyncio.gather(*tasks, quiet, return_exceptions=True)

    refused = [one for one in answers if isinstance(one, ProblemError)]
    assert [one.problem.kind for one in refused] == ["too_many_statements"]
    assert (refused[0].problem.status, refused[0].problem.retry_after_s) == (429, 1)


async def test_a_client_that_leaves_while_it_waits_makes_room() -> None:
    async with opened(waiting=1) as pool:
        os.kill(_pid(pool), signal.SIGSTOP)
        first = asyncio.create_task(pool.check(SQL, 10, "loud"))
        await asyncio.sleep(0.1)
        gone = asyncio.create_task(pool.check(SQL, 11, "loud"))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.sleep(0.05)
        third = asyncio.create_task(pool.check(SQL, 12, "loud"))
        await asyncio.sleep(0.05)
        os.kill(_pid(pool), signal.SIGCONT)

        assert (await first).sql == SENT
        assert (await third).sql == SENT.replace("11", "13")


async def test_a_refusal_crosses_the_pipe_with_its_reason() -> None:
    async with opened() as pool:
        with pytest.raises(RefusedSqlError) as refused:
            await pool.check("select secret from passwords", 10, "analyst")

    assert (refused.value.reason, str(refused.value)) == (
        "table",
        "there is no table passwords",
    )


async def test_the_same_statement_is_checked_once_for_all_who_wait() -> None:
    async with opened(workers=1, waiting=1) as pool:
        asked = [asyncio.create_task(pool.check(SQL, 10, "analyst")) for _ in range(100)]
        await asyncio.sleep(0)
        # Whoever leaves takes nothing from the others.
        asked[0].cancel()

        found = await asyncio.gather(*asked, return_exceptions=True)
        others = [one for one in found if isinstance(one, Checked)]
        assert [one.sql for one in others] == [SENT] * 99

        # Another bound of rows is another question, and these do wait.
        more = [pool.check(SQL, 100 + number, "analyst") for number in range(20)]
        refused = await asyncio.gather(*more, return_exceptions=True)
        assert sum(isinstance(one, ProblemError) for one in refused) == 18
