"""What can be asked: GET /openapi.json."""

from aiohttp import web

from query_api.config import LimitSettings
from query_api.core.openapi import document
from query_api.routes.responses import json_answer


def document_route(limits: LimitSettings) -> web.RouteDef:
    """The OpenAPI document of this service; open to all."""
    described = document(limits.max_rows, limits.max_result_rows)

    async def answer(_: web.Request) -> web.Response:
        return json_answer(described)

    return web.get("/openapi.json", answer)
