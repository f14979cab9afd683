"""Wiring: settings in, two listening servers out. The only place that picks real things."""

import asyncio
import random
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import orjson
from aiohttp import web

from coincap_simulator.config import Settings
from coincap_simulator.simulation import simulation
from coincap_simulator.web.admin import Admin
from coincap_simulator.web.front import AnswerPace, Front

# Two servers close one after the other, and the whole must be over within two seconds.
_SHUTDOWN_S = 0.5
# The kernel takes no more than this ahead of a client that does not read, so that "complete"
# in the ledger is close to "arrived".
_SEND_BUFFER = 64 * 1024
_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the simulator listens."""

    port: int
    admin_port: int


@asynccontextmanager
async def open_simulator(settings: Settings) -> AsyncIterator[Ports]:
    """Both servers, listening while the context is open. Raises OSError when a port is taken."""
    state = simulation(settings, lambda: time.time_ns() // 1_000_000)
    pace = AnswerPace(settings.latency_ms, settings.chunked)
    front = Front(state, pace, random.Random(settings.seed))
    async with AsyncExitStack() as open_:
        port = await open_.enter_async_context(
            _open_server(front.app(), settings.host, settings.port)
        )
        admin_port = await open_.enter_async_context(
            _open_server(Admin(state).app(), settings.host, settings.admin_port)
        )
        yield Ports(port, admin_port)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until told to stop; say where on standard output once ready."""
    async with open_simulator(settings) as ports:
        ready = {"event": "ready", "port": ports.port, "admin_port": ports.admin_port}
        sys.stdout.write(orjson.dumps(ready).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


@asynccontextmanager
async def _open_server(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        listener = _listener(host, port)
        await web.SockSite(runner, listener).start()
        yield listener.getsockname()[1]
    finally:
        await runner.cleanup()


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    # Accepted connections inherit it.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    return listener
