"""What the OpenAPI document says of the dry run."""

from query_api.core.schema_parts import BOOLEAN, INTEGER, STRING, many, obj, ref, told

_TABLE = obj(
    {
        "table": STRING,
        "columns": {"type": ["array", "null"], "items": STRING},
        "objects": INTEGER,
        "scanned_bytes": INTEGER,
    }
)
_ESTIMATE = obj(
    {
        "scanned_bytes": INTEGER,
        "billed_bytes": INTEGER,
        "usd": STRING,
        "is_upper_bound": told(BOOLEAN, "The engine may read less."),
        "why_less": many(STRING),
        "tables": many(_TABLE),
    }
)
DRY_RUN = obj(
    {
        "tables": many(STRING),
        "estimate": _ESTIMATE,
        "problem": {"anyOf": [ref("Problem"), {"type": "null"}]},
    }
)
