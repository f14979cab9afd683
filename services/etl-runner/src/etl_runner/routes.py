"""The operator's commands by HTTP: rebuild and retry."""

import hmac
from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web
from pydantic import SecretStr

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import parse_hour
from coinlake.errors import TransientError
from coinlake.health import json_response
from etl_runner.core.hours import FeedHour

HourCommand = Callable[[FeedHour], Awaitable[bool]]
"""Do it; False where there is no such hour."""


def routes(
    rebuild: HourCommand, retry: HourCommand, token: SecretStr | None
) -> list[web.RouteDef]:
    """`POST /v1/rebuild` and `POST /v1/retry`."""

    def command(act: HourCommand) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            if not _allowed(request, token):
                return json_response({"error": "a bearer token is needed"}, 401)
            hour = _hour(await request.read())
            if hour is None:
                expected = 'expected {"feed":…,"dt":"YYYY-MM-DD","hour":"HH"}'
                return json_response({"error": expected}, 400)
            try:
                known = await act(hour)
            except TransientError:
                return json_response({"error": "the lake is away, try again"}, 503)
            if not known:
                return json_response({"error": f"nothing to do for {hour}"}, 404)
            return json_response({"accepted": str(hour)}, 202)

        return handle

    return [
        web.post("/v1/rebuild", command(rebuild)),
        web.post("/v1/retry", command(retry)),
    ]


def _allowed(request: web.Request, token: SecretStr | None) -> bool:
    if token is None:
        return True
    wanted = f"Bearer {token.get_secret_value()}".encode()
    return hmac.compare_digest(request.headers.get("Authorization", "").encode(), wanted)


def _hour(body: bytes) -> FeedHour | None:
    try:
        asked = orjson.loads(body)
        feed, dt, hour = asked["feed"], asked["dt"], asked["hour"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    at = parse_hour(f"dt={dt}/hour={hour}")
    return FeedHour(feed, at) if at is not None and feed in TABULAR else None
