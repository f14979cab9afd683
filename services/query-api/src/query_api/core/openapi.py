"""The OpenAPI document, kept by hand; a test holds it against the router and real answers."""

from typing import Any

from coinlake.views.candles import INTERVALS_MS
from query_api.core.openapi_estimates import BODY_FIELDS, DRY_RUN
from query_api.core.openapi_formats import with_forms
from query_api.core.openapi_meta import META

_STRING = {"type": "string"}
_INTEGER = {"type": "integer"}
_DECIMAL = {"type": ["string", "null"], "description": "An exact decimal, as a string."}
_TIME = {"type": ["string", "null"], "format": "date-time"}
_TEXT = {"type": ["string", "null"]}

_QUOTE: dict[str, Any] = {
    "source_ts": _TIME,
    "received_ts": _TIME,
    "price_usd": _DECIMAL,
    "supply": _DECIMAL,
    "max_supply": _DECIMAL,
    "market_cap_usd": _DECIMAL,
    "volume_24h_usd": _DECIMAL,
    "change_24h_pct": _DECIMAL,
    "vwap_24h_usd": _DECIMAL,
    "rank": {"type": ["integer", "null"]},
}
_ASSET: dict[str, Any] = {
    "asset_id": _STRING,
    "symbol": _TEXT,
    "name": _TEXT,
    "explorer": _TEXT,
    **_QUOTE,
}
_CANDLE: dict[str, Any] = {
    "start": _STRING,
    "end": _STRING,
    "open": _DECIMAL,
    "high": _DECIMAL,
    "low": _DECIMAL,
    "close": _DECIMAL,
    "quotes": _INTEGER,
    "volume_24h_usd": {**_DECIMAL, "description": "Traded in the 24 hours before the close."},
    "final": {"type": "boolean", "description": "No further quotes can change this candle."},
}
_COVERAGE: dict[str, Any] = {
    "table": _STRING,
    "feed": _STRING,
    "hours_published": _INTEGER,
    "hours_complete": _INTEGER,
    "first_hour": _TEXT,
    "last_hour": _TEXT,
    "newest_received": {**_TIME, "description": "Receive time of the newest published answer."},
    "watermark": {
        **_TIME,
        "description": "Everything received before this time is in the table.",
    },
    "rows": _INTEGER,
    "quarantined_rows": _INTEGER,
}
_STATES = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]


def document(max_rows: int, max_result_rows: int) -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "coinlake",
            "version": "1",
            "description": "Cryptocurrency prices from the lake, and SQL over it. Decimals are strings.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": with_forms(
            {**_read_paths(max_rows), **_sql_paths(max_result_rows), **_open_paths()}
        ),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
            "schemas": _schemas(),
            "responses": {
                "Problem": {
                    "description": "A problem document (RFC 9457).",
                    "content": {"application/problem+json": {"schema": _ref("Problem")}},
                }
            },
        },
    }


def _schemas() -> dict[str, Any]:
    return {
        "Problem": _object(
            {"type": _STRING, "title": _STRING, "status": _INTEGER, "detail": _STRING}
        ),
        "Meta": _object(META, extra={"interval": _STRING}),
        "Asset": _object(_ASSET),
        "Quote": _object(_QUOTE),
        "Candle": _object(_CANDLE),
        "Coverage": _object(_COVERAGE),
        "DryRun": DRY_RUN,
        "Query": {
            "type": "object",
            "required": ["id", "state", "meta"],
            "properties": {
                "id": _STRING,
                "state": {"enum": _STATES},
                "href": _STRING,
                "meta": {"type": "object"},
                "problem": {"anyOf": [_ref("Problem"), {"type": "null"}]},
                "columns": {
                    "type": "array",
                    "items": _object({"name": _STRING, "type": _STRING}),
                },
                "rows": {"type": "array", "items": {"type": "array"}},
            },
            "additionalProperties": False,
        },
    }


def _read_paths(max_rows: int) -> dict[str, Any]:
    many = {"type": "array"}
    limit = _query("limit", {"type": "integer", "minimum": 1, "maximum": max_rows})
    times = [
        _query("from", _STRING, "RFC 3339 or milliseconds since the epoch; inclusive."),
        _query("to", _STRING, "RFC 3339 or milliseconds since the epoch; exclusive."),
    ]
    fresh = [
        _query(
            "max_age",
            {"type": "number", "minimum": 0},
            "Refuse data older than so many seconds.",
        ),
        _query(
            "as_of",
            _STRING,
            "The dataset_version that the answer must be of; 410 if it is gone.",
        ),
    ]
    return {
        "/v1/assets": _get(
            "Latest price of each asset", {**many, "items": _ref("Asset")}, limit, *fresh
        ),
        "/v1/assets/{id}": _get("Latest price of one asset", _ref("Asset"), _ID, *fresh),
        "/v1/assets/{id}/quotes": _get(
            "Quotes of an asset within a range of source time",
            {**many, "items": _ref("Quote")},
            *(_ID, *times, limit, _query("order", {"enum": ["asc", "desc"]}), *fresh),
        ),
        "/v1/assets/{id}/candles": _get(
            "Candles of an asset",
            {**many, "items": _ref("Candle")},
            *(_ID, *times, _query("interval", {"enum": list(INTERVALS_MS)}), *fresh),
        ),
        "/v1/coverage": _get(
            "What has been published, by table", {**many, "items": _ref("Coverage")}
        ),
    }


