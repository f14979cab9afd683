"""Tables: what can be asked in SQL, with columns, types and meanings; from the contract alone."""

from aiohttp import web

from query_api.core.catalogue import CATALOGUE
from query_api.core.operation import Answer, Operation
from query_api.core.parameters import path_id
from query_api.core.problems import not_found
from query_api.core.schema_parts import many, obj, ref
from query_api.routes.formats import json_alone
from query_api.routes.parameters import read
from query_api.routes.responses import json_answer
from query_api.routes.route import Route

_NAME = path_id("name", "Name of a table or view.")
_LIST = Operation(
    "GET",
    "/v1/tables",
    "Tables",
    "Every table and view that SQL may ask, with columns, types, meanings and units",
    {200: Answer("Tables and views.", obj({"data": many(ref("Table"))}))},
    problems=(406,),
    example="/v1/tables",
)
_ONE = Operation(
    "GET",
    "/v1/tables/{name}",
    "Tables",
    "One of them",
    {200: Answer("The table or view.", obj({"data": ref("Table")}))},
    (_NAME,),
    (404, 406),
    example="/v1/tables/quotes",
)


def table_routes() -> list[Route]:
    """Handlers of scope `read`."""
    return [Route(_LIST, _tables), Route(_ONE, _table)]


async def _tables(request: web.Request) -> web.Response:
    read(request, _LIST)
    json_alone(request)
    return json_answer({"data": [one.document() for one in CATALOGUE.values()]})


async def _table(request: web.Request) -> web.Response:
    json_alone(request)
    found = CATALOGUE.get(read(request, _ONE)[_NAME])
    if found is None:
        raise not_found("there is no such table; /v1/tables lists them")
    return json_answer({"data": found.document()})
