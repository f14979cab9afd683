"""The guard in a process of its own: it keeps the loop free, and only a process can be killed."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from coinlake import logs
from coinlake.errors import TransientError
from query_api.core.guard import Checked
from query_api.core.problems import RefusedSqlError
from query_api.core.read_sources import read_back
from query_api.core.sql_text import check_text

log = logs.get(__name__)

# Starting Python takes a while on a small machine that is busy.
_START_DEADLINE_S = 30.0


class GuardProcess:
    """One statement at a time; a worker that does not answer in time is replaced."""

    def __init__(self, database: str, deadline_s: float) -> None:
        self._database = database
        self._deadline_s = deadline_s
        self._lock = asyncio.Lock()
        self._worker: asyncio.subprocess.Process | None = None

    async def check(self, sql: str, max_rows: int) -> Checked:
        """The statement to send. Raises RefusedSqlError, TransientError where no worker starts."""
        check_text(sql)
        async with self._lock:
            worker = self._worker or await self._start()
            try:
                async with asyncio.timeout(self._deadline_s):
                    answer = await self._ask(worker, sql, max_rows)
            except TimeoutError:
                await self._kill()
                log.warning("guard_overdue", deadline_s=self._deadline_s)
                raise RefusedSqlError(
                    "too_complex", "checking the statement took too long"
                ) from None
            except BaseException:
                # A half-read answer must never be taken for the next statement's.
                await self._kill()
                raise
        if "sql" not in answer:
            raise RefusedSqlError(answer["reason"], answer["detail"])
        return Checked(answer["sql"], tuple(answer["tables"]), read_back(answer["reads"]))

    async def open(self) -> None:
        """Have the worker ready before the first request."""
        async with self._lock:
            await self._start()

    async def close(self) -> None:
        await self._kill()

    async def _start(self) -> asyncio.subprocess.Process:
        self._worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "query_api.adapters.guard_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1024 * 1024,
            # Ctrl-C reaches a terminal's whole group; this one ends with the service's pipe.
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(_START_DEADLINE_S):
                await self._ask(self._worker, "SELECT 1", 1)
        except BaseException:
            await self._kill()
            raise
        return self._worker

    async def _ask(
        self, worker: asyncio.subprocess.Process, sql: str, max_rows: int
    ) -> dict[str, Any]:
        if worker.stdin is None or worker.stdout is None:
            raise TransientError("the guard process has no pipes")
        request = {"sql": sql, "database": self._database, "max_rows": max_rows}
        try:
            worker.stdin.write(json.dumps(request).encode() + b"\n")
            await worker.stdin.drain()
            line = await worker.stdout.readline()
        except (OSError, ValueError) as error:
            raise TransientError(f"the guard process failed: {error}") from error
        if not line:
            raise TransientError("the guard process ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _kill(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        if worker.returncode is None:
            worker.kill()
        await worker.wait()


@asynccontextmanager
async def open_guard(database: str, deadline_s: float) -> AsyncIterator[GuardProcess]:
    """A guard whose worker runs while the context is open."""
    guard = GuardProcess(database, deadline_s)
    await guard.open()
    try:
        yield guard
    finally:
        await guard.close()
