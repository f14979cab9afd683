select
    asset_id,
    "minute",
    cast("minute" as date) as day,
    open,
    high,
    low,
    close,
    quotes,
    first_source_ts,
    last_source_ts,
    volume_24h_usd,
    dt,
    hour
from {{ source('coinlake', 'candles_1m') }}
