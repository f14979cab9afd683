-- One read of the ledger: its view of heads would read it twice.
select
    dt,
    hour,
    date_parse(concat(dt, ' ', hour), '%Y-%m-%d %H') as starts_at,
    max(version) as version,
    max_by(complete, version) as is_complete,
    cast(from_unixtime(max_by(committed_at_ms, version) / 1e3) as timestamp(3)) as committed_at
from {{ source('coinlake', 'ledger') }}
where feed = 'assets'
group by dt, hour