def _sql_paths(max_rows: int) -> dict[str, Any]:
    body = {
        "type": "object",
        "required": ["sql"],
        "properties": {
            "sql": {"type": "string", "description": "One SELECT over the lake's tables."},
            "wait": {"type": "number", "minimum": 0, "default": 10},
            "max_rows": {"type": "integer", "minimum": 1, "maximum": max_rows, "default": 1000},
            **BODY_FIELDS,
        },
        "additionalProperties": False,
    }
    done = _json("The query has ended; it has rows if it succeeded.", _ref("Query"))
    either = _json(
        "The query has ended, or the answer of a dry run.",
        {"anyOf": [_ref("Query"), _ref("DryRun")]},
    )
    pending = _json("The query is still running; GET it later.", _ref("Query"))
    ended = _object({"id": _STRING, "state": {"enum": _STATES}})
    return {
        "/v1/queries": {
            "post": _operation(
                "Run SQL, or say what it would read",
                {"200": either, "202": pending},
                [_query("dry_run", {"type": "boolean"}, "Start nothing; say what it reads.")],
                _json_body(body),
            )
        },
        "/v1/queries/{id}": {
            "get": _operation(
                "State and rows of a query",
                {"200": done, "202": pending},
                [
                    _ID,
                    _query("wait", {"type": "number"}),
                    _query("cursor", _STRING, "Of `next` in the meta, unchanged."),
                    _query("max_rows", {"type": "integer", "minimum": 1, "maximum": max_rows}),
                ],
            ),
            "delete": _operation("Cancel a query", {"200": _json("Its state.", ended)}, [_ID]),
        },
        "/v1/sql/functions": {"get": _functions()},
    }


def _functions() -> dict[str, Any]:
    function = _object(
        {"name": _STRING, "allowed": {"type": "boolean"}},
        {
            "about": _STRING,
            "bounds": {**_STRING, "description": "What its arguments must be."},
            "reason": {**_STRING, "description": "Why it is refused."},
        },
    )
    limits = _object({"bytes": _INTEGER, "tokens": _INTEGER, "brackets": _INTEGER})
    answer = _object(
        {
            "functions": {"type": "array", "items": function},
            "tables": {"type": "array", "items": _STRING},
            "syntax_refused": {"type": "object", "additionalProperties": _STRING},
            "limits": limits,
        }
    )
    text = "What SQL may hold: functions, tables, and what is refused, with its reason"
    return _operation(text, {"200": _json(text, answer)}, [])


def _open_paths() -> dict[str, Any]:
    about = {
        "/openapi.json": "This document",
        "/status": "Counters of the service",
        "/healthz": "Whether the service is alive",
        "/readyz": "Whether the service can reach what it needs",
    }
    paths = {
        path: {
            "get": _operation(text, {"200": _json(text, {"type": "object"})}, [], is_open=True)
        }
        for path, text in about.items()
    }
    metrics = {"description": "Prometheus text", "content": {"text/plain": {"schema": _STRING}}}
    paths["/metrics"] = {"get": _operation("Metrics", {"200": metrics}, [], is_open=True)}
    return paths


def _get(summary: str, data: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    answer = _object({"data": data, "meta": _ref("Meta")})
    return {"get": _operation(summary, {"200": _json(summary, answer)}, list(parameters))}


def _operation(
    summary: str,
    answers: dict[str, Any],
    parameters: list[dict[str, Any]],
    body: dict[str, Any] | None = None,
    *,
    is_open: bool = False,
) -> dict[str, Any]:
    return {
        "summary": summary,
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": body} if body else {}),
        "responses": {**answers, "default": {"$ref": "#/components/responses/Problem"}},
        "security": [] if is_open else [{"bearer": []}, {"apiKey": []}],
    }


def _query(name: str, schema: dict[str, Any], text: str = "") -> dict[str, Any]:
    more = {"description": text} if text else {}
    return {"name": name, "in": "query", "required": False, "schema": schema, **more}


def _json(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _json_body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _object(properties: dict[str, Any], extra: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "properties": {**properties, **(extra or {})},
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_ID = {"name": "id", "in": "path", "required": True, "schema": _STRING}
