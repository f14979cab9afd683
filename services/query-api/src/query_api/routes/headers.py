"""Headers of a request that are lists."""

from aiohttp import web


def joined(request: web.Request, name: str) -> str | None:
    """A list that may come in several lines, as one (RFC 9110, 5.3); None where there is none."""
    lines = request.headers.getall(name, [])
    return ", ".join(lines) if lines else None
