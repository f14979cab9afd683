-- A quote's own time and its receive time differ by an hour at most (ETL_RUNNER_MAX_SKEW_S), so a day's
-- candles lie in its own receive hours and in the ones just before and after it.
with touched as (

    select distinct
        cast(date_add('hour', skew.hours, hours.starts_at) as date) as day,
        hours.dt,
        hours.hour,
        hours.version
    from {{ ref('stg_coinlake__hours') }} as hours
    cross join unnest(array[-1, 0, 1]) as skew (hours)

)

select
    day,
    sum(version) as lake_version,
    count_if(dt = cast(day as varchar)) as hours_published
from touched
group by day
having count_if(dt = cast(day as varchar)) > 0
