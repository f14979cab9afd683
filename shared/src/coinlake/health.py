"""A service's own HTTP endpoints: /metrics, /healthz, /readyz, /status and what it adds."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from coinlake import logs
from coinlake.lifecycle import Pulse
from coinlake.settings import HttpSettings

log = logs.get(__name__)

Readiness = Callable[[], Mapping[str, str | None]]
"""Each dependency by name: None where it is fine, otherwise the reason why it is not."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the endpoints really listen."""

    host: str
    port: int


def json_response(body: Any, status: int = 200) -> web.Response:
    """An answer in JSON; keys keep their order."""
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", charset="utf-8"
    )


def health_routes(
    registry: CollectorRegistry, pulse: Pulse, ready: Readiness
) -> list[web.RouteDef]:
    """The three endpoints that every service has."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def healthz(_: web.Request) -> web.Response:
        trouble = pulse.trouble
        body: dict[str, Any] = {"alive": trouble is None, "loop_age_s": round(pulse.age_s, 3)}
        if trouble is not None:
            body["reason"] = trouble
        return json_response(body, 200 if trouble is None else 503)

    async def readyz(_: web.Request) -> web.Response:
        reasons = dict(ready())
        is_ready = not any(reasons.values())
        body = {"ready": is_ready, "needs": {k: v or "ok" for k, v in reasons.items()}}
        return json_response(body, 200 if is_ready else 503)

    return [
        web.get("/metrics", metrics),
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
    ]


@asynccontextmanager
async def serve(
    http: HttpSettings,
    registry: CollectorRegistry,
    pulse: Pulse,
    ready: Readiness,
    routes: Iterable[web.RouteDef] = (),
) -> AsyncIterator[Listening]:
    """Serve the endpoints while the context is open."""
    app = web.Application(client_max_size=64 * 1024)
    app.add_routes([*health_routes(registry, pulse, ready), *routes])
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=True, shutdown_timeout=2.0
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, http.host, http.port)
        await site.start()
        port = int(runner.addresses[0][1])
        log.info("http_listening", host=http.host, port=port)
        yield Listening(http.host, port)
    finally:
        await runner.cleanup()
