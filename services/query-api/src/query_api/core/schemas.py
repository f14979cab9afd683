"""JSON schemas of what is answered: those of rows follow from the contract's columns."""

from collections.abc import Iterable

from coinlake.contracts.meanings import meaning_of
from query_api.core.feed_rows import (
    ASSET_ROWS,
    EXCHANGE_ROWS,
    MARKET_ROWS,
    RATE_ROWS,
    FeedRows,
)
from query_api.core.lake_schemas import LAKE_SCHEMAS
from query_api.core.openapi_estimates import DRY_RUN
from query_api.core.openapi_meta import META
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
    ref,
    told,
)

STATES = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]
_EXTRA: Schema = {"type": ["object", "null"], "additionalProperties": STRING}
_BY_TYPE: dict[str, Schema] = {
    "string": TEXT,
    "int": {"type": ["integer", "null"]},
    "bigint": {"type": ["integer", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "timestamp": TIME,
    "map<string,string>": _EXTRA,
}


def enveloped(data: Schema) -> Schema:
    """The body of a typed answer."""
    return obj({"data": data, "meta": ref("Meta")})


def column(rows: FeedRows, name: str) -> Schema:
    """What a column of a feed's rows is in JSON: decimals are strings, with every digit."""
    hive = rows.types()[name]
    schema = DECIMAL if hive.startswith("decimal") else _BY_TYPE[hive]
    if name in rows.identity:
        schema = STRING
    return {**schema, "description": meaning_of(name)}


def row(rows: FeedRows, names: Iterable[str]) -> Schema:
    """A row with these columns."""
    return obj({name: column(rows, name) for name in names})


_CANDLE: Schema = {
    "start": MOMENT,
    "end": MOMENT,
    "open": DECIMAL,
    "high": DECIMAL,
    "low": DECIMAL,
    "close": DECIMAL,
    "quotes": told(INTEGER, "Rows of quotes that the candle is made of."),
    "volume_24h_usd": told(DECIMAL, "Traded in the 24 hours before the close."),
    "final": told(BOOLEAN, "No further quotes can change this candle."),
}
_MOVER: Schema = {
    **{
        name: column(ASSET_ROWS, name)
        for name in (
            "asset_id",
            "symbol",
            "name",
            "rank",
            "market_cap_usd",
            "volume_24h_usd",
        )
    },
    "start_price_usd": told(DECIMAL, "US dollars, the newest price at the start."),
    "start_source_ts": told(TIME, "source_ts of the price at the start."),
    "price_usd": told(DECIMAL, "US dollars, the newest price at the end."),
    "source_ts": told(TIME, "source_ts of the price at the end."),
    "change_pct": told(DECIMAL, "Per cent, of these two prices, to 12 places."),
}
_COVERAGE: Schema = {
    "table": STRING,
    "feed": STRING,
    "hours_published": INTEGER,
    "hours_complete": INTEGER,
    "first_hour": TEXT,
    "last_hour": TEXT,
    "newest_received": told(TIME, "Receive time of the newest published answer."),
    "watermark": told(TIME, "Everything received before this time is in the table."),
    "rows": INTEGER,
    "quarantined_rows": INTEGER,
}
_META_OF_SOME: Schema = {
    "interval": told(STRING, "Of candles: the width that was asked for."),
    "next": told(TEXT, "Of a history: the path of the next page; null on the last one."),
    "missing": told(many(STRING), "Of `ids`: those of which the answer has no row."),
    "window": told(
        obj(dict.fromkeys(("from", "to"), MOMENT)),
        "Of movers: the moments whose prices are compared.",
    ),
}
_TABLE: Schema = {
    "name": STRING,
    "kind": {"type": "string", "enum": ["table", "view"]},
    "meaning": told(STRING, "What a row is."),
    "columns": many(
        obj(
            {
                "name": STRING,
                "type": told(STRING, "As Athena's SQL has it."),
                "meaning": told(STRING, "What it means, with its unit."),
            }
        )
    ),
    "partitions": told(many(STRING), "Columns whose conditions bound what a query scans."),
}
_QUERY: Schema = {
    "type": "object",
    "required": ["id", "state", "meta"],
    "properties": {
        "id": STRING,
        "state": {"type": "string", "enum": STATES},
        "href": STRING,
        "meta": {"type": "object"},
        "problem": {"anyOf": [ref("Problem"), {"type": "null"}]},
        "columns": many(obj({"name": STRING, "type": STRING})),
        "rows": many({"type": "array"}),
    },
    "additionalProperties": False,
}

_FUNCTIONS: Schema = {
    "functions": many(
        obj(
            {"name": STRING, "allowed": BOOLEAN},
            {
                "about": STRING,
                "bounds": told(STRING, "What its arguments must be."),
                "reason": told(STRING, "Why it is refused."),
            },
        )
    ),
    "tables": many(STRING),
    "syntax_refused": {"type": "object", "additionalProperties": STRING},
    "limits": obj({"bytes": INTEGER, "tokens": INTEGER, "brackets": INTEGER}),
}

SCHEMAS: dict[str, Schema] = {
    "Problem": obj(
        {
            "type": told(STRING, "`urn:coinlake:problem:` and a kind."),
            "title": STRING,
            "status": INTEGER,
            "detail": STRING,
        }
    ),
    "Meta": obj(META, _META_OF_SOME),
    "Asset": row(ASSET_ROWS, ASSET_ROWS.listed),
    "Quote": row(ASSET_ROWS, ASSET_ROWS.told),
    "Rate": row(RATE_ROWS, RATE_ROWS.listed),
    "RateThen": row(RATE_ROWS, RATE_ROWS.told),
    "Exchange": row(EXCHANGE_ROWS, EXCHANGE_ROWS.listed),
    "ExchangeThen": row(EXCHANGE_ROWS, EXCHANGE_ROWS.told),
    "Market": row(MARKET_ROWS, MARKET_ROWS.listed),
    "Candle": obj({"asset_id": STRING, **_CANDLE}),
    "Mover": obj(_MOVER),
    "Coverage": obj(_COVERAGE),
    "Table": obj(_TABLE),
    "SqlFunctions": obj(_FUNCTIONS),
    "Query": _QUERY,
    **LAKE_SCHEMAS,
    "DryRun": DRY_RUN,
}
"""By name, as `components/schemas` of the document has them."""
