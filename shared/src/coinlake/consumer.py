"""aiokafka's consumer, ending whole whatever its parts are doing."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from aiokafka import AIOKafkaConsumer

from coinlake import logs

log = logs.get(__name__)


class Consumer(AIOKafkaConsumer):  # type: ignore[misc]
    """`AIOKafkaConsumer`, with another `stop`.

    aiokafka 0.14 ends its coordinator, fetcher and client one after the other: where one of them
    raises, the next ones stay open, and a second `stop` returns at once. A fetch that waits
    behind a broker that is away does raise: the CancelledError of its own end
    (`Fetcher._proc_fetch_request`, `Fetcher.close`), which reads as a cancelled caller.
    """

    _has_stopped = False

    async def stop(self) -> None:
        """End all parts, each whatever becomes of the others. What fails is logged, not raised.

        Raises CancelledError only where the caller is cancelled, with all parts ended.
        """
        if self._has_stopped:
            return
        # aiokafka's own mark too: it warns where a consumer without it is collected.
        self._has_stopped = self._closed = True
        async with AsyncExitStack() as parts:
            parts.push_async_callback(_ended, "client", self._client.close)
            if self._fetcher is not None:
                parts.push_async_callback(_ended, "fetcher", self._fetcher.close)
                parts.push_async_callback(_fetches_ended, self._fetcher)
            if self._coordinator is not None:
                parts.push_async_callback(_ended, "coordinator", self._coordinator.close)


async def _ended(part: str, close: Callable[[], Awaitable[None]]) -> None:
    try:
        await close()
    except Exception as error:
        # Whatever it is: it had its time, and nobody needs it any more.
        log.warning("consumer_ended_badly", part=part, reason=repr(error))


async def _fetches_ended(fetcher: Any) -> None:
    """End what fetches, so that `Fetcher.close` awaits no task that was cancelled in its sleep."""
    fetcher._fetch_task.cancel()
    await asyncio.wait([fetcher._fetch_task])
    fetches = list(fetcher._pending_tasks)
    fetcher._pending_tasks.clear()
    for fetch in fetches:
        fetch.cancel()
    if fetches:
        await asyncio.wait(fetches)
