"""The operations of ad-hoc SQL: what POST, GET and DELETE of queries take and answer."""

from dataclasses import replace
from typing import Any

from query_api.core.keys import SQL
from query_api.core.media import ROW_HEADERS, ROW_MEDIA
from query_api.core.operation import ASKS_ATHENA, Answer, Operation
from query_api.core.parameters import (
    Parameter,
    flag,
    path_id,
    seconds,
    shaped,
    whole_or_none,
)
from query_api.core.schema_parts import STRING, obj, ref
from query_api.core.schemas import STATES
from query_api.core.usual_parameters import VERSION_PATTERN

_ID = path_id("id", "Id of the query, as POST gave it.")
_GROUP = "Queries"
_DONE = Answer(
    "The query has ended; it has rows if it succeeded.",
    ref("Query"),
    ROW_MEDIA,
    ROW_HEADERS,
)
_DONE_OR_DRY = replace(
    _DONE,
    meaning="The query has ended, or what a dry run would read.",
    schema={"anyOf": [ref("Query"), ref("DryRun")]},
)
_PENDING = Answer(
    "The query is still running; GET it later.",
    ref("Query"),
    headers=("Location", "Retry-After"),
)


def wait_parameter(max_wait_s: float) -> Parameter[float]:
    """How long GET may wait."""
    return seconds("wait", "Seconds that the answer may wait for the end.", max_wait_s)


DRY_RUN = flag("dry_run", "Start nothing: say what the statement would read and cost.")
CURSOR = shaped("cursor", "That of `next` of the page before, unchanged.", r"^[!-~]{1,4000}$")


def page_parameter(most: int) -> Parameter[int | None]:
    """How many rows a page may have."""
    meaning = "The most rows of the page, by default those that POST asked for."
    return whole_or_none("max_rows", meaning, low=1, high=most)


def post_query(max_wait_s: float, max_rows: int) -> Operation:
    """Run a statement."""
    body: dict[str, Any] = {
        "type": "object",
        "required": ["sql"],
        "properties": {
            "sql": {"type": "string", "description": "One SELECT over the lake's tables."},
            "wait": {"type": "number", "minimum": 0, "maximum": max_wait_s, "default": 10},
            "max_rows": {"type": "integer", "minimum": 1, "maximum": max_rows, "default": 1000},
            "max_age": {"type": ["number", "null"], "minimum": 0, "maximum": 999_999_999},
            "as_of": {"type": ["string", "null"], "pattern": VERSION_PATTERN},
            "dry_run": {"type": "boolean", "default": False},
            "max_scan_bytes": {
                "type": ["integer", "null"],
                "minimum": 0,
                "description": "Refuse the statement where it is estimated to read more.",
            },
        },
        "additionalProperties": False,
    }
    return Operation(
        "POST",
        "/v1/queries",
        _GROUP,
        "Run SQL, or say what it would read; answers within `wait` seconds",
        {200: _DONE_OR_DRY, 202: _PENDING},
        (DRY_RUN,),
        problems=(413, *ASKS_ATHENA),
        scope=SQL,
        body=body,
    )


def get_query(wait: Parameter[float], most: Parameter[int | None]) -> Operation:
    """State and rows of a statement."""
    return Operation(
        "GET",
        "/v1/queries/{id}",
        _GROUP,
        "State and, at the end, rows; waits up to `wait` seconds",
        {200: _DONE, 202: _PENDING},
        (_ID, wait, most, CURSOR),
        (404, *ASKS_ATHENA),
        scope=SQL,
    )


def delete_query() -> Operation:
    """Cancel a statement."""
    ended = obj({"id": STRING, "state": {"type": "string", "enum": STATES}})
    return Operation(
        "DELETE",
        "/v1/queries/{id}",
        _GROUP,
        "Cancel a query; one that has ended keeps its state",
        {200: Answer("Its state.", ended)},
        (_ID,),
        (404,),
        scope=SQL,
    )
