"""The table of quotes by one DuckDB statement. Digits that do not fit are rounded: it is not asked."""

import duckdb

from bench.etl.participant import Told, take_part

_TEXTS = ["id", "symbol", "name"]
_AMOUNTS = {
    "price_usd": "priceUsd",
    "supply": "supply",
    "max_supply": "maxSupply",
    "market_cap_usd": "marketCapUsd",
    "volume_24h_usd": "volumeUsd24Hr",
}
_RATIOS = {"change_24h_pct": "changePercent24Hr", "vwap_24h_usd": "vwap24Hr"}
_KEYS = [*_TEXTS, "rank", *_AMOUNTS.values(), *_RATIOS.values(), "explorer"]


def work(told: Told) -> None:
    element = ", ".join(f'"{key}" VARCHAR' for key in _KEYS)
    casts = ", ".join(
        [f'try_cast(e."{key}" AS DECIMAL(38,18)) AS {name}' for name, key in _AMOUNTS.items()]
        + [f'try_cast(e."{key}" AS DECIMAL(38,28)) AS {name}' for name, key in _RATIOS.items()]
    )
    con = duckdb.connect()
    con.execute("SET threads = 1")
    con.execute(f"SET memory_limit = '{told.options['memory']}'")
    con.execute(
        f"""COPY (
            SELECT e.id AS asset_id, e.symbol, e.name, try_cast(e.rank AS INTEGER) AS rank, {casts},
                   e.explorer, epoch_ms("timestamp") AS source_ts
            FROM (
                SELECT "timestamp", unnest(data) AS e
                FROM read_json({told.files!r}, format = 'newline_delimited', compression = 'gzip',
                    maximum_object_size = 16777216,
                    columns = {{'timestamp': 'BIGINT', 'data': 'STRUCT({element}, tokens MAP(VARCHAR, VARCHAR[]))[]'}})
            ) ORDER BY asset_id, source_ts
        ) TO '{told.target}' (FORMAT parquet, COMPRESSION zstd)"""
    )


take_part(work)
