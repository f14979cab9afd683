"""The OpenAPI document against the router, the problems in the code, and the contract."""

import ast
import json
import re
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from openapi_spec_validator import validate
from prometheus_client import CollectorRegistry

import query_api
from coinlake.lifecycle import Pulse
from query_api.adapters.listener import Connections
from query_api.app import application
from query_api.core.feed_rows import ASSET_ROWS, EXCHANGE_ROWS, MARKET_ROWS, RATE_ROWS
from query_api.core.openapi import document
from query_api.core.operation import Operation
from query_api.core.problem_types import PROBLEM_TYPES
from query_api.core.schemas import SCHEMAS
from query_api.observe import ObservedQueryApi, status_route
from query_api.routes.open_routes import document_route, open_routes
from tests.labs.declared_routes import NOTHING, declared_routes, unopened

SOURCES = sorted(Path(query_api.__file__).parent.rglob("*.py"))


@pytest.fixture
def app() -> web.Application:
    """The application as the service makes it."""
    made, registry = unopened(), CollectorRegistry()
    connections = Connections(made.settings.limits, made.metrics)
    running = ObservedQueryApi(NOTHING, NOTHING, NOTHING, NOTHING)
    return application(made, NOTHING, running, connections, registry, Pulse(60))


def operations() -> list[Operation]:
    return [one.operation for one in declared_routes()]


def described() -> dict[str, Any]:
    """The document that the service serves."""
    routes = [*declared_routes(), *open_routes([status_route(NOTHING)])]
    return document([*(one.operation for one in routes), document_route(routes).operation])


def routed(app: web.Application) -> set[tuple[str, str]]:
    """What the router answers; HEAD comes with each GET."""
    return {
        (route.resource.canonical, route.method)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


async def served(app: web.Application) -> set[tuple[str, str]]:
    """What the document names that the application itself serves."""
    found = next(
        route
        for route in app.router.routes()
        if route.resource is not None and route.resource.canonical == "/openapi.json"
    )
    answer = await found.handler(NOTHING)
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    return {
        (path, method.upper())
        for path, item in json.loads(answer.body)["paths"].items()
        for method in item
    }


async def test_the_document_names_each_route_and_no_other(app: web.Application) -> None:
    assert await served(app) == routed(app)


async def test_a_route_that_is_added_by_hand_is_found(app: web.Application) -> None:
    async def handler(_: web.Request) -> web.Response:
        raise AssertionError("never asked")

    app.router.add_post("/v1/by-hand", handler)

    assert routed(app) - await served(app) == {("/v1/by-hand", "POST")}


def test_the_document_is_openapi() -> None:
    validate(described())


@pytest.mark.parametrize("one", operations(), ids=lambda one: f"{one.method} {one.path}")
def test_an_operation_says_what_it_takes_and_how_it_fails(one: Operation) -> None:
    statuses = {problem.status for problem in PROBLEM_TYPES}

    assert one.summary
    assert one.scope in ("read", "sql")
    assert set(one.problems) <= statuses
    in_path = {parameter.name for parameter in one.parameters if parameter.where == "path"}
    assert in_path == set(re.findall(r"\{(\w+)\}", one.path))
    for parameter in one.parameters:
        assert parameter.meaning
        assert parameter.schema["type"]
    if one.scope == "read":
        assert one.example.startswith(one.path.split("{")[0].rstrip("/"))


def test_each_row_has_a_schema_that_says_what_its_columns_mean() -> None:
    kinds = {"Asset": ASSET_ROWS, "Rate": RATE_ROWS, "Exchange": EXCHANGE_ROWS}

    for name, rows in {**kinds, "Market": MARKET_ROWS}.items():
        properties = SCHEMAS[name]["properties"]
        assert list(properties) == list(rows.listed)
        assert all(one["description"] for one in properties.values())
        assert all(properties[key]["type"] == "string" for key in rows.identity)


def constructed() -> set[tuple[str, int]]:
    """Kind and status of each problem that the code makes, as it is written there."""
    found: set[tuple[str, int]] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            first = [one.value for one in node.args[:2] if isinstance(one, ast.Constant)]
            if node.func.id == "Problem" and len(first) == 2:
                status, kind = first
                found.add((str(kind), int(cast("int", status))))
            if node.func.id == "RefusedSqlError" and first:
                found.add(("sql_" + str(first[0]), 400))
    return found


def test_each_problem_that_the_code_makes_is_documented_and_no_other() -> None:
    listed = {(one.kind, one.status) for one in PROBLEM_TYPES}
    # aiohttp's own refusals are told by a table in the middleware.
    by_aiohttp = {("not_found", 404), ("method_not_allowed", 405), ("too_large", 413)}

    assert constructed() | by_aiohttp == listed
