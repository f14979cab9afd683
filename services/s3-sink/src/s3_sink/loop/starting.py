"""The start of the sink: what it needs is tried until it is there, or until it is time to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from coinlake import logs
from coinlake.errors import TransientError
from s3_sink.core.ports import Wait

log = logs.get(__name__)
Reached = TypeVar("Reached")


class StartAttempts:
    """Tries what a start needs again and again: a dependency that is away is waited for."""

    def __init__(
        self, beat: Callable[[], None], wait: Wait, waits_for: Callable[[str], None]
    ) -> None:
        self._beat = beat
        self._wait = wait
        self._waits_for = waits_for

    async def until_reached(
        self, need: str, action: Callable[[], Awaitable[Reached]]
    ) -> Reached:
        """What the action gives once it works; each failure is told. Raises what is no TransientError."""
        attempt = 0
        while True:
            self._beat()
            try:
                return await action()
            except TransientError as error:
                self._waits_for(f"{need}: {error}")
                log.warning("dependency_away", need=need, reason=str(error))
            await self._wait(attempt)
            attempt += 1


async def unless_stopped(
    stop: asyncio.Event, work: Coroutine[Any, Any, Reached]
) -> Reached | None:
    """What some work gives; None where it was time to stop before it was there."""
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(work)
        stopping = tasks.create_task(stop.wait())
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()
    return None if working.cancelled() else working.result()
