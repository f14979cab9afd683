"""The OpenAPI document, made from the operations that the router is made of."""

from collections.abc import Iterable
from typing import Any

from query_api.core.media import JSON, PROBLEM
from query_api.core.operation import Answer, Operation
from query_api.core.parameters import Parameter
from query_api.core.problem_types import URN, kinds_by_status
from query_api.core.schema_parts import STRING, ref
from query_api.core.schemas import SCHEMAS

# Every operation that needs a key: a bad request, no key, the wrong scope, and our own failure.
_OF_KEYED = (400, 401, 403, 500)
_OF_OPEN = (500,)
_HEADERS: dict[str, dict[str, Any]] = {
    "Retry-After": {
        "description": "Seconds after which another try makes sense.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {"description": "How to send a key.", "schema": STRING},
    "Vary": {"description": "What the form of the answer depends on.", "schema": STRING},
    "ETag": {
        "description": "Names the answer; absent where it is of no version that comes back.",
        "schema": STRING,
    },
    "Location": {"description": "Where the query is.", "schema": STRING},
    "Link": {
        "description": '`rel="next"`: the next page (RFC 8288); absent on the last one.',
        "schema": STRING,
    },
}
_PROBLEM_HEADERS = {
    401: ("WWW-Authenticate",),
    412: ("Retry-After",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_TITLES = {
    400: "The request is invalid",
    401: "An API key is required",
    403: "The key does not allow this",
    404: "Not found",
    406: "No such form of the answer",
    409: "The query was cancelled",
    410: "The version or the result is gone",
    412: "The data are older than max_age allows",
    413: "The body is too large",
    422: "Athena could not answer the query",
    429: "Too many queries",
    500: "The service failed",
    502: "Something that is kept cannot be read",
    503: "A dependency is unavailable",
    504: "The query took too long",
}


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "coinlake",
            "version": "1",
            "description": "Cryptocurrency prices from the lake, and SQL over it. Decimals are strings.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
            "schemas": SCHEMAS,
            "headers": _HEADERS,
            "responses": {f"Problem{status}": _problem(status) for status in _TITLES},
        },
    }


def _operation(one: Operation) -> dict[str, Any]:
    usual = _OF_OPEN if one.scope is None else _OF_KEYED
    answers = {str(status): _answer(answer) for status, answer in one.answers.items()}
    refused = {
        str(status): {"$ref": f"#/components/responses/Problem{status}"}
        for status in sorted({*usual, *one.problems})
    }
    body = {} if one.body is None else {"requestBody": _body(one.body)}
    said = [_parameter(parameter) for parameter in one.parameters]
    return {
        "summary": one.summary,
        "tags": [one.group],
        **({"parameters": said} if said else {}),
        **body,
        "responses": answers | refused,
        "security": [] if one.scope is None else [{"bearer": []}, {"apiKey": []}],
        **({} if one.scope is None else {"x-scope": one.scope}),
        **({"x-example": one.example} if one.example else {}),
    }


def _parameter(one: Parameter[Any]) -> dict[str, Any]:
    listed = one.schema.get("type") == "array"
    return {
        "name": one.name,
        "in": one.where,
        "required": one.is_required,
        "description": one.meaning,
        "schema": dict(one.schema),
        **({"style": "form", "explode": False} if listed else {}),
    }


def _answer(answer: Answer) -> dict[str, Any]:
    # The first is what the schema is of; the columns of other media types are those of its rows.
    said = {"description": answer.meaning, **_headers(answer.headers)}
    if not answer.media:
        return said
    first, *others = answer.media
    content = {first: {"schema": answer.schema}} | {kind: {} for kind in others}
    return {**said, "content": content}


def _problem(status: int) -> dict[str, Any]:
    kinds = ", ".join(f"`{URN}{kind}`" for kind in kinds_by_status()[status])
    content = {PROBLEM: {"schema": ref("Problem")}}
    if status == 400:
        # What is not HTTP, or has too large a head, never gets as far as a handler (aiohttp 3.14,
        # web_protocol.py: handle_error).
        content["text/plain"] = {"schema": STRING}
    return {
        "description": f"{_TITLES[status]}: {kinds} (RFC 9457).",
        **_headers(_PROBLEM_HEADERS.get(status, ())),
        "content": content,
    }


def _headers(names: Iterable[str]) -> dict[str, Any]:
    made = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {"headers": made} if made else {}


def _body(schema: Any) -> dict[str, Any]:
    return {"required": True, "content": {JSON: {"schema": schema}}}
