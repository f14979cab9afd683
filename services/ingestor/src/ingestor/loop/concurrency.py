"""Who may call the API now: some at once, the others wait, and pay for nothing meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_LOOK_S = 1.0


class ConcurrencyLimit:
    """So many calls at once."""

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def slot(self, beat: Callable[[], None]) -> AsyncIterator[None]:
        """A place among them; `beat` is called while it waits: to wait for others is not to hang."""
        while True:
            beat()
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._free.acquire()
                break
            except TimeoutError:
                continue
        try:
            yield
        finally:
            self._free.release()
