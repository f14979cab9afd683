"""What is open to all: the document, the health endpoints and the status, as operations."""

from collections.abc import Iterable

from aiohttp import web

from query_api.core.openapi import document
from query_api.core.operation import Answer, Operation
from query_api.core.schema_parts import STRING, Schema
from query_api.routes.responses import json_answer
from query_api.routes.route import Route

_OBJECT: Schema = {"type": "object"}
_SUMMARIES = {
    "/openapi.json": "This document",
    "/status": "What the service is doing, and how far the newest days go",
    "/healthz": "Whether the service is alive",
    "/readyz": "Whether the service can reach what it needs",
    "/metrics": "Metrics of the service",
}
_UNWELL = {"/healthz", "/readyz"}


def open_routes(definitions: Iterable[web.RouteDef]) -> list[Route]:
    """Routes that are open to all, declared. Raises KeyError for one that nobody has described."""
    return [Route(_operation(one.path), one.handler) for one in definitions]


def document_route(routes: Iterable[Route]) -> Route:
    """`GET /openapi.json`: the document of these routes and of itself."""
    own = _operation("/openapi.json")
    described = document([*(one.operation for one in routes), own])

    async def answer(_: web.Request) -> web.Response:
        return json_answer(described)

    return Route(own, answer)


def _operation(path: str) -> Operation:
    answers = {200: _answer(path)}
    if path in _UNWELL:
        answers[503] = Answer("It is not; the body says why.", _OBJECT)
    return Operation(
        "GET", path, "Service", _SUMMARIES[path], answers, scope=None, example=path
    )


def _answer(path: str) -> Answer:
    if path == "/metrics":
        return Answer("Prometheus text.", STRING, ("text/plain",))
    return Answer(_SUMMARIES[path], _OBJECT)
