"""The admin port: books to read, and clock, seed and script to set. JSON all over."""

from collections.abc import Iterable
from dataclasses import asdict

import orjson
from aiohttp import web

from coincap_simulator.core.bodies import MissingBody
from coincap_simulator.core.script import ScriptError, scripted_from, shown
from coincap_simulator.simulation import Simulation

_LINES_PER_WRITE = 500
# Milliseconds from 1970 to 3000: far from the end of what datetime can show.
_MAX_MS = 32_503_680_000_000


class Admin:
    """Handlers around one simulation."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/ledger", self._ledger)
        app.router.add_get("/ledger/summary", self._summary)
        app.router.add_get("/bodies/{sha256}", self._body)
        app.router.add_get("/requests", self._requests)
        app.router.add_get("/clock", self._clock)
        app.router.add_post("/clock", self._set_clock)
        app.router.add_post("/seed", self._set_seed)
        app.router.add_get("/script", self._script)
        app.router.add_post("/script", self._add_script)
        app.router.add_delete("/script", self._clear_script)
        app.router.add_route("*", "/{path:.*}", self._nothing)
        return app

    async def _health(self, _: web.Request) -> web.Response:
        return _json({"status": "ok"})

    async def _ledger(self, request: web.Request) -> web.StreamResponse:
        entries = self._simulation.ledger.since(_since(request))
        return await _lines(request, ({"seq": e.seq} | asdict(e) for e in entries))

    async def _summary(self, _: web.Request) -> web.Response:
        simulation = self._simulation
        kept = 0 if simulation.bodies is None else simulation.bodies.size
        books = {"in_flight": simulation.calls.in_flight, "bodies_kept_bytes": kept}
        return _json(simulation.ledger.summary() | books)

    async def _body(self, request: web.Request) -> web.Response:
        if self._simulation.bodies is None:
            return _error("bodies are not kept: started with --no-keep-bodies", 404)
        body = self._simulation.bodies.get(request.match_info["sha256"])
        if body is MissingBody.EVICTED:
            return _error("served, but evicted to stay below --bodies-max-bytes", 410)
        if body is MissingBody.UNKNOWN:
            return _error("no such body was served", 404)
        return web.Response(body=body, content_type="application/octet-stream")

    async def _requests(self, request: web.Request) -> web.StreamResponse:
        calls = self._simulation.calls.since(_since(request))
        return await _lines(request, (asdict(call) for call in calls))

    async def _clock(self, _: web.Request) -> web.Response:
        return _json({"now_ms": self._simulation.now_ms(), "rate": self._simulation.clock.rate})

    async def _set_clock(self, request: web.Request) -> web.Response:
        given = await _object(request, {"now_ms", "rate"})
        now_ms, rate = given.get("now_ms"), given.get("rate")
        if now_ms is not None and not (type(now_ms) is int and 0 <= now_ms <= _MAX_MS):
            return _error("now_ms must be whole milliseconds since 1970", 400)
        if rate is not None and not (
            type(rate) in (int, float) and 0 <= float(str(rate)) <= 1e5
        ):
            return _error("rate must be a number from 0 to 100000", 400)
        simulation = self._simulation
        simulation.clock = simulation.clock.changed(
            simulation.wall_ms(),
            now_ms if isinstance(now_ms, int) else None,
            float(rate) if isinstance(rate, int | float) else None,
        )
        return await self._clock(request)

    async def _set_seed(self, request: web.Request) -> web.Response:
        seed = (await _object(request, {"seed"})).get("seed")
        if type(seed) is not int:
            return _error("seed must be a whole number", 400)
        self._simulation.reseed(seed)
        return _json({"seed": seed})

    async def _script(self, _: web.Request) -> web.Response:
        return _json({"script": [shown(step) for step in self._simulation.script.pending()]})

    async def _add_script(self, request: web.Request) -> web.Response:
        try:
            step = scripted_from(await _body_json(request))
        except ScriptError as error:
            return _error(str(error), 400)
        self._simulation.script.add(step)
        return _json(shown(step), 201)

    async def _clear_script(self, request: web.Request) -> web.Response:
        self._simulation.script.clear()
        return await self._script(request)

    async def _nothing(self, request: web.Request) -> web.Response:
        return _error(f"there is no {request.method} {request.path}", 404)


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(value), status=status, content_type="application/json"
    )


def _error(text: str, status: int) -> web.Response:
    return _json({"error": text}, status)


def _bad_request(text: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(
        text=orjson.dumps({"error": text}).decode(), content_type="application/json"
    )


def _since(request: web.Request) -> int:
    text = request.query.get("since", "0")
    if not (text.isascii() and text.isdigit()):
        raise _bad_request("since must be the seq of an entry")
    return int(text)


async def _body_json(request: web.Request) -> object:
    try:
        value: object = orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise _bad_request(f"no JSON: {error}") from error
    return value


async def _object(request: web.Request, fields: set[str]) -> dict[str, object]:
    value = await _body_json(request)
    if not isinstance(value, dict) or not value.keys() <= fields:
        raise _bad_request(f"a JSON object with {', '.join(sorted(fields))}")
    return value


async def _lines(request: web.Request, rows: Iterable[object]) -> web.StreamResponse:
    """NDJSON, written in portions so that a full ledger does not hold up the public port."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    portion = bytearray()
    for number, row in enumerate(rows, 1):
        portion += orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        if number % _LINES_PER_WRITE == 0:
            await response.write(bytes(portion))
            portion.clear()
    await response.write(bytes(portion))
    await response.write_eof()
    return response
