"""HTTP responses: JSON, and problem documents."""

from typing import Any

import orjson
from aiohttp import web

from query_api.core.problems import Problem


def json_answer(
    body: Any, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """JSON; decimals are strings before they get here."""
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers=headers,
    )


def validators(tag: str | None) -> dict[str, str]:
    """The headers by which a client may keep an answer: for itself, and asking each time.

    A past hour can be published anew, so no answer is `immutable`; without a tag it is of no version
    that comes back. Two keys never share one (RFC 9111, 5.2.2.7).
    """
    if tag is None:
        return {"Cache-Control": "no-store"}
    return {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Accept-Encoding, Authorization, X-API-Key",
    }


def not_modified(tag: str | None) -> web.Response:
    """304: no body, and the headers that a 200 would have had (RFC 9110, 15.4.5)."""
    return web.Response(status=304, headers=validators(tag))


def problem_answer(problem: Problem) -> web.Response:
    """A problem document with the headers that its status asks for."""
    headers = {}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="coinlake"'
    return web.Response(
        body=orjson.dumps(problem.document()),
        status=problem.status,
        content_type="application/problem+json",
        headers=headers,
    )
