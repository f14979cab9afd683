"""The columns of the typed endpoints, for answers that no query was needed for."""

from collections.abc import Mapping, Sequence

from coinlake.contracts.datasets import CANDLES_1M, QUOTES
from coinlake.contracts.tables import TableSchema
from query_api.core.answers import ResultColumn, Rows, text_rows
from query_api.core.statements import ASSET_COLUMNS, QUOTE_COLUMNS
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


ASSETS = of_table(QUOTES, ASSET_COLUMNS)
QUOTES_OF_ASSET = of_table(QUOTES, QUOTE_COLUMNS)
CANDLES = (
    ResultColumn("start", "timestamp"),
    *of_table(CANDLES_1M, ("open", "high", "low", "close")),
    ResultColumn("quotes", "bigint"),
    *of_table(CANDLES_1M, ("volume_24h_usd",)),
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
