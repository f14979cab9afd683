"""JSON schemas of what the lake tells of itself."""

from dataclasses import fields
from typing import Any

from coinlake.contracts.ledger import Counts
from query_api.core.hour_calendar import HOUR_STATES
from query_api.core.pipeline import STATES

Schema = dict[str, Any]
_STRING: Schema = {"type": "string"}
_INTEGER: Schema = {"type": "integer"}
_COUNT: Schema = {"type": ["integer", "null"]}
_BOOLEAN: Schema = {"type": "boolean"}
_TEXT: Schema = {"type": ["string", "null"]}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
_NUMBER: Schema = {"type": ["number", "null"]}
_PRICE: Schema = {"type": ["string", "null"], "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}


def _told(schema: Schema, meaning: str) -> Schema:
    return {**schema, "description": meaning}


def _obj(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def _many(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


_STAGE = _obj(
    name={"type": "string", "enum": ["coincap", "kafka", "raw", "glue", "curated", "sql"]},
    state={"type": "string", "enum": list(STATES)},
    newest=_told(_TIME, "The last thing that the stage did, or that passed it."),
    watermark=_told(_TIME, "Complete up to here."),
    age_s=_told(_NUMBER, "Seconds since `newest`."),
    since=_told(_TIME, "Of a stage that is late or stands: what it did last."),
    rate_per_minute=_told(_NUMBER, "Records a minute, heartbeats with them."),
    detail=_told({"type": "object"}, "What this stage has beside; its names may grow."),
)
_RUN = _obj(
    run_id=_STRING,
    batch_id=_STRING,
    attempt=_STRING,
    billed_seconds=_INTEGER,
    job_version=_INTEGER,
)
_RULE = _obj(
    rule=_STRING, dimension=_STRING, hard=_BOOLEAN, evaluated=_INTEGER, failed=_INTEGER
)
_SPENT = _obj(at=_MOMENT, outcome=_STRING, scanned_bytes=_INTEGER, usd=_STRING)
_DAY = _obj(
    day=_STRING,
    services=_many(
        _obj(
            service={"type": "string", "enum": ["glue", "athena"]},
            count=_told(_INTEGER, "Runs, or queries."),
            usd=_STRING,
        )
    ),
    usd=_STRING,
)

LAKE_SCHEMAS: dict[str, Schema] = {
    "Pipeline": _obj(
        feed=_STRING,
        state={"type": "string", "enum": list(STATES)},
        stands_at=_told(_TEXT, "The first stage that is to blame for the state."),
        stages=_many(_STAGE),
    ),
    "HourState": _obj(
        hour=_MOMENT,
        state={"type": "string", "enum": list(HOUR_STATES)},
        version=_COUNT,
        rows=_COUNT,
        quarantined_rows=_COUNT,
        complete={"type": ["boolean", "null"]},
        closed_by=_TEXT,
        committed_at=_TIME,
    ),
    "HourEntry": _obj(
        table=_STRING,
        feed=_STRING,
        hour=_STRING,
        version=_INTEGER,
        complete=_BOOLEAN,
        closed_by=_STRING,
        committed_at=_MOMENT,
        watermark=_TIME,
        first_received=_TIME,
        last_received=_TIME,
        run=_RUN,
        counts=_obj(**{one.name: _INTEGER for one in fields(Counts)}),
        raw_objects=_told(_INTEGER, "All that the hour has."),
        inputs=_told(
            _many(_obj(key=_STRING, etag=_STRING)), "The first hundred that it was made of."
        ),
        outputs=_many(_obj(table=_STRING, rows=_INTEGER, bytes=_INTEGER, etag=_STRING)),
        rules=_many(_RULE),
    ),
    "Cost": _obj(
        days=_many(_DAY),
        forecast_month_usd=_told(_TEXT, "Thirty days as those that are told."),
        queries_since=_told(_MOMENT, "This service counts its queries from here on."),
        queries=_told(_many(_SPENT), "The last of them, newest first, without their text."),
    ),
    "Sparkline": _obj(
        asset_id=_STRING,
        closes=_told(_many(_PRICE), "One for each interval; null where nothing is known."),
        change_pct=_told(_PRICE, "From the first close to the last, in per cent."),
    ),
    "Lineage": _obj(
        asset_id=_STRING,
        source_ts=_TIME,
        element_index=_INTEGER,
        element=_told(
            {"type": "object", "additionalProperties": _TEXT}, "As the answer has it, as texts."
        ),
        poll=_obj(
            poll_id=_TEXT,
            requested_at=_TIME,
            received_at=_TIME,
            status=_TEXT,
            url=_TEXT,
            source=_TEXT,
        ),
        body=_obj(
            bytes=_INTEGER,
            sha256=_STRING,
            as_received=_told(_BOOLEAN, "The hash is the one of when it was received."),
        ),
        kafka=_obj(topic=_STRING, partition=_INTEGER, epoch=_INTEGER, offset=_INTEGER),
        raw_object=_obj(
            key=_STRING,
            etag=_STRING,
            bytes=_INTEGER,
            stored_at=_MOMENT,
            content_sha256=_STRING,
        ),
        published={
            "anyOf": [
                _obj(
                    hour=_STRING,
                    version=_INTEGER,
                    run_id=_STRING,
                    committed_at=_MOMENT,
                    complete=_BOOLEAN,
                ),
                {"type": "null"},
            ]
        },
    ),
}
"""By name, as `components/schemas` of the document has them."""
