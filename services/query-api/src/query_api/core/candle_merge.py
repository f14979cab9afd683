"""The SQL of candles: partials of each minute and receive hour, merged."""

from coinlake.contracts.datasets import CANDLES_1M
from coinlake.views.candles import BUCKETS, MERGED, VOLUME
from coinlake.views.live import LIVE_PARTIALS
from query_api.core.days import DAY_MS
from query_api.core.literals import timestamp
from query_api.core.statements import (
    Condition,
    Statement,
    between_hours,
    both,
    one_of,
    qualified,
)
from query_api.core.window import TimeWindow, received_hours

# 1970 began on a Thursday; weeks begin on a Monday.
_MONDAY_MS = 4 * DAY_MS


def candles(
    database: str,
    asset_ids: tuple[str, ...],
    interval: str,
    window: TimeWindow,
    skew_ms: int,
    *,
    is_live: bool,
) -> Statement:
    """Candles of some assets, by asset and start, of partials whose minute is in the window.

    A minute can have one partial in each of several receive hours; all are read, since
    `dt` and `hour` are widened by the skew. `is_live`: also quotes that are in no table yet.
    """
    where = both(
        between_hours(*received_hours(window, skew_ms)),
        one_of("asset_id", asset_ids),
        Condition(
            '"minute" >= ? AND "minute" < ?',
            (timestamp(window.from_ms), timestamp(window.to_ms)),
        ),
    )
    table = LIVE_PARTIALS if is_live else CANDLES_1M.name
    inner = (
        f"SELECT asset_id, {BUCKETS[interval]} AS start, open, high, low, close, quotes, "
        "first_source_ts, last_source_ts, volume_24h_usd "
        f"FROM {qualified(database, table)} WHERE {where.sql}"
    )
    sql = (
        f"SELECT asset_id, start, {MERGED}, {VOLUME} FROM ({inner}) "
        "GROUP BY asset_id, start ORDER BY asset_id, start"
    )
    return Statement(sql, where.values)


def aligned(window: TimeWindow, width_ms: int, interval: str) -> TimeWindow:
    """Whole candles: a cut one would show a false open or close."""
    first_ms = _MONDAY_MS if interval == "1w" else 0
    start = (window.from_ms - first_ms) // width_ms * width_ms + first_ms
    return TimeWindow(start, -(-(window.to_ms - first_ms) // width_ms) * width_ms + first_ms)
