"""What the OpenAPI document says of the dry run."""

from typing import Any

_STRING = {"type": "string"}
_INTEGER = {"type": "integer"}
_TABLE: dict[str, Any] = {
    "table": _STRING,
    "columns": {"type": ["array", "null"], "items": _STRING},
    "objects": _INTEGER,
    "scanned_bytes": _INTEGER,
}
_ESTIMATE: dict[str, Any] = {
    "scanned_bytes": _INTEGER,
    "billed_bytes": _INTEGER,
    "usd": _STRING,
    "is_upper_bound": {"type": "boolean", "description": "The engine may read less."},
    "why_less": {"type": "array", "items": _STRING},
    "tables": {
        "type": "array",
        "items": {
            "type": "object",
            "required": list(_TABLE),
            "properties": _TABLE,
            "additionalProperties": False,
        },
    },
}
DRY_RUN: dict[str, Any] = {
    "type": "object",
    "required": ["tables", "estimate", "problem"],
    "properties": {
        "tables": {"type": "array", "items": _STRING},
        "estimate": {
            "type": "object",
            "required": list(_ESTIMATE),
            "properties": _ESTIMATE,
            "additionalProperties": False,
        },
        "problem": {"anyOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}]},
    },
    "additionalProperties": False,
}
