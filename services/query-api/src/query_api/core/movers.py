"""Movers: whose price rose or fell most in a window, by the lake's own quotes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from coinlake.contracts.hours import HOUR_MS
from query_api.core.feed_rows import ASSET_ROWS
from query_api.core.literals import decimal, timestamp
from query_api.core.statements import (
    NEWEST_FIRST,
    Condition,
    Statement,
    between_hours,
    both,
    either,
    source,
)
from query_api.core.window import TimeWindow, received_hours

WINDOWS_MS: dict[str, int] = {"1h": HOUR_MS, "24h": 24 * HOUR_MS, "7d": 168 * HOUR_MS}
GAINERS, LOSERS = "gainers", "losers"
# A price that is older than that at an end of the window says nothing of that end.
EDGE_MS = HOUR_MS
_KEPT = ("symbol", "name", "rank", "market_cap_usd", "volume_24h_usd")
_PLACES = Decimal("1e-12")
# Two amounts of 38 digits: their ratio in per cent, with the places behind the point.
_EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN)
_LAST_RANK = 2**31


@dataclass(frozen=True, slots=True)
class Least:
    """What an asset must have at the end of the window; None asks nothing. US dollars."""

    volume_usd: Decimal | None = None
    market_cap_usd: Decimal | None = None


def edges(window: TimeWindow) -> tuple[TimeWindow, TimeWindow]:
    """Where the price at the start, and that at the end, is looked for: up to an hour before each.

    The moments of the window belong to it: a quote of exactly then is the price then.
    """
    return (
        TimeWindow(window.from_ms - EDGE_MS + 1, window.from_ms + 1),
        TimeWindow(window.to_ms - EDGE_MS + 1, window.to_ms + 1),
    )


def prices_at_both_ends(
    database: str, window: TimeWindow, least: Least, skew_ms: int, *, is_live: bool
) -> Statement:
    """Each asset with a price at both ends of the window, of which the first is not zero."""
    at_start, at_end = edges(window)
    where = both(
        either(*(between_hours(*received_hours(edge, skew_ms)) for edge in (at_start, at_end))),
        either(*(_within(edge) for edge in (at_start, at_end))),
        Condition("price_usd IS NOT NULL"),
    )
    split = (timestamp(at_end.from_ms),)
    columns = ", ".join(("asset_id", *_KEPT, "price_usd", "source_ts"))
    sides = (
        f"SELECT {columns}, received_ts, epoch, kafka_offset, element_index, "
        "source_ts >= ? AS is_end "
        f"FROM {source(database, ASSET_ROWS.table, is_live=is_live)} WHERE {where.sql}"
    )
    numbered = (
        f"SELECT {columns}, is_end, row_number() OVER (PARTITION BY asset_id, is_end "
        f"ORDER BY {NEWEST_FIRST}) AS place FROM ({sides})"
    )
    ends = ", ".join(f"max({name}) FILTER (WHERE is_end) AS {name}" for name in _KEPT)
    prices = (
        "max(price_usd) FILTER (WHERE NOT is_end) AS start_price_usd, "
        "max(source_ts) FILTER (WHERE NOT is_end) AS start_source_ts, "
        "max(price_usd) FILTER (WHERE is_end) AS price_usd, "
        "max(source_ts) FILTER (WHERE is_end) AS source_ts"
    )
    enough = both(
        Condition("start_price_usd > 0"),
        Condition("price_usd IS NOT NULL"),
        _at_least("volume_24h_usd", least.volume_usd),
        _at_least("market_cap_usd", least.market_cap_usd),
    )
    sql = (
        f"SELECT * FROM (SELECT asset_id, {ends}, {prices} FROM ({numbered}) "
        f"WHERE place = 1 GROUP BY asset_id) WHERE {enough.sql}"
    )
    return Statement(sql, (*split, *where.values, *enough.values))


def _within(edge: TimeWindow) -> Condition:
    values = (timestamp(edge.from_ms), timestamp(edge.to_ms))
    return Condition("source_ts >= ? AND source_ts < ?", values)


def _at_least(column: str, value: Decimal | None) -> Condition | None:
    # A literal has its own precision: both sides are compared exactly (Trino, "Decimal").
    return None if value is None else Condition(f"{column} >= ?", (decimal(value),))


def movers(
    rows: Iterable[Mapping[str, Any]], direction: str, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """The `limit` assets that rose, or fell, most, each with its change, and whether there are more.

    Ties, which are exact, are in the order of rank, then id. What did not move is no mover.
    """
    sign = 1 if direction == GAINERS else -1
    moved = [(change, row) for row in rows if (change := _change(row)) * sign > 0]
    moved.sort(key=lambda one: (-sign * one[0], _rank(one[1]), one[1]["asset_id"]))
    found = [{**row, "change_pct": _text(change)} for change, row in moved[:limit]]
    return found, len(moved) > limit


def _change(row: Mapping[str, Any]) -> Decimal:
    start, end = Decimal(row["start_price_usd"]), Decimal(row["price_usd"])
    return _EXACT.multiply(_EXACT.divide(_EXACT.subtract(end, start), start), Decimal(100))


def _rank(row: Mapping[str, Any]) -> int:
    rank = row["rank"]
    return _LAST_RANK if rank is None else int(rank)


def _text(change: Decimal) -> str:
    return f"{change.quantize(_PLACES, context=_EXACT):f}"
