"""Starting queries: within the rate of calls, and waiting for a slot where Athena has none."""

import asyncio
from dataclasses import dataclass

from coinlake.errors import TransientError, Trouble
from query_api.core.call_rate import CallRate
from query_api.core.engine_errors import NoSlotError
from query_api.core.ports import SqlEngine
from query_api.core.problems import ProblemError
from query_api.core.statements import Statement
from query_api.loop.insist import Insistence

# Slots that are taken are somebody's whose queries we do not see: asked again after this at most.
_SLOT_WAIT_S = 1.0


@dataclass(slots=True)
class Start:
    """One start under one token. `may_exist`: Athena may have begun it, though no reply came."""

    statement: Statement
    token: str
    may_exist: bool = False
    execution_id: str | None = None


class StartGate:
    """Where the queries of the process are started and stopped: both count into one quota.

    (Athena user guide, "Service Quotas": StartQueryExecution and StopQueryExecution.)
    """

    def __init__(self, engine: SqlEngine, rate: CallRate, insistence: Insistence) -> None:
        self._engine = engine
        self._rate = rate
        self._insistence = insistence
        self._freed = asyncio.Event()

    async def start(self, start: Start) -> str:
        """The id of the query. A lost reply is asked for anew with the same token.

        Raises ProblemError where Athena refuses the statement.
        """
        attempt = 0
        while True:
            freed = self._freed
            try:
                await self._paced()
                return await self._asked(start)
            except TransientError as error:
                self._insistence.note(error, attempt)
                wait_s = self._insistence.delay_s(attempt)
                if isinstance(error, NoSlotError):
                    await _until(freed, _SLOT_WAIT_S + wait_s)
                else:
                    await asyncio.sleep(wait_s)
            attempt += 1

    async def stop(self, execution_id: str) -> None:
        """End a query; fine where it has ended."""

        async def ask() -> None:
            await self._paced()
            await self._engine.stop(execution_id)

        await self._insistence.answered(ask)

    def free(self) -> None:
        """A query has ended: who waits for a slot may ask again."""
        self._freed.set()
        self._freed = asyncio.Event()

    async def _asked(self, start: Start) -> str:
        before = start.may_exist
        start.may_exist = True
        try:
            start.execution_id = await self._engine.start(start.statement, start.token)
        except ProblemError:
            start.may_exist = before
            raise
        except TransientError as error:
            if error.trouble == Trouble.THROTTLED:
                # Refused, so nothing began with this call.
                start.may_exist = before
            raise
        return start.execution_id

    async def _paced(self) -> None:
        wait_s = self._rate.take(asyncio.get_running_loop().time())
        if wait_s > 0:
            await asyncio.sleep(wait_s)


async def _until(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
