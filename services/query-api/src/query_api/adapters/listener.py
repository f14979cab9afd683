"""The HTTP listener with the limits that aiohttp lacks: slow headers and too many connections.

(aiohttp 3.14, web_protocol.py: RequestHandler; and measured: a client that sent a header a second
was still connected after 80 s.)
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from aiohttp.web_protocol import RequestHandler

from coinlake import logs
from coinlake.settings import HttpSettings
from query_api.config import LimitSettings
from query_api.metrics import QueryApiMetrics

log = logs.get(__name__)

_KEEPALIVE_S = 30.0
# Handlers are cancelled when their client leaves; at shutdown they get this long.
_SHUTDOWN_S = 2.0


class Connections:
    """Gives each connection a deadline for its next request, and caps how many are open."""

    def __init__(self, limits: LimitSettings, metrics: QueryApiMetrics) -> None:
        self._limits = limits
        self._metrics = metrics
        self._timers: dict[object, asyncio.TimerHandle] = {}
        self._open: set[RequestHandler] = set()

    def accept(self, server: web.Server) -> asyncio.Protocol:
        """The protocol of a new connection."""
        self._open = {known for known in self._open if known.transport is not None}
        if len(self._open) >= self._limits.max_connections:
            self._metrics.closed_connections.labels("too_many").inc()
            return _Refusal()
        handler = server()
        asyncio.get_running_loop().call_soon(self._open.add, handler)
        self._arm(handler, self._limits.header_deadline_s)
        return handler

    @property
    def middleware(self) -> Middleware:
        """Marks when a request has arrived, and when its answer is out."""

        @web.middleware
        async def arrived(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._disarm(request.protocol)
            try:
                return await handler(request)
            finally:
                self._arm(request.protocol, _KEEPALIVE_S + self._limits.header_deadline_s)

        return arrived

    def _arm(self, handler: object, seconds: float) -> None:
        self._disarm(handler)
        loop = asyncio.get_running_loop()
        self._timers[handler] = loop.call_later(seconds, self._expire, handler)

    def _disarm(self, handler: object) -> None:
        timer = self._timers.pop(handler, None)
        if timer is not None:
            timer.cancel()

    def _expire(self, handler: object) -> None:
        self._timers.pop(handler, None)
        transport = getattr(handler, "transport", None)
        if transport is not None:
            self._metrics.closed_connections.labels("slow").inc()
            transport.abort()


class _Refusal(asyncio.Protocol):
    """A connection beyond the cap: closed at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


@asynccontextmanager
async def open_listener(
    app: web.Application, connections: Connections, http: HttpSettings, limits: LimitSettings
) -> AsyncIterator[int]:
    """Serve the app; gives the port that it listens on."""
    runner = web.AppRunner(
        app,
        access_log=None,
        # Off by default (aiohttp 3.14, web.py: run_app): without it a client that leaves would keep
        # its query paid.
        handler_cancellation=True,
        shutdown_timeout=_SHUTDOWN_S,
        keepalive_timeout=_KEEPALIVE_S,
        max_line_size=limits.max_header_bytes,
        max_field_size=limits.max_header_bytes,
    )
    await runner.setup()
    try:
        server = runner.server
        if server is None:
            raise RuntimeError("the HTTP server did not start")
        made = server
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            lambda: connections.accept(made), http.host, http.port
        )
        try:
            port = int(listening.sockets[0].getsockname()[1])
            log.info("http_listening", host=http.host, port=port)
            yield port
        finally:
            listening.close()
            await made.shutdown(_SHUTDOWN_S)
    finally:
        await runner.cleanup()
