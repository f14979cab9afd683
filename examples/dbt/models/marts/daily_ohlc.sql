{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partitioned_by=['day'],
    on_schema_change='fail',
) }}

{%- set days = days_to_build() %}

with partials as (

    select *
    from {{ ref('stg_coinlake__candles_1m') }}
    where {{ is_received_for(days) }}

),

days as (

    {{ as_rows(days) }}

)

select
    partials.asset_id,
    min_by(partials.open, partials.first_source_ts) as open,
    max(partials.high) as high,
    min(partials.low) as low,
    max_by(partials.close, partials.last_source_ts) as close,
    sum(partials.quotes) as quotes,
    count(distinct partials."minute") as minutes,
    min(partials.first_source_ts) as first_source_ts,
    max(partials.last_source_ts) as last_source_ts,
    max_by(partials.volume_24h_usd, partials.last_source_ts) as volume_24h_usd,
    days.hours_published,
    days.lake_version,
    days.day
from partials
inner join days on days.day = partials.day
group by partials.asset_id, days.hours_published, days.lake_version, days.day
