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
