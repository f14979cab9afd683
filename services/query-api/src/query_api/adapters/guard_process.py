"""One process that checks statements, one at a time. Only a process can be killed."""

import asyncio
import json
import signal
import sys
from dataclasses import dataclass
from typing import Any

# Starting Python takes a while on a small machine that is busy.
_START_DEADLINE_S = 30.0
# A statement has 16 KiB at most, and its verdict not much more.
_LINE_BYTES = 1024 * 1024


class GuardProcessError(Exception):
    """The process ended, or was ended, over a statement; another has to be started."""


@dataclass(frozen=True, slots=True)
class GuardBounds:
    """What one statement may take: CPU seconds, which the process counts, and seconds.

    The second is for a process that does not run, such as one that was stopped: on a busy
    machine a statement may wait long for little work.
    """

    cpu_s: float
    deadline_s: float


class GuardProcess:
    """A worker (`guard_worker`) and its pipes. After a GuardProcessError it no longer `answers`."""

    def __init__(self, database: str, bounds: GuardBounds) -> None:
        self._database = database
        self._bounds = bounds
        self._child: asyncio.subprocess.Process | None = None

    @property
    def answers(self) -> bool:
        """Whether there is a process that answered once and has not ended since."""
        return self._child is not None and self._child.returncode is None

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    async def start(self) -> None:
        """Start the process and wait until it answers. Raises GuardProcessError, OSError."""
        await self.kill()
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "query_api.adapters.guard_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_BYTES,
            # Ctrl-C reaches a terminal's whole group; this one ends with the service's pipe.
            start_new_session=True,
        )
        self._child = child
        await self._within(_START_DEADLINE_S, "SELECT 1", 1)

    async def ask(self, sql: str, max_rows: int) -> dict[str, Any]:
        """The worker's verdict. Raises GuardProcessError."""
        return await self._within(self._bounds.deadline_s, sql, max_rows)

    async def kill(self) -> None:
        """End the process and reap it; fine where there is none."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.returncode is None:
            child.kill()
        await child.wait()

    async def _within(self, seconds: float, sql: str, max_rows: int) -> dict[str, Any]:
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(sql, max_rows)
        except TimeoutError:
            await self.kill()
            raise GuardProcessError(f"no answer within {seconds:g} seconds") from None
        except BaseException:
            # A half-read answer must never be taken for the next statement's.
            await self.kill()
            raise

    async def _exchange(self, sql: str, max_rows: int) -> dict[str, Any]:
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            raise GuardProcessError("it is not started")
        request = {
            "sql": sql,
            "database": self._database,
            "max_rows": max_rows,
            "cpu_s": self._bounds.cpu_s,
        }
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            await child.stdin.drain()
            line = await child.stdout.readline()
            answer: dict[str, Any] = json.loads(line) if line else {}
        except (OSError, ValueError) as error:
            raise GuardProcessError(f"its pipe broke: {error}") from error
        if not answer:
            raise GuardProcessError(_how_it_ended(await child.wait()))
        return answer


def _how_it_ended(code: int) -> str:
    if code == -signal.SIGPROF:
        return "its CPU time for one statement was used up"
    return f"it ended with {code}"
