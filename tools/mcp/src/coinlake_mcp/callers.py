"""Whose key a call carries: over stdio the one of the environment, over HTTP the caller's own."""

from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import Context
from starlette.requests import Request

from coinlake_mcp.config import Settings

KeyOf = Callable[[Context[Any, Any]], str | None]


def key_of_environment(settings: Settings) -> KeyOf:
    """The key of the process: it is its one client's."""
    key = None if settings.key is None else settings.key.get_secret_value()
    return lambda _: key


def key_of_request(context: Context[Any, Any]) -> str | None:
    """The key that came with this HTTP request, as the query service takes it.

    Never the process's own: whoever reaches the port would ask, and pay, in its name.
    """
    request = context.request_context.request
    if not isinstance(request, Request):
        return None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("X-API-Key")
