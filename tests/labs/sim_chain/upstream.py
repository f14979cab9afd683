"""CoinCap as the ingestor meets it: answers, refusals, silence, odd bodies; and what it bills."""

import asyncio
import random
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field

from coinlake.contracts.datasets import ELEMENTS
from ingestor.core.credits import month_of, price
from ingestor.core.ports import ApiAnswer, Call, NoAnswerError
from tests.labs.sim.clock import SimLoop

TIMEOUT_S = 4.0


@dataclass
class Mood:
    """How the API behaves now: shares of calls. `has_dates`: whether answers carry a `Date`."""

    is_down: bool = False
    refuses_key: bool = False
    silent: float = 0.0
    broken: float = 0.0
    limited: float = 0.0
    errors: float = 0.0
    odd: float = 0.0
    repeats: float = 0.0
    has_dates: bool = True


@dataclass
class Upstream:
    """The server. `heard` are the bodies that a client has got in whole, by when."""

    loop: SimLoop
    rng: random.Random
    now_ms: Callable[[], int]
    mood: Mood
    reached: Callable[[str], None]
    billed: list[tuple[int, int]] = field(default_factory=list)
    """When each call was billed, and what it cost."""
    _made: int = 0
    _last: dict[str, bytes] = field(default_factory=dict)

    def spent(self, month: str | None = None) -> int:
        """Credits of a month, or of all."""
        return sum(
            credits for at_ms, credits in self.billed if month in (None, month_of(at_ms))
        )

    def answer(self, url: str) -> ApiAnswer | NoAnswerError | None:
        """What comes of a call that arrives; None where nothing does."""
        mood, rng = self.mood, self.rng
        if mood.is_down:
            self.reached("api unreachable")
            return NoAnswerError("unreachable", "ClientConnectorError")
        if mood.refuses_key:
            self.reached("key refused")
            return self._billed(401, b'{"error":"Unauthorized","n":%d}' % self._number())
        luck = rng.random()
        for share, act in (
            (mood.silent, self._silent),
            (mood.broken, self._broken),
            (mood.limited, self._limited),
            (mood.errors, self._error),
            (mood.odd, self._odd),
        ):
            if luck < share:
                return act(url)
            luck -= share
        return self._billed(200, self._body(url))

    def _silent(self, url: str) -> None:
        self.reached("api silent")
        self.billed.append((self.now_ms(), 1))

    def _broken(self, url: str) -> NoAnswerError:
        self.billed.append((self.now_ms(), 1))
        self.reached("answer broke off")
        kind = self.rng.choice(("connection", "incomplete_body", "too_large"))
        if kind == "connection":
            return NoAnswerError("connection", "ServerDisconnectedError")
        if kind == "too_large":
            return NoAnswerError("too_large", "more than 2000 bytes", 2000)
        return NoAnswerError("incomplete_body", "the body ended early")

    def _limited(self, url: str) -> ApiAnswer:
        self.reached("rate limited")
        body = b'{"error":"Too Many Requests","n":%d}' % self._number()
        return self._billed(429, body, self.rng.choice(("1", "3", "8", "soon")))

    def _error(self, url: str) -> ApiAnswer:
        self.reached("server error")
        body = b"<html>%d</html>" % self._number()
        return self._billed(self.rng.choice((500, 502, 503, 504)), body)

    def _odd(self, url: str) -> ApiAnswer:
        self.reached("odd body")
        number = self._number()
        bodies = (
            b"",
            b'{"data":[]}',
            b"\xff\x00not json %d" % number,
            b'{"data":{"id":"%d"}}' % number,
            b'{"error":"%d"}' % number,
            b'{"data":[{"id":"x%d"}],"timestamp":1}' % number,
        )
        return self._billed(200, self.rng.choice(bodies))

    def _body(self, url: str) -> bytes:
        feed = url.partition("?")[0].rpartition("/")[2]
        if url in self._last and self.rng.random() < self.mood.repeats:
            self.reached("same answer again")
            return self._last[url]
        item = ",".join(
            f'"{name}":"b{self._number()}"' for name in ELEMENTS[feed].identity_keys
        )
        body = f'{{"timestamp":{self.now_ms()},"data":[{{{item}}}]}}'.encode()
        self._last[url] = body
        return body

    def _billed(self, status: int, body: bytes, retry_after: str | None = None) -> ApiAnswer:
        self.billed.append((self.now_ms(), price(len(body))))
        date_ms = self.now_ms() // 1000 * 1000 if self.mood.has_dates else None
        return ApiAnswer(status, body, retry_after, date_ms)

    def _number(self) -> int:
        self._made += 1
        return self._made


class SimApi:
    """One ingestor's client: the port `Api`, with the limits and words of its HTTP adapter."""

    def __init__(
        self, upstream: Upstream, rng: random.Random, heard: Callable[[str, ApiAnswer], None]
    ) -> None:
        self._upstream = upstream
        self._rng = rng
        self._heard = heard
        self._server = Context()

    async def get(self, url: str, call: Call) -> ApiAnswer:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._asked(url, call)
        except TimeoutError as error:
            raise NoAnswerError("timeout", "the answer timed out") from error
        self._heard(url, answer)
        return answer

    async def _asked(self, url: str, call: Call) -> ApiAnswer:
        loop = self._upstream.loop
        reply: asyncio.Future[ApiAnswer] = loop.create_future()
        back_s = self._rng.uniform(0.02, 0.4)

        def arrive() -> None:
            answer = self._upstream.answer(url)
            call.was_sent = not (
                isinstance(answer, NoAnswerError) and answer.kind == "unreachable"
            )
            if answer is not None:
                loop.call_later(back_s, give, answer, context=self._server)

        def give(answer: ApiAnswer | NoAnswerError) -> None:
            if reply.done():
                return
            if isinstance(answer, NoAnswerError):
                reply.set_exception(answer)
            else:
                reply.set_result(answer)

        # The request is on its way: whoever gives up now does not know whether it was heard.
        call.was_sent = True
        loop.call_later(self._rng.uniform(0.01, 0.1), arrive, context=self._server)
        return await reply
