"""Candles merged from the partials of `candles_1m`: one row per asset and interval."""

from coinlake.contracts.datasets import CANDLES_1M
from coinlake.views.definition import View

INTERVALS_MS: dict[str, int] = {
    "1m": 60_000,
    "5m": 300_000,
    "15m": 900_000,
    "1h": 3_600_000,
    "4h": 14_400_000,
    "1d": 86_400_000,
    "1w": 604_800_000,
}
"""Widths of candles. Hours and days are UTC's, a week begins on Monday."""
BUCKETS: dict[str, str] = {
    "1m": '"minute"',
    "5m": 'date_add(\'minute\', -(minute("minute") % 5), "minute")',
    "15m": 'date_add(\'minute\', -(minute("minute") % 15), "minute")',
    "1h": "date_trunc('hour', \"minute\")",
    "4h": "date_add('hour', -(hour(\"minute\") % 4), date_trunc('hour', \"minute\"))",
    "1d": "date_trunc('day', \"minute\")",
    "1w": "date_trunc('week', \"minute\")",
}
"""SQL of the start of the interval that a minute is in."""
MERGED = (
    "min_by(open, first_source_ts) AS open, max(high) AS high, min(low) AS low,"
    " max_by(close, last_source_ts) AS close, sum(quotes) AS quotes"
)
"""SQL that merges the prices of partials of one interval."""
VOLUME = "max_by(volume_24h_usd, last_source_ts) AS volume_24h_usd"
"""SQL of the volume that the source told with the close."""
_TIMES = "min(first_source_ts) AS first_source_ts, max(last_source_ts) AS last_source_ts"


def candle_name(interval: str) -> str:
    """The view of an interval: `candles` for a minute, `candles_1h` for an hour."""
    return "candles" if interval == "1m" else f"candles_{interval}"


def candles(interval: str) -> View:
    """Candles of the hours that are in the tables. Raises KeyError for an unknown interval."""
    inner = (
        f"SELECT asset_id, {BUCKETS[interval]} AS start, open, high, low, close, quotes,"
        f" first_source_ts, last_source_ts, volume_24h_usd FROM {CANDLES_1M.name}"
    )
    return View(
        candle_name(interval),
        f"One row per asset and {interval} of source_ts, merged from candles_1m.",
        CANDLES_1M.columns,
        merged(inner),
    )


def merged(partials: str) -> str:
    """The SQL that merges rows of partials, whose interval begins at `start`."""
    return (
        f'SELECT asset_id, start AS "minute", {MERGED}, {_TIMES}, {VOLUME}'
        f" FROM ({partials}) GROUP BY asset_id, start"
    )
