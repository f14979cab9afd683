"""The forms of rows in the OpenAPI document: media types beside JSON, and paths with an extension."""

from typing import Any

from query_api.core.negotiation import MEDIA_TYPES, Format

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_TEXT = {"schema": {"type": "string"}}
_CONTENTS: dict[str, Any] = {
    MEDIA_TYPES[Format.NDJSON]: _TEXT,
    MEDIA_TYPES[Format.CSV]: _TEXT,
    MEDIA_TYPES[Format.ARROW]: _BINARY,
    MEDIA_TYPES[Format.PARQUET]: _BINARY,
}
_HEADERS: dict[str, Any] = {
    "Link": {
        "description": 'Where the next page is, as `rel="next"`; none behind the last.',
        "schema": {"type": "string"},
    },
    "Vary": {"schema": {"type": "string"}},
}
_FORMAT = {
    "name": "format",
    "in": "path",
    "required": True,
    "description": "The form of the rows; it decides whatever Accept says.",
    "schema": {"enum": [form.value for form in Format]},
}
# Their rows come in every form by Accept; all but one asset, whose id may have dots, by extension
# too.
_BY_ACCEPT_ALONE = frozenset({"/v1/assets/{id}"})

# No rows: JSON alone.
_IN_JSON_ALONE = frozenset({"/v1/sql/functions"})


def with_forms(paths: dict[str, Any]) -> dict[str, Any]:
    """The paths, where those that give rows have all forms of them."""
    found: dict[str, Any] = {}
    for path, item in paths.items():
        if not path.startswith("/v1/") or path in _IN_JSON_ALONE:
            found[path] = item
            continue
        found[path] = {method: _formed(method, one) for method, one in item.items()}
        if "get" in item and path not in _BY_ACCEPT_ALONE:
            found[path + ".{format}"] = {"get": _extended(found[path]["get"])}
    return found


def _formed(method: str, operation: dict[str, Any]) -> dict[str, Any]:
    if method == "delete":
        return operation
    done = operation["responses"]["200"]
    formed = {
        **done,
        "content": {**done["content"], **_CONTENTS},
        "headers": {**done.get("headers", {}), **_HEADERS},
    }
    return {**operation, "responses": {**operation["responses"], "200": formed}}


def _extended(operation: dict[str, Any]) -> dict[str, Any]:
    return {**operation, "parameters": [*operation.get("parameters", ()), _FORMAT]}
