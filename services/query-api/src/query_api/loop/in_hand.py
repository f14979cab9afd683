"""How many requests of one asker are worked on at a time, so that a flood is in its own way alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

# What is held longer waits for S3 most of the time, which is nobody's loss.
_LONGEST_PAUSE_S = 0.02
# Who is longer at it waits for something, be it for an S3 that is away: its key's others go on.
_LONGEST_HOLD_S = 0.25


@dataclass(slots=True)
class _Asker:
    """The places of one asker, and how many of its requests there are and wait for one."""

    free: asyncio.Semaphore
    requests: int = 0
    waiting: int = 0


@dataclass(slots=True)
class _Held:
    """The place of one request, which only its own task gives up."""

    asker: _Asker
    pause: Callable[[_Asker, float], float]
    task: asyncio.Task[object] | None = field(default_factory=asyncio.current_task)
    since: float | None = None
    too_long: asyncio.TimerHandle | None = None

    async def enter(self) -> None:
        self.asker.waiting += 1
        try:
            await self.asker.free.acquire()
        finally:
            self.asker.waiting -= 1
        loop = asyncio.get_running_loop()
        self.since = loop.time()
        self.too_long = loop.call_later(_LONGEST_HOLD_S, self.leave)

    def leave(self) -> None:
        if self.since is None:
            return
        if self.too_long is not None:
            self.too_long.cancel()
        loop = asyncio.get_running_loop()
        pause_s = self.pause(self.asker, loop.time() - self.since)
        self.since = None
        if pause_s:
            loop.call_later(pause_s, self.asker.free.release)
        else:
            self.asker.free.release()


_HELD: ContextVar[_Held | None] = ContextVar("held", default=None)


class RequestsInHand:
    """At most `at_once` requests of an asker are in hand, each for a quarter of a second at most; its
    others wait, the oldest first.

    The loop does one thing at a time: with eight requests of one client at each of its turns,
    whoever else asks waits for eight, and that at each step of an answer. While somebody else
    asks, a place is free again only after as long as it was held, so that a flood has half of it.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._askers: dict[str, _Asker] = {}

    @asynccontextmanager
    async def hold(self, asker: str) -> AsyncIterator[None]:
        """Work on a request of this asker, once it is its turn."""
        mine = self._askers.get(asker)
        if mine is None:
            mine = self._askers[asker] = _Asker(asyncio.Semaphore(self._at_once))
        mine.requests += 1
        held = _Held(mine, self._pause_s)
        token = _HELD.set(held)
        try:
            await held.enter()
            yield
        finally:
            _HELD.reset(token)
            held.leave()
            mine.requests -= 1
            if not mine.requests:
                del self._askers[asker]

    def _pause_s(self, asker: _Asker, held_s: float) -> float:
        """How long a place stays empty that was held for so long."""
        is_flood = asker.waiting > 0 and self.askers > 1
        return min(held_s, _LONGEST_PAUSE_S) if is_flood else 0.0

    @property
    def askers(self) -> int:
        """How many have a request in hand, or wait for one."""
        return len(self._askers)


@asynccontextmanager
async def out_of_hand() -> AsyncIterator[None]:
    """While a request waits for what is no work of the loop: its body, the guard, Athena.

    One that ends with an exception does not come back into hand: nothing much is left to do.
    """
    held = _HELD.get()
    if held is None or held.task is not asyncio.current_task():
        # A query's own task has the context of the request that began it, and no place.
        yield
        return
    held.leave()
    yield
    await held.enter()
