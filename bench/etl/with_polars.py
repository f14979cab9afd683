"""The table of quotes by one Polars query, without the tokens: it has no type for such a map."""

import os

os.environ["POLARS_MAX_THREADS"] = "1"

import gzip

import polars as pl

from bench.etl.participant import Told, take_part

_TEXTS = ["id", "symbol", "name", "rank", "explorer"]
_AMOUNTS = {
    "priceUsd": "price_usd",
    "supply": "supply",
    "maxSupply": "max_supply",
    "marketCapUsd": "market_cap_usd",
    "volumeUsd24Hr": "volume_24h_usd",
}
_RATIOS = {"changePercent24Hr": "change_24h_pct", "vwap24Hr": "vwap_24h_usd"}


def work(told: Told) -> None:
    keys = [*_TEXTS, *_AMOUNTS, *_RATIOS]
    schema = {
        "timestamp": pl.Int64,
        "data": pl.List(pl.Struct(dict.fromkeys(keys, pl.String))),
    }
    parts = []
    for path in told.files:
        with gzip.open(path) as file:
            parts.append(pl.read_ndjson(file.read(), schema=schema))
    table = (
        pl.concat(parts)
        .lazy()
        .explode("data")
        .unnest("data")
        .select(
            pl.col("id").alias("asset_id"),
            "symbol",
            "name",
            pl.col("rank").cast(pl.Int32, strict=False),
            *(
                pl.col(k).cast(pl.Decimal(38, 18), strict=False).alias(n)
                for k, n in _AMOUNTS.items()
            ),
            *(
                pl.col(k).cast(pl.Decimal(38, 28), strict=False).alias(n)
                for k, n in _RATIOS.items()
            ),
            "explorer",
            pl.from_epoch("timestamp", "ms").alias("source_ts"),
        )
        .sort("asset_id", "source_ts")
        .collect()
    )
    table.write_parquet(told.target, compression="zstd")


take_part(work)
