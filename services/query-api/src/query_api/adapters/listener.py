"""The HTTP listener with the limits that aiohttp lacks: slow requests, and too many connections.

(aiohttp 3.14, web_protocol.py: RequestHandler; and measured: a client that sent a header a second
was still connected after 80 s, one that sent a byte of its body a second after a minute.)
"""

import asyncio
from collections import Counter
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

# Handlers are cancelled when their client leaves; at shutdown they get this long.
_SHUTDOWN_S = 2.0
# Several turns of the loop.
_GRACE_S = 0.05


class Connections:
    """Gives each request a deadline to arrive, body included, and caps how many connections are open."""

    def __init__(self, limits: LimitSettings, metrics: QueryApiMetrics) -> None:
        self._limits = limits
        self._metrics = metrics
        self._timers: dict[RequestHandler, asyncio.TimerHandle] = {}
        # Those that are between two requests: the next byte begins one.
        self._idle: set[RequestHandler] = set()
        self._answering: set[RequestHandler] = set()
        self._open: Counter[str] = Counter()

    def accept(self, server: web.Server) -> asyncio.Protocol:
        """The protocol of a new connection."""
        return _Connection(self, server())

    def enter(self, handler: RequestHandler, client: str) -> bool:
        """Count a connection of this address; False where it is one too many."""
        too_many = self._open.total() >= self._limits.max_connections
        if too_many or self._open[client] >= self._limits.max_connections_per_client:
            self._metrics.closed_connections.labels("too_many").inc()
            return False
        self._open[client] += 1
        self._arm(handler, self._limits.header_deadline_s)
        return True

    def leave(self, handler: RequestHandler, client: str) -> None:
        """The connection is closed."""
        self._disarm(handler)
        self._idle.discard(handler)
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]

    def received(self, handler: RequestHandler) -> None:
        """Bytes came: the first behind an answer begin the time of the next request."""
        if handler in self._idle:
            self._idle.discard(handler)
            self._arm(handler, self._limits.header_deadline_s)

    @property
    def middleware(self) -> Middleware:
        """Marks when a request has arrived, and when its answer is made."""

        @web.middleware
        async def arrived(request: web.Request, handler: Handler) -> web.StreamResponse:
            # The head is there; the time goes on until the body is, whoever reads it.
            self._answering.add(request.protocol)
            request.content.on_eof(lambda: self._arrived(request.protocol))
            try:
                return await handler(request)
            finally:
                self._answering.discard(request.protocol)
                if request.content.is_eof():
                    self._rest(request.protocol)

        return arrived

    def _arrived(self, handler: RequestHandler) -> None:
        if handler in self._answering:
            self._disarm(handler)
        else:
            # Answered before all of it had come, as where a key is wrong.
            self._rest(handler)

    def _rest(self, handler: RequestHandler) -> None:
        self._idle.add(handler)
        self._arm(handler, self._limits.idle_s)

    def _arm(self, handler: RequestHandler, seconds: float) -> None:
        self._disarm(handler)
        loop = asyncio.get_running_loop()
        self._timers[handler] = loop.call_later(seconds, self._expire, handler)

    def _disarm(self, handler: RequestHandler) -> None:
        timer = self._timers.pop(handler, None)
        if timer is not None:
            timer.cancel()

    def _expire(self, handler: RequestHandler) -> None:
        # What came while the loop was late is read first: that is not the client's fault.
        loop = asyncio.get_running_loop()
        self._timers[handler] = loop.call_later(_GRACE_S, self._close, handler)

    def _close(self, handler: RequestHandler) -> None:
        self._timers.pop(handler, None)
        if handler.transport is not None:
            reason = "idle" if handler in self._idle else "slow"
            self._metrics.closed_connections.labels(reason).inc()
            handler.transport.abort()


class _Connection(asyncio.Protocol):
    """aiohttp's protocol of one connection, told to `Connections`; refused ones are closed at once."""

    def __init__(self, connections: Connections, handler: RequestHandler) -> None:
        self._connections = connections
        self._handler = handler
        self._client: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        client = str(peer[0]) if peer else ""
        if not self._connections.enter(self._handler, client):
            transport.close()
            return
        self._client = client
        self._handler.connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._client is not None:
            self._handler.connection_lost(exc)
            self._connections.leave(self._handler, self._client)

    def data_received(self, data: bytes) -> None:
        if self._client is not None:
            self._connections.received(self._handler)
            self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        if self._client is not None:
            self._handler.eof_received()
        return None

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()


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
        keepalive_timeout=limits.idle_s,
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
