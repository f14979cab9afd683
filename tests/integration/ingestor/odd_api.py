"""A real HTTP server that answers like CoinCap, and can be told how to be odd."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def good(path: str, bytes_: int = 200) -> bytes:
    """A usable answer of about so many bytes."""
    names = {"exchanges": ("exchangeId",), "markets": ("exchangeId", "baseId", "quoteId")}
    item = dict.fromkeys(names.get(path.rpartition("/")[2], ("id",)), "x")
    body = {"data": [item | {"name": "n" * bytes_}], "timestamp": int(time.time() * 1_000)}
    return orjson.dumps(body)


@dataclass
class OddApi:
    """The server: what it was asked, and what it does next."""

    handler: Handler
    url: str = ""
    asked: list[tuple[float, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((time.monotonic(), request.path_qs))
        return await self.handler(request)


@asynccontextmanager
async def odd_api(handler: Handler) -> AsyncIterator[OddApi]:
    """Serve on a free port."""
    api = OddApi(handler)
    app = web.Application()
    app.router.add_get("/{path:.*}", api.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        api.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v3"
        yield api
    finally:
        await runner.cleanup()
