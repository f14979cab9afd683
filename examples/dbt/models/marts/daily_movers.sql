with changes as (

    select
        asset_id,
        open,
        close,
        100 * (cast(close as double) / cast(nullif(open, 0) as double) - 1) as change_pct,
        volume_24h_usd,
        quotes,
        day
    from {{ ref('daily_ohlc') }}

),

ranked as (

    select
        *,
        row_number() over (partition by day order by change_pct desc, asset_id) as gainer_rank,
        row_number() over (partition by day order by change_pct, asset_id) as loser_rank
    from changes
    where change_pct is not null

)

select
    asset_id,
    open,
    close,
    change_pct,
    gainer_rank,
    loser_rank,
    volume_24h_usd,
    quotes,
    day
from ranked
where gainer_rank <= {{ var('movers') }} or loser_rank <= {{ var('movers') }}
