"""The loop that watches the others: the process is alive while each of them turns."""

import asyncio
from collections.abc import Callable, Sequence

from coinlake.lifecycle import Pulse, sleep_or_stop

_EVERY_S = 1.0


async def watch(
    stop: asyncio.Event, pulse: Pulse, others: Sequence[Pulse], update: Callable[[], None]
) -> None:
    """Pass the pulse on while all others have one; one loop that stands still stops it."""
    while True:
        update()
        if all(other.alive for other in others):
            pulse.beat()
        if await sleep_or_stop(stop, _EVERY_S):
            return
