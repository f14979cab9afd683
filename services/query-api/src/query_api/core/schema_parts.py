"""What the JSON schemas of this service are made of."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]
STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}
TEXT: Schema = {"type": ["string", "null"]}
MOMENT: Schema = {"type": "string", "format": "date-time"}
TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
DECIMAL: Schema = {"type": ["string", "null"], "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}


def ref(name: str) -> Schema:
    """The schema of this name in the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def obj(properties: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> Schema:
    """An object with all of `properties`, those of `extra` or not, and no others."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": {**properties, **(extra or {})},
        "additionalProperties": False,
    }


def many(schema: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": schema}


def told(schema: Schema, meaning: str) -> Schema:
    """The schema with what it means."""
    return {**schema, "description": meaning}
