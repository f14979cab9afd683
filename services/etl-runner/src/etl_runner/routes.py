"""The operator's commands by HTTP: rebuild and retry."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
from aiohttp import web
from pydantic import SecretStr

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import parse_hour
from coinlake.errors import InvariantError, TransientError
from coinlake.health import json_response
from etl_runner.core.hours import FeedHour

HourCommand = Callable[[FeedHour], Awaitable[bool]]
"""Do it; False where there is no such hour."""


@dataclass(frozen=True, slots=True)
class HourCommands:
    """What an operator may order. `rebuild_without` gives up raw objects that have vanished."""

    rebuild: HourCommand
    rebuild_without: HourCommand
    retry: HourCommand


def routes(commands: HourCommands, token: SecretStr | None) -> list[web.RouteDef]:
    """`POST /v1/rebuild` and `POST /v1/retry`."""

    def command(
        act: HourCommand, act_without: HourCommand | None = None
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            if not _allowed(request, token):
                return json_response({"error": "a bearer token is needed"}, 401)
            asked = _asked(await request.read())
            hour = None if asked is None else _hour(asked)
            accepts = False if asked is None else asked.get("accept_missing", False)
            act_now = act_without if accepts is True else act
            if hour is None or act_now is None or not isinstance(accepts, bool):
                expected = 'expected {"feed":…,"dt":"YYYY-MM-DD","hour":"HH"}'
                return json_response({"error": expected}, 400)
            try:
                known = await act_now(hour)
            except TransientError:
                return json_response({"error": "the lake is away, try again"}, 503)
            except InvariantError as error:
                return json_response({"error": str(error)}, 409)
            if not known:
                return json_response({"error": f"nothing to do for {hour}"}, 404)
            return json_response({"accepted": str(hour)}, 202)

        return handle

    return [
        web.post("/v1/rebuild", command(commands.rebuild, commands.rebuild_without)),
        web.post("/v1/retry", command(commands.retry)),
    ]


def _allowed(request: web.Request, token: SecretStr | None) -> bool:
    if token is None:
        return True
    wanted = f"Bearer {token.get_secret_value()}".encode()
    return hmac.compare_digest(request.headers.get("Authorization", "").encode(), wanted)


def _asked(body: bytes) -> dict[str, object] | None:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return asked if isinstance(asked, dict) else None


def _hour(asked: dict[str, object]) -> FeedHour | None:
    feed, at = asked.get("feed"), parse_hour(f"dt={asked.get('dt')}/hour={asked.get('hour')}")
    is_known = isinstance(feed, str) and feed in TABULAR
    return FeedHour(str(feed), at) if at is not None and is_known else None
