"""The public port: takes a request through script, gate and API to delivery and ledger."""

import asyncio
import random
from dataclasses import dataclass

from aiohttp import web

from coincap_simulator.core.answers import HttpAnswer, error
from coincap_simulator.core.calls import ReceivedCall
from coincap_simulator.core.script import Scripted
from coincap_simulator.simulation import Simulation
from coincap_simulator.web.delivery import Manner, deliver

_KEY_PARAMETER = "apiKey"
_BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class AnswerPace:
    """How answers are timed and cut. `latency_ms` is drawn between its two ends."""

    latency_ms: tuple[int, int]
    chunked: bool


class Front:
    """CoinCap as its clients see it."""

    def __init__(self, simulation: Simulation, pace: AnswerPace, dice: random.Random) -> None:
        self._simulation = simulation
        self._pace = pace
        self._dice = dice

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        secret, auth = sent_key(request)
        call = self._simulation.calls.began(
            self._simulation.wall_ms(),
            request.method,
            request.path,
            public_query(request.rel_url.raw_query_string),
            auth=auth,
            user_agent=request.headers.get("User-Agent", ""),
            accept_encoding=request.headers.get("Accept-Encoding", ""),
        )
        try:
            return await self._answered(request, call, secret)
        finally:
            self._simulation.calls.ended()

    async def _answered(
        self, request: web.Request, call: ReceivedCall, secret: str | None
    ) -> web.StreamResponse:
        key = self._simulation.gate.accounts.by_secret(secret)
        call.key = None if key is None else key.name
        step = self._simulation.script.take(call.path)
        latency_s = self._latency_s(step)
        # The stamp is taken in the middle: after the request left, before the answer is there.
        await asyncio.sleep(latency_s / 2)
        at_ms = self._simulation.now_ms()
        answer = self._answer(request, secret, step, at_ms)
        await asyncio.sleep(latency_s / 2)
        complete = False
        try:
            delivered = await deliver(request, answer, self._manner(step))
            complete = delivered.complete
        finally:
            call.status = answer.status
            self._simulation.record(
                call, answer, at_ms, complete=complete, scripted=step is not None
            )
        return delivered.response

    def _answer(
        self, request: web.Request, secret: str | None, step: Scripted | None, at_ms: int
    ) -> HttpAnswer:
        if step is not None:
            return step.answer
        if request.method == "HEAD":
            return HttpAnswer(404, b"")
        if request.method != "GET":
            return error("Not found", 404)
        simulation = self._simulation
        key = simulation.gate.accounts.by_secret(secret)
        query = {name: request.query[name] for name in request.query}
        return simulation.gate.answer(simulation.api, request.path, query, key, at_ms)

    def _latency_s(self, step: Scripted | None) -> float:
        delay_ms = 0 if step is None else step.delay_ms
        return (delay_ms + self._dice.uniform(*self._pace.latency_ms)) / 1000

    def _manner(self, step: Scripted | None) -> Manner:
        if step is None:
            return Manner(chunked=self._pace.chunked)
        return Manner(cut=step.close, headers=step.headers)


def sent_key(request: web.Request) -> tuple[str | None, str | None]:
    """The secret and the way it came; the header wins over the query."""
    header = request.headers.get("Authorization", "")
    if header.startswith(_BEARER):
        return header.removeprefix(_BEARER).strip(), "header"
    if _KEY_PARAMETER in request.query:
        return request.query[_KEY_PARAMETER], "query"
    return None, None


def public_query(raw_query: str) -> str:
    """The query as it was sent, without the key."""
    items = raw_query.split("&")
    return "&".join(item for item in items if item.partition("=")[0] != _KEY_PARAMETER)
