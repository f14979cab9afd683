"""The parts of the page on the HTTP API that are made from the operations and the problem types."""

import re
from dataclasses import fields
from typing import Any, cast

from query_api.config import Settings
from query_api.core.operation import Operation
from query_api.core.parameters import Parameter
from query_api.core.problem_types import PROBLEM_TYPES
from query_api.core.usual_parameters import FRESHNESS
from query_api.routes.every import SqlParts, every_route
from query_api.routes.parts import ApiParts


def http_page(text: str) -> str:
    """The page with its lists of requests and of problem types as the code has them."""
    text = _replaced(text, "requests", _requests())
    return _replaced(text, "problems", _problems())


def _replaced(text: str, name: str, lines: list[str]) -> str:
    pattern = rf"(<!-- {name}: .* -->\n).*(<!-- end of {name} -->\n)"
    found = re.search(pattern, text, re.DOTALL)
    if found is None:
        raise ValueError(f"the page on the HTTP API has no place for its {name}")
    return f"{text[: found.end(1)]}{chr(10).join(lines)}\n{text[found.start(2) :]}"


def _operations() -> list[Operation]:
    """Those of the service with its default settings; no handler asks anything of its parts."""
    nothing = cast("Any", None)
    opened = {field.name: nothing for field in fields(ApiParts)}
    parts = ApiParts(**opened | {"settings": Settings(), "database": "coinlake"})
    routes = every_route(parts, SqlParts(nothing, lambda: 0.0, b""))
    return [one.operation for one in routes]


def _requests() -> list[str]:
    every = _operations()
    # Said once for all in the text.
    operations = [one for one in every if not one.path.endswith(".{format}")]
    lines = ["| request | scope | gives |", "| --- | --- | --- |"]
    lines += [_request(one) for one in operations]
    lines += [
        "| `GET /openapi.json`, `/status`, `/healthz`, `/readyz`, `/metrics` | none | |",
        "",
        "| parameter | | of |",
        "| --- | --- | --- |",
    ]
    told: dict[str, list[str]] = {}
    for one in operations:
        for parameter in one.parameters:
            if parameter.where == "query" and parameter not in FRESHNESS:
                shown = f"| `{parameter.name}` | {parameter.meaning}{_limits(parameter)} |"
                told.setdefault(shown, []).append(f"`{one.path}`")
    lines += [f"{shown} {', '.join(paths)} |" for shown, paths in sorted(told.items())]
    examples = [f"- `{one.example}`" for one in operations if one.example]
    return [*lines, "", "Examples, which a test asks:", "", *examples]


def _request(one: Operation) -> str:
    fresh = {parameter.name for parameter in FRESHNESS}
    names = [name for name in one.parameter_names() if name not in fresh]
    query = f"?{'&'.join(names)}" if names else ""
    return f"| `{one.method} {one.path}{query}` | {one.scope} | {one.summary} |"


def _limits(parameter: Parameter[Any]) -> str:
    schema = parameter.schema
    said = []
    if "enum" in schema:
        said.append("one of " + ", ".join(f"`{word}`" for word in schema["enum"]))
    if "minimum" in schema:
        said.append(f"{schema['minimum']:g} to {schema['maximum']:g}")
    if "maxItems" in schema:
        said.append(f"at most {schema['maxItems']}")
    if "default" in schema:
        said.append(f"by default `{schema['default']}`")
    if parameter.is_required and parameter.where == "query":
        said.append("required")
    return f" ({'; '.join(said)})" if said else ""


def _problems() -> list[str]:
    lines = ["| type | status | |", "| --- | --- | --- |"]
    return lines + [f"| `{one.kind}` | {one.status} | {one.meaning} |" for one in PROBLEM_TYPES]
