"""JSON schemas of what the lake tells of itself."""

from dataclasses import fields

from coinlake.contracts.ledger import Counts
from query_api.core.hour_calendar import HOUR_STATES
from query_api.core.pipeline import STATES
from query_api.core.schema_parts import (
    BOOLEAN,
    DECIMAL,
    INTEGER,
    MOMENT,
    STRING,
    TEXT,
    TIME,
    Schema,
    many,
    obj,
    told,
)

_COUNT: Schema = {"type": ["integer", "null"]}
_NUMBER: Schema = {"type": ["number", "null"]}


def _obj(**properties: Schema) -> Schema:
    return obj(properties)


_STAGE = _obj(
    name={"type": "string", "enum": ["coincap", "kafka", "raw", "glue", "curated", "sql"]},
    state={"type": "string", "enum": list(STATES)},
    newest=told(TIME, "The last thing that the stage did, or that passed it."),
    watermark=told(TIME, "Complete up to here."),
    age_s=told(_NUMBER, "Seconds since `newest`."),
    since=told(TIME, "Of a stage that is late or stands: what it did last."),
    rate_per_minute=told(_NUMBER, "Records a minute, heartbeats with them."),
    detail=told({"type": "object"}, "What this stage has beside; its names may grow."),
)
_RUN = _obj(
    run_id=STRING,
    batch_id=STRING,
    attempt=STRING,
    billed_seconds=INTEGER,
    job_version=INTEGER,
)
_RULE = _obj(rule=STRING, dimension=STRING, hard=BOOLEAN, evaluated=INTEGER, failed=INTEGER)
_SPENT = _obj(at=MOMENT, outcome=STRING, scanned_bytes=INTEGER, usd=STRING)
_DAY = _obj(
    day=STRING,
    services=many(
        _obj(
            service={"type": "string", "enum": ["glue", "athena"]},
            count=told(INTEGER, "Runs, or queries."),
            usd=STRING,
        )
    ),
    usd=STRING,
)

LAKE_SCHEMAS: dict[str, Schema] = {
    "Pipeline": _obj(
        feed=STRING,
        state={"type": "string", "enum": list(STATES)},
        stands_at=told(TEXT, "The first stage that is to blame for the state."),
        stages=many(_STAGE),
    ),
    "HourState": _obj(
        hour=MOMENT,
        state={"type": "string", "enum": list(HOUR_STATES)},
        version=_COUNT,
        rows=_COUNT,
        quarantined_rows=_COUNT,
        complete={"type": ["boolean", "null"]},
        closed_by=TEXT,
        committed_at=TIME,
    ),
    "HourEntry": _obj(
        table=STRING,
        feed=STRING,
        hour=STRING,
        version=INTEGER,
        complete=BOOLEAN,
        closed_by=STRING,
        committed_at=MOMENT,
        watermark=TIME,
        first_received=TIME,
        last_received=TIME,
        run=_RUN,
        counts=_obj(**{one.name: INTEGER for one in fields(Counts)}),
        raw_objects=told(INTEGER, "All that the hour has."),
        inputs=told(
            many(_obj(key=STRING, etag=STRING)), "The first hundred that it was made of."
        ),
        outputs=many(_obj(table=STRING, rows=INTEGER, bytes=INTEGER, etag=STRING)),
        rules=many(_RULE),
    ),
    "Cost": _obj(
        days=many(_DAY),
        forecast_month_usd=told(TEXT, "Thirty days as those that are told."),
        queries_since=told(MOMENT, "This service counts its queries from here on."),
        queries=told(many(_SPENT), "The last of them, newest first, without their text."),
    ),
    "Sparkline": _obj(
        asset_id=STRING,
        closes=told(many(DECIMAL), "One for each interval; null where nothing is known."),
        change_pct=told(DECIMAL, "From the first close to the last, in per cent."),
    ),
    "Lineage": _obj(
        asset_id=STRING,
        source_ts=TIME,
        element_index=INTEGER,
        element=told(
            {"type": "object", "additionalProperties": TEXT}, "As the answer has it, as texts."
        ),
        poll=_obj(
            poll_id=TEXT,
            requested_at=TIME,
            received_at=TIME,
            status=TEXT,
            url=TEXT,
            source=TEXT,
        ),
        body=_obj(
            bytes=INTEGER,
            sha256=STRING,
            as_received=told(BOOLEAN, "The hash is the one of when it was received."),
        ),
        kafka=_obj(topic=STRING, partition=INTEGER, epoch=INTEGER, offset=INTEGER),
        raw_object=_obj(
            key=STRING,
            etag=STRING,
            bytes=INTEGER,
            stored_at=MOMENT,
            content_sha256=STRING,
        ),
        published={
            "anyOf": [
                _obj(
                    hour=STRING,
                    version=INTEGER,
                    run_id=STRING,
                    committed_at=MOMENT,
                    complete=BOOLEAN,
                ),
                {"type": "null"},
            ]
        },
    ),
}
"""By name, as `components/schemas` of the document has them."""
