"""The SQL of the typed endpoints: names from the contract, every value bound."""

import re
from dataclasses import dataclass

from coinlake.contracts.datasets import CANDLES_1M, QUOTES
from coinlake.contracts.hours import Hour
from coinlake.views.candles import BUCKETS, MERGED, VOLUME
from coinlake.views.live import LIVE_PARTIALS, live_name
from query_api.core.literals import bigint, timestamp, varchar
from query_api.core.window import TimeWindow, received_hours

_NAME = re.compile(r"[a-z][a-z0-9_]{0,127}")
ASSET_COLUMNS = (
    "asset_id",
    "symbol",
    "name",
    "rank",
    "price_usd",
    "supply",
    "max_supply",
    "market_cap_usd",
    "volume_24h_usd",
    "change_24h_pct",
    "vwap_24h_usd",
    "explorer",
    "source_ts",
    "received_ts",
)
QUOTE_COLUMNS = (
    "source_ts",
    "received_ts",
    "price_usd",
    "supply",
    "max_supply",
    "market_cap_usd",
    "volume_24h_usd",
    "change_24h_pct",
    "vwap_24h_usd",
    "rank",
)
# The newest first. Rows of the raw zone tell no receive time, and ties end at the later element: the
# same row whoever asks, and whenever.
_NEWEST_FIRST = (
    "source_ts DESC NULLS LAST, received_ts DESC NULLS LAST, epoch DESC NULLS LAST,"
    " kafka_offset DESC NULLS LAST, element_index DESC"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `?`, and the literals that Athena puts there in order."""

    sql: str
    parameters: tuple[str, ...] = ()


def latest_assets(database: str, since: Hour, limit: int) -> Statement:
    """The newest row of each asset from an hour on, by rank; rows that are in no table yet, too."""
    where, values = _from(since)
    newest = _newest(database, where)
    sql = f"SELECT {', '.join(ASSET_COLUMNS)} FROM ({newest}) WHERE place = 1 "
    return Statement(sql + "ORDER BY rank, asset_id LIMIT ?", (*values, bigint(limit)))


def latest_asset(database: str, since: Hour, asset_id: str) -> Statement:
    """The newest row of one asset from an hour on; no row where there is none."""
    where, values = _from(since)
    newest = _newest(database, f"({where}) AND asset_id = ?")
    sql = f"SELECT {', '.join(ASSET_COLUMNS)} FROM ({newest}) WHERE place = 1"
    return Statement(sql, (*values, varchar(asset_id)))


def quotes(
    database: str,
    asset_id: str,
    window: TimeWindow,
    skew_ms: int,
    limit: int,
    order: str,
    *,
    is_live: bool,
) -> Statement:
    """An asset's quotes by `source_ts`; one row more than `limit`, which tells truncation.

    `is_live`: also those that are in no table yet.
    """
    where, values = _partitions(window, skew_ms)
    # What is not in the tables yet is the newest.
    turn, nulls = {"asc": ("ASC", "LAST"), "desc": ("DESC", "FIRST")}[order]
    sql = (
        f"SELECT {', '.join(QUOTE_COLUMNS)} "
        f"FROM {_table(database, live_name(QUOTES.name) if is_live else QUOTES.name)} "
        f"WHERE {where} AND asset_id = ? AND source_ts >= ? AND source_ts < ? "
        f"ORDER BY source_ts {turn}, received_ts {turn} NULLS {nulls}, "
        f"kafka_offset {turn} NULLS {nulls}, element_index {turn} LIMIT ?"
    )
    bound = (varchar(asset_id), timestamp(window.from_ms), timestamp(window.to_ms))
    return Statement(sql, (*values, *bound, bigint(limit + 1)))


def candles(
    database: str,
    asset_id: str,
    interval: str,
    window: TimeWindow,
    skew_ms: int,
    *,
    is_live: bool,
) -> Statement:
    """Candles merged from the partials of each minute and receive hour.

    A minute can have one partial in each of several receive hours; all are read, since
    `dt` and `hour` are widened by the skew. `is_live`: also quotes that are in no table yet.
    """
    where, values = _partitions(window, skew_ms)
    inner = (
        f"SELECT {BUCKETS[interval]} AS start, open, high, low, close, quotes, "
        "first_source_ts, last_source_ts, volume_24h_usd "
        f"FROM {_table(database, LIVE_PARTIALS if is_live else CANDLES_1M.name)} "
        f'WHERE {where} AND asset_id = ? AND "minute" >= ? AND "minute" < ?'
    )
    sql = f"SELECT start, {MERGED}, {VOLUME} FROM ({inner}) GROUP BY start ORDER BY start"
    bound = (varchar(asset_id), timestamp(window.from_ms), timestamp(window.to_ms))
    return Statement(sql, (*values, *bound))


def _newest(database: str, where: str) -> str:
    return (
        f"SELECT {', '.join(ASSET_COLUMNS)}, row_number() OVER (PARTITION BY asset_id "
        f"ORDER BY {_NEWEST_FIRST}) AS place "
        f"FROM {_table(database, live_name(QUOTES.name))} WHERE {where}"
    )


def _from(hour: Hour) -> tuple[str, tuple[str, ...]]:
    values = (hour.dt, hour.dt, hour.hour)
    return "dt > ? OR (dt = ? AND hour >= ?)", tuple(varchar(value) for value in values)


def _partitions(window: TimeWindow, skew_ms: int) -> tuple[str, tuple[str, ...]]:
    first, last = received_hours(window, skew_ms)
    where = "dt >= ? AND dt <= ? AND (dt > ? OR hour >= ?) AND (dt < ? OR hour <= ?)"
    values = (first.dt, last.dt, first.dt, first.hour, last.dt, last.hour)
    return where, tuple(varchar(value) for value in values)


def _table(database: str, name: str) -> str:
    if not _NAME.fullmatch(database):
        raise ValueError(f"not a database name: {database!r}")
    return f'"{database}"."{name}"'
