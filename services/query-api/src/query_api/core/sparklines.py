"""Sparklines: the closes of many assets over one window, in one statement and one answer."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from coinlake.contracts.datasets import CANDLES_1M
from coinlake.views.candles import BUCKETS
from coinlake.views.live import LIVE_PARTIALS
from query_api.core.literals import bigint, timestamp
from query_api.core.statements import (
    Condition,
    Statement,
    between_hours,
    both,
    qualified,
)
from query_api.core.window import TimeWindow, received_hours


def sparklines(
    database: str,
    interval: str,
    window: TimeWindow,
    skew_ms: int,
    limit: int,
    *,
    is_live: bool,
) -> Statement:
    """The close of each interval of the assets with most volume; `is_live`: open hours too."""
    first, last = timestamp(window.from_ms), timestamp(window.to_ms)
    where = both(
        between_hours(*received_hours(window, skew_ms)),
        Condition('"minute" >= ? AND "minute" < ?', (first, last)),
    )
    table = LIVE_PARTIALS if is_live else CANDLES_1M.name
    partials = (
        f"SELECT asset_id, {BUCKETS[interval]} AS start, close, last_source_ts, volume_24h_usd "
        f"FROM {qualified(database, table)} WHERE {where.sql}"
    )
    closes = (
        "SELECT asset_id, date_diff('minute', ?, start) AS minutes, "
        "max_by(close, last_source_ts) AS close, max(volume_24h_usd) AS volume "
        f"FROM ({partials}) GROUP BY asset_id, start"
    )
    # A row per asset: what an answer may hold is counted in rows.
    point = "concat(CAST(minutes AS varchar), '=', CAST(close AS varchar))"
    sql = (
        f"SELECT asset_id, array_join(array_agg({point} ORDER BY minutes), ' ') AS points "
        f"FROM ({closes}) GROUP BY asset_id ORDER BY max(volume) DESC NULLS LAST, asset_id LIMIT ?"
    )
    return Statement(sql, (first, *where.values, bigint(limit)))


def as_lines(
    rows: Iterable[tuple[str, str | None]], window: TimeWindow, width_ms: int
) -> list[dict[str, Any]]:
    """A line per asset with a close, or null, for each interval from the window's first one on."""
    return [
        {"asset_id": asset_id, "closes": _closes(points, window, width_ms)}
        for asset_id, points in rows
    ]


def _closes(points: str | None, window: TimeWindow, width_ms: int) -> list[str | None]:
    closes: list[str | None] = [None] * -(-window.span_ms // width_ms)
    for point in (points or "").split():
        minutes, _, close = point.partition("=")
        closes[int(minutes) * 60_000 // width_ms] = close
    return closes


def change_pct(closes: Iterable[str | None]) -> str | None:
    """From the first close to the last one, in percent; None without two of them, or from zero."""
    known = [Decimal(close) for close in closes if close is not None]
    if len(known) < 2 or not known[0]:
        return None
    return f"{(known[-1] / known[0] - 1) * 100:.6f}"
