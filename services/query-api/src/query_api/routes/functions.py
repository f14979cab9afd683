"""What SQL may hold, as the guard has it: GET /v1/sql/functions."""

from typing import Any

from aiohttp import web

from query_api.core.allowed import REFUSED as REFUSED_FORMS
from query_api.core.allowed import TABLE_NAMES
from query_api.core.functions import ALLOWED, BOUNDS, REFUSED
from query_api.core.information_schema import SCHEMA, TABLES_OF_IT
from query_api.core.keys import SQL
from query_api.core.nesting import MAX_BRACKETS, MAX_TOKENS
from query_api.core.operation import Answer, Operation
from query_api.core.schema_parts import ref
from query_api.core.sql_text import MAX_BYTES
from query_api.routes.formats import json_alone
from query_api.routes.parameters import read
from query_api.routes.responses import json_answer
from query_api.routes.route import Route


def functions_document() -> dict[str, Any]:
    """Functions with what they are about and what bounds them, tables, refused forms, sizes."""
    functions = [_allowed(name) for name in sorted(ALLOWED)]
    functions += [
        {"name": name, "allowed": False, "reason": why} for name, why in sorted(REFUSED.items())
    ]
    return {
        "functions": functions,
        "tables": sorted({*TABLE_NAMES, *(f"{SCHEMA}.{name}" for name in TABLES_OF_IT)}),
        "syntax_refused": {kind.__name__: why for kind, why in REFUSED_FORMS.items()},
        "limits": {"bytes": MAX_BYTES, "tokens": MAX_TOKENS, "brackets": MAX_BRACKETS},
    }


def _allowed(name: str) -> dict[str, Any]:
    said: dict[str, Any] = {"name": name, "allowed": True, "about": ALLOWED[name]}
    if name in BOUNDS:
        said["bounds"] = BOUNDS[name]
    return said


_OPERATION = Operation(
    "GET",
    "/v1/sql/functions",
    "Queries",
    "What SQL may hold: each function with its verdict, tables, refused syntax, sizes",
    {200: Answer("The lists.", ref("SqlFunctions"))},
    problems=(406,),
    scope=SQL,
    example="/v1/sql/functions",
)


def functions_route() -> Route:
    """The route; the document never changes while the service runs."""
    document = functions_document()

    async def answer(request: web.Request) -> web.Response:
        read(request, _OPERATION)
        json_alone(request)
        return json_answer(document)

    return Route(_OPERATION, answer)
