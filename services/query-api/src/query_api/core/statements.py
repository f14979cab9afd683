"""The SQL of the typed endpoints: names from the contract, every value bound."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from coinlake.contracts.datasets import CANDLES_1M, QUOTES
from coinlake.contracts.hours import Hour
from query_api.core.literals import bigint, timestamp, varchar
from query_api.core.window import TimeWindow, received_hours

_NAME = re.compile(r"[a-z][a-z0-9_]{0,127}")
_ASSET_COLUMNS = (
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
Interval = Literal["1m", "5m", "1h", "1d"]
INTERVALS_MS: dict[str, int] = {
    "1m": 60_000,
    "5m": 300_000,
    "1h": 3_600_000,
    "1d": 86_400_000,
}
# Minutes start at UTC minutes, so the wider candles are cut from them by UTC hour and day.
_BUCKETS: dict[str, str] = {
    "1m": '"minute"',
    "5m": 'date_add(\'minute\', -(minute("minute") % 5), "minute")',
    "1h": "date_trunc('hour', \"minute\")",
    "1d": "date_trunc('day', \"minute\")",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `?`, and the literals that Athena puts there in order."""

    sql: str
    parameters: tuple[str, ...] = ()


def latest_assets(database: str, hours: Sequence[Hour], limit: int) -> Statement:
    """The newest row of each asset in the given hours, by rank. `hours` is not empty."""
    where, values = _in_hours(hours)
    newest = _newest(database, where)
    sql = f"SELECT {', '.join(_ASSET_COLUMNS)} FROM ({newest}) WHERE place = 1 "
    return Statement(sql + "ORDER BY rank, asset_id LIMIT ?", (*values, bigint(limit)))


def latest_asset(database: str, hours: Sequence[Hour], asset_id: str) -> Statement:
    """The newest row of one asset in the given hours; no row where it is not in them."""
    where, values = _in_hours(hours)
    newest = _newest(database, f"({where}) AND asset_id = ?")
    sql = f"SELECT {', '.join(_ASSET_COLUMNS)} FROM ({newest}) WHERE place = 1"
    return Statement(sql, (*values, varchar(asset_id)))


def quotes(
    database: str, asset_id: str, window: TimeWindow, skew_ms: int, limit: int, order: str
) -> Statement:
    """An asset's quotes by `source_ts`; one row more than `limit`, which tells truncation."""
    where, values = _partitions(window, skew_ms)
    turn = {"asc": "ASC", "desc": "DESC"}[order]
    sql = (
        f"SELECT {', '.join(QUOTE_COLUMNS)} FROM {_table(database, QUOTES.name)} "
        f"WHERE {where} AND asset_id = ? AND source_ts >= ? AND source_ts < ? "
        f"ORDER BY source_ts {turn}, received_ts {turn}, kafka_offset {turn}, "
        f"element_index {turn} LIMIT ?"
    )
    bound = (varchar(asset_id), timestamp(window.from_ms), timestamp(window.to_ms))
    return Statement(sql, (*values, *bound, bigint(limit + 1)))


def candles(
    database: str, asset_id: str, interval: str, window: TimeWindow, skew_ms: int
) -> Statement:
    """Candles merged from the partials of each minute and receive hour.

    A minute can have one partial in each of several receive hours; all are read, since
    `dt` and `hour` are widened by the skew.
    """
    where, values = _partitions(window, skew_ms)
    inner = (
        f"SELECT {_BUCKETS[interval]} AS start, open, high, low, close, quotes, "
        f"first_source_ts, last_source_ts FROM {_table(database, CANDLES_1M.name)} "
        f'WHERE {where} AND asset_id = ? AND "minute" >= ? AND "minute" < ?'
    )
    sql = (
        "SELECT start, min_by(open, first_source_ts) AS open, max(high) AS high, "
        "min(low) AS low, max_by(close, last_source_ts) AS close, sum(quotes) AS quotes "
        f"FROM ({inner}) GROUP BY start ORDER BY start"
    )
    bound = (varchar(asset_id), timestamp(window.from_ms), timestamp(window.to_ms))
    return Statement(sql, (*values, *bound))


def _newest(database: str, where: str) -> str:
    # Ties end at the later offset and element: the same row whoever asks, and whenever.
    return (
        f"SELECT {', '.join(_ASSET_COLUMNS)}, row_number() OVER (PARTITION BY asset_id "
        "ORDER BY received_ts DESC, epoch DESC, kafka_offset DESC, element_index DESC) "
        f"AS place FROM {_table(database, QUOTES.name)} WHERE {where}"
    )


def _in_hours(hours: Sequence[Hour]) -> tuple[str, tuple[str, ...]]:
    if not hours:
        raise ValueError("no hours: nothing has been published, so there is nothing to query")
    where = " OR ".join("(dt = ? AND hour = ?)" for _ in hours)
    return where, tuple(varchar(part) for at in hours for part in (at.dt, at.hour))


def _partitions(window: TimeWindow, skew_ms: int) -> tuple[str, tuple[str, ...]]:
    first, last = received_hours(window, skew_ms)
    where = "dt >= ? AND dt <= ? AND (dt > ? OR hour >= ?) AND (dt < ? OR hour <= ?)"
    values = (first.dt, last.dt, first.dt, first.hour, last.dt, last.hour)
    return where, tuple(varchar(value) for value in values)


def _table(database: str, name: str) -> str:
    if not _NAME.fullmatch(database):
        raise ValueError(f"not a database name: {database!r}")
    return f'"{database}"."{name}"'
