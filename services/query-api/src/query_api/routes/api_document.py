"""What can be asked: GET /openapi.json."""

from aiohttp import web

from query_api.core.openapi import document
from query_api.routes.responses import json_answer


def document_route(max_rows: int) -> web.RouteDef:
    """The OpenAPI document of this service; open to all."""
    described = document(max_rows)

    async def answer(_: web.Request) -> web.Response:
        return json_answer(described)

    return web.get("/openapi.json", answer)
