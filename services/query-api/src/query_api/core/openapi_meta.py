"""The `meta` of an answer in the OpenAPI document."""

from typing import Any

from query_api.core.schema_parts import BOOLEAN, INTEGER, MOMENT, STRING, TEXT, TIME

META: dict[str, Any] = {
    "as_of": {
        **MOMENT,
        "description": "When the service read the state of the lake.",
    },
    "newest_received": {
        **TIME,
        "description": "Receive time of the newest published answer; with several feeds, the earliest of them.",
    },
    "watermark": {
        **TIME,
        "description": "Everything received before this time is in the tables; with several feeds, the "
        "earliest of them. Null where no watermark is known.",
    },
    "dataset_version": {
        **TEXT,
        "description": "Changes whenever an hour that the answer can be made from is published; of a live "
        "answer also with everything that lands. Ask with it as as_of. Null where it cannot be named.",
    },
    "dataset_version_after": {
        **TEXT,
        "description": "The same, seen when the query had ended: another one where an hour was published "
        "meanwhile. Null while nobody could look.",
    },
    "kept": {
        **BOOLEAN,
        "description": "No query was made for this answer: it is one of the same version that was made before, "
        "and the bytes and dollars are those of that time.",
    },
    "live": {
        **BOOLEAN,
        "description": "The answer holds rows of open hours too, seconds old, read from the raw zone.",
    },
    "scanned_bytes": INTEGER,
    "usd": {**STRING, "description": "What the query cost, in dollars."},
    "rows": INTEGER,
    "truncated": {
        **BOOLEAN,
        "description": "The result had more rows than were returned.",
    },
}
