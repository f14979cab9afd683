"""The SQL that the demo asks: newest prices, their candles, how many quotes there are."""

from coinlake.contracts.hours import Hour

QUOTES_COUNT = "SELECT count(*) AS quotes FROM quotes"


def newest_prices(hour: Hour, most: int = 6) -> str:
    """The newest quote of the assets that rank first, in one hour."""
    return f"""
        SELECT asset_id, price_usd, change_24h_pct, market_cap_usd, source_ts
        FROM (
            SELECT asset_id, rank, price_usd, change_24h_pct, market_cap_usd, source_ts,
                   row_number() OVER (
                       PARTITION BY asset_id ORDER BY source_ts DESC, kafka_offset DESC
                   ) AS newest
            FROM quotes
            WHERE dt = '{hour.dt}' AND hour = '{hour.hour}'
        )
        WHERE newest = 1 AND rank <= {most}
        ORDER BY rank
    """


def newest_candles(hour: Hour, assets: list[str]) -> str:
    """The newest minute's candle of each of the assets, in one hour."""
    names = ", ".join(f"'{name}'" for name in assets)
    return f"""
        SELECT asset_id, minute, open, high, low, close, quotes
        FROM (
            SELECT asset_id, minute, open, high, low, close, quotes,
                   row_number() OVER (PARTITION BY asset_id ORDER BY minute DESC) AS newest
            FROM candles_1m
            WHERE dt = '{hour.dt}' AND hour = '{hour.hour}' AND asset_id IN ({names})
        )
        WHERE newest = 1
        ORDER BY asset_id
    """
