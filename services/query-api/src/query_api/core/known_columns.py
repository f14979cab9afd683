"""The columns of the typed endpoints, for answers that no query was needed for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from coinlake.contracts.datasets import CANDLES_1M, QUOTES, TABLES
from coinlake.contracts.tables import TableSchema
from query_api.core.answers import ResultColumn, Rows, text_rows
from query_api.core.cells import JSON_TEXT
from query_api.core.feed_rows import FeedRows
from query_api.core.window import rfc3339

# Athena's names of Hive's types, where they differ (Athena user guide, "Data types in Amazon
# Athena").
_ATHENA_TYPES = {"string": "varchar", "int": "integer"}


def of_table(table: TableSchema, names: Sequence[str]) -> tuple[ResultColumn, ...]:
    """Columns of a table of the contract, as a query over them has them."""
    kinds = {column.name: column.type for column in table.columns}
    return tuple(
        ResultColumn(name, _ATHENA_TYPES.get(kinds[name], kinds[name])) for name in names
    )


def of_feed(rows: FeedRows, names: Sequence[str]) -> tuple[ResultColumn, ...]:
    """Columns of a feed's rows; `extra` is JSON already, and is told as it is."""
    known = of_table(TABLES[rows.table], names)
    return tuple(replace(one, type=JSON_TEXT) if one.name == "extra" else one for one in known)


def told(rows: Rows) -> Rows:
    """Rows of a feed as Athena gave them, with `extra` as JSON."""
    columns = tuple(
        replace(one, type=JSON_TEXT) if one.name == "extra" else one for one in rows.columns
    )
    return replace(rows, columns=columns)


CANDLES = (
    ResultColumn("asset_id", "varchar"),
    ResultColumn("start", "timestamp"),
    *of_table(CANDLES_1M, ("open", "high", "low", "close")),
    ResultColumn("quotes", "bigint"),
    *of_table(CANDLES_1M, ("volume_24h_usd",)),
)
CANDLE_ENDS = (ResultColumn("end", "timestamp"), ResultColumn("final", "boolean"))
MOVERS = (
    *of_table(
        QUOTES, ("asset_id", "symbol", "name", "rank", "market_cap_usd", "volume_24h_usd")
    ),
    ResultColumn("start_price_usd", "decimal(38,18)"),
    ResultColumn("start_source_ts", "timestamp"),
    *of_table(QUOTES, ("price_usd", "source_ts")),
    # A ratio may have more digits before the point than a decimal column of Athena's.
    ResultColumn("change_pct", "varchar"),
)
COVERAGE = (
    ResultColumn("table", "varchar"),
    ResultColumn("feed", "varchar"),
    ResultColumn("hours_published", "bigint"),
    ResultColumn("hours_complete", "bigint"),
    ResultColumn("first_hour", "varchar"),
    ResultColumn("last_hour", "varchar"),
    ResultColumn("newest_received", "timestamp"),
    ResultColumn("watermark", "timestamp"),
    ResultColumn("rows", "bigint"),
    ResultColumn("quarantined_rows", "bigint"),
)


def athena_timestamp(at_ms: int | None) -> str | None:
    """Milliseconds since the epoch as Athena shows a timestamp; None stays."""
    return None if at_ms is None else rfc3339(at_ms).replace("T", " ").removesuffix("Z")


def rows_of_records(
    columns: Sequence[ResultColumn], records: Sequence[Mapping[str, object]]
) -> Rows:
    """Values that no query gave as rows: None is null, RFC 3339 in UTC a timestamp."""
    return text_rows(
        columns,
        [[_text(record[column.name], column) for column in columns] for record in records],
    )


def _text(value: object, column: ResultColumn) -> str | None:
    if value is None:
        return None
    if column.type == "timestamp":
        return str(value).replace("T", " ").removesuffix("Z")
    return str(value).lower() if isinstance(value, bool) else str(value)
