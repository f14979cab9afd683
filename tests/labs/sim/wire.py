"""The network: requests take time, and may be refused, applied without an answer, or late."""

import asyncio
import random
from collections.abc import Callable
from contextvars import Context, ContextVar
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from coinlake.errors import CoinlakeError, TransientError
from tests.labs.sim.clock import SimLoop

Answer = TypeVar("Answer")
is_late: ContextVar[bool] = ContextVar("is_late", default=False)
"""Set while a request is applied that its sender had given up long before."""


@dataclass
class Weather:
    """How the network behaves now; shares of requests, times in seconds."""

    is_down: bool = False
    slow_s: float = 0.0
    refused: float = 0.0
    lost: float = 0.0
    late: float = 0.0
    late_s: float = 20.0
    resent: float = 0.0
    conflicts: float = 0.0


class Wire:
    """Carries requests to a server. What is on its way arrives even if the sender is dead."""

    def __init__(self, loop: SimLoop, rng: random.Random, weather: Weather) -> None:
        self._loop = loop
        self._rng = rng
        self.weather = weather
        # A server is no process of ours: nothing freezes it.
        self._server = Context()

    async def ask(self, what: str, apply: Callable[[], Answer]) -> Answer:
        """A question: it may fail, but it changes nothing."""
        fails = self.weather.is_down or self._rng.random() < self.weather.refused
        return await self._carry(what, self._raised(what) if fails else apply, self._there_s())

    async def tell(self, what: str, apply: Callable[[], Answer]) -> Answer:
        """A request that changes something: it may be applied and still fail, or come late."""
        weather, luck = self.weather, self._rng.random()
        if weather.is_down or luck < weather.refused:
            return await self._carry(what, self._raised(what), self._there_s())
        luck -= weather.refused
        if luck < weather.lost:
            return await self._carry(what, self._unheard(what, apply), self._there_s())
        luck -= weather.lost
        if luck < weather.late:
            # The sender gives up; the request lands long after, perhaps behind its own retry.
            self._at_server(self._rng.uniform(0.1, weather.late_s), _late(_quietly(apply)))
            return await self._carry(what, self._raised(what), self._there_s())
        luck -= weather.late
        if luck < weather.resent:
            # An HTTP client that sends a request again by itself: the second answer is heard.
            return await self._carry(what, _twice(apply), self._there_s())
        return await self._carry(what, apply, self._there_s())

    async def _carry(self, what: str, apply: Callable[[], Answer], there_s: float) -> Answer:
        reply: asyncio.Future[Answer] = self._loop.create_future()
        back_s = self._rng.uniform(0.001, 0.02)

        def arrive() -> None:
            try:
                answer = apply()
            except CoinlakeError as error:
                refusal = error
                self._at_server(back_s, lambda: _fail(reply, refusal))
            else:
                self._at_server(back_s, lambda: _give(reply, answer))

        self._at_server(there_s, arrive)
        return await reply

    def _at_server(self, after_s: float, act: Callable[[], None]) -> None:
        self._loop.call_later(after_s, act, context=self._server)

    def _there_s(self) -> float:
        slow_s = self.weather.slow_s
        return self._rng.uniform(0.001, 0.02) + (self._rng.uniform(0, slow_s) if slow_s else 0)

    @staticmethod
    def _raised(what: str) -> Callable[[], NoReturn]:
        def fail() -> NoReturn:
            raise TransientError(f"{what}: 503")

        return fail

    @staticmethod
    def _unheard(what: str, apply: Callable[[], Answer]) -> Callable[[], Answer]:
        def fail() -> Answer:
            _quietly(apply)()
            raise TransientError(f"{what}: the connection was closed")

        return fail


def _quietly(apply: Callable[[], Answer]) -> Callable[[], None]:
    def act() -> None:
        try:
            apply()
        except CoinlakeError:
            return  # The refusal goes to somebody who does not listen any more.

    return act


def _late(apply: Callable[[], None]) -> Callable[[], None]:
    def act() -> None:
        token = is_late.set(True)
        try:
            apply()
        finally:
            is_late.reset(token)

    return act


def _twice(apply: Callable[[], Answer]) -> Callable[[], Answer]:
    def act() -> Answer:
        _quietly(apply)()
        return apply()

    return act


def _give(reply: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not reply.done():
        reply.set_result(answer)


def _fail(reply: "asyncio.Future[Answer]", error: CoinlakeError) -> None:
    if not reply.done():
        reply.set_exception(error)
