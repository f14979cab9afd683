-- A statement a line, as analysts write them. Each reads something.
select asset_id from quotes where dt = '2026-11-22' and hour = '06'
select asset_id, price_usd from quotes where dt = '2026-11-22'
select * from quotes where dt = '2026-11-21' and hour = '12'
select max(price_usd) from quotes
select asset_id, avg(price_usd) from quotes where dt >= '2026-11-21' group by asset_id
select asset_id, count(*) from quotes where dt between '2026-11-20' and '2026-11-21' group by 1 order by 2 desc
select asset_id, max(price_usd) as top from quotes where dt in ('2026-11-20', '2026-11-22') group by asset_id having max(price_usd) > 5
select dt, hour, count(asset_id) from quotes group by dt, hour order by dt, hour
select dt, sum(volume_24h_usd) from quotes where dt = '2026-11-20' or dt = '2026-11-22' group by dt
select symbol from quotes where (dt = '2026-11-20' and hour >= '12') or (dt = '2026-11-21' and hour < '06')
select symbol from quotes where not dt = '2026-11-20'
select symbol from quotes where dt <> '2026-11-20' and hour <> '00'
select name from quotes where dt > '2026-11-20' and dt < '2026-11-22'
select name from quotes where '2026-11-21' = dt
select name from quotes where '2026-11-21' <= dt and hour in ('00', '18')
select rank from quotes where dt not in ('2026-11-20', '2026-11-21')
select rank from quotes where dt not between '2026-11-20' and '2026-11-21'
select rank from quotes where cast(dt as date) = date '2026-11-21'
select rank from quotes where cast(dt as date) >= date '2026-11-21' and cast(hour as integer) >= 12
select rank from quotes where cast(hour as integer) = 6
select rank from quotes where dt || '-' || hour = '2026-11-21-06'
select rank from quotes where concat(dt, hour) > '2026-11-2112'
select rank from quotes where (dt, hour) = ('2026-11-21', '06')
select rank from quotes where (dt, hour) in (('2026-11-21', '06'), ('2026-11-22', '12'))
select price_usd from quotes where dt = '2026-11-22' and asset_id = 'asset-1'
select price_usd from quotes where dt = '2026-11-22' and price_usd > 100 and asset_id like 'asset-1%'
select price_usd from quotes where dt = '2026-11-22' and element_at(extra, 'key-1') is not null
select map_keys(extra) from quotes where dt = '2026-11-22' and hour = '00'
select source_ts, received_ts from quotes where dt = '2026-11-22' and source_ts >= timestamp '2026-11-22 06:00:00'
select date_trunc('hour', source_ts) as h, avg(price_usd) from quotes where dt = '2026-11-21' group by 1 order by 1
select q.asset_id, q.price_usd from quotes q where q.dt = '2026-11-21' and q.hour = '18' order by q.price_usd desc
select count(distinct asset_id) from quotes where dt = '2026-11-21'
select distinct asset_id from quotes where dt = '2026-11-20'
select distinct dt, symbol from quotes where hour = '06'
select approx_percentile(cast(price_usd as double), 0.5) from quotes where dt = '2026-11-20'
select asset_id, price_usd, row_number() over (partition by asset_id order by source_ts) as n from quotes where dt = '2026-11-22' and hour = '18'
select asset_id, price_usd - lag(price_usd) over (partition by asset_id order by source_ts) as moved from quotes where dt = '2026-11-22' and hour = '18'
select * from (select asset_id, price_usd, row_number() over (partition by asset_id order by source_ts desc) as n from quotes where dt = '2026-11-21') where n = 1
select asset_id from (select asset_id, price_usd, symbol, name from quotes where dt = '2026-11-20') where asset_id <> 'asset-3'
select asset_id from (select * from quotes) where dt = '2026-11-20' and hour = '00'
select a from (select asset_id as a, dt as d from quotes) where d = '2026-11-21'
select t.a from (select asset_id as a, symbol as b, dt as d from quotes) as t where t.d = '2026-11-21'
select x from (select symbol, dt from quotes) as t(x, y) where y = '2026-11-20'
with q as (select asset_id, price_usd, dt from quotes) select asset_id, max(price_usd) from q where dt = '2026-11-21' group by asset_id
with q as (select * from quotes where dt = '2026-11-20'), m as (select asset_id, max(price_usd) as top from q group by asset_id) select asset_id, top from m order by top desc
with q(a, p, d) as (select asset_id, price_usd, dt from quotes) select a, avg(p) from q where d >= '2026-11-22' group by a
with unused as (select * from rates), q as (select symbol from quotes where dt = '2026-11-20') select symbol from q
with days as (select dt, avg(price_usd) as p from quotes group by dt) select p from days where dt = '2026-11-21'
with h as (select dt, hour, sum(quotes) as n from candles_1m group by dt, hour) select n from h where dt = '2026-11-21' and hour = '06'
select dt, p from (select dt, max(price_usd) as p from quotes group by dt having count(*) > 1) where dt = '2026-11-22'
select asset_id from quotes where dt = '2026-11-20' union all select asset_id from quotes where dt = '2026-11-22'
select asset_id, symbol from quotes where dt = '2026-11-20' union select asset_id, symbol from quotes where dt = '2026-11-21'
select asset_id from (select asset_id, price_usd, dt from quotes union all select rate_id, rate_usd, dt from rates) where dt = '2026-11-22'
select a from (select asset_id as a, price_usd as p from quotes where dt = '2026-11-20' union all select rate_id, rate_usd from rates where dt = '2026-11-20')
select asset_id from quotes where dt = '2026-11-20' except select asset_id from quotes where dt = '2026-11-21' and asset_id > 'asset-3'
select asset_id from quotes where dt = '2026-11-20' intersect select asset_id from candles_1m where dt = '2026-11-20'
select q.asset_id, c.close from quotes q join candles_1m c on q.asset_id = c.asset_id and q.dt = c.dt and q.hour = c.hour where q.dt = '2026-11-21' and q.hour = '06'
select q.symbol, r.rate_usd from quotes q join rates r on q.asset_id = r.rate_id where q.dt = '2026-11-21' and r.dt = '2026-11-21' and r.hour = '12'
select q.symbol, r.rate_usd from quotes q left join rates r on q.asset_id = r.rate_id and r.dt = '2026-11-20' where q.dt = '2026-11-21'
select q.symbol, r.symbol from quotes q right join rates r on q.asset_id = r.rate_id and q.dt = '2026-11-20' where r.dt = '2026-11-21' and r.hour = '06'
select asset_id, c.quotes from quotes q inner join candles_1m c using (asset_id, dt, hour) where dt = '2026-11-22' and hour = '12'
select a.asset_id, a.price_usd, b.price_usd from quotes a join quotes b on a.asset_id = b.asset_id where a.dt = '2026-11-20' and a.hour = '00' and b.dt = '2026-11-22' and b.hour = '18'
select a.asset_id, e.name from quotes a, exchanges e where a.dt = '2026-11-20' and a.hour = '00' and e.dt = '2026-11-20' and e.hour = '06' and a.rank = e.rank
select count(*) from quotes q cross join rates r where q.dt = '2026-11-20' and q.hour = '00' and r.dt = '2026-11-20' and r.hour = '00' and q.rank > r.rate_usd
select asset_id from quotes where dt = '2026-11-20' and asset_id in (select rate_id from rates where dt = '2026-11-21')
select asset_id from quotes q where dt = '2026-11-20' and exists (select 1 from rates r where r.rate_id = q.asset_id and r.dt = '2026-11-22' and r.hour = '00')
select asset_id from quotes where dt = '2026-11-20' and price_usd > (select avg(price_usd) from quotes where dt = '2026-11-21')
select asset_id, price_usd / (select max(rate_usd) from rates where dt = '2026-11-22') as share from quotes where dt = '2026-11-22' and hour = '18'
select asset_id from quotes where dt = '2026-11-22' and asset_id not in (select asset_id from candles_1m where dt = '2026-11-22' and hour = '18')
select case when price_usd > 10 then symbol else name end as s from quotes where dt = '2026-11-21' and hour = '00'
select coalesce(symbol, name, asset_id) from quotes where dt = '2026-11-21' and hour = '00'
select if(rank > 3, price_usd) from quotes where dt = '2026-11-21' and hour = '00'
select try_cast(symbol as integer) from quotes where dt = '2026-11-21' and hour = '00'
select count_if(price_usd > 5), count(*) filter (where rank > 3) from quotes where dt = '2026-11-20'
select max_by(symbol, price_usd), min_by(name, price_usd) from quotes where dt = '2026-11-20'
select asset_id, symbol from quotes where dt = '2026-11-22' order by price_usd desc limit 10
select asset_id, sum(market_cap_usd) from quotes where dt = '2026-11-22' group by asset_id order by 2 desc limit 5
select asset_id from quotes where dt = '2026-11-22' and hour = '18' order by 1 offset 5 limit 10
select avg(price_usd) from (select price_usd from quotes where dt = '2026-11-21' order by price_usd desc limit 100)
select open, close from candles_1m where dt = '2026-11-20'
select "minute", close from candles_1m where dt = '2026-11-20' and asset_id = 'asset-7' order by "minute"
select asset_id, "minute", close from candles where asset_id = 'asset-7'
select close from candles_1h where asset_id = 'asset-7'
select asset_id, max(high) - min(low) as span from candles_1d group by asset_id
select "minute", open, high, low, close, quotes from candles_5m where asset_id in ('asset-1', 'asset-2')
select avg(quotes) from candles_1w
select asset_id, price_usd from quotes_live where dt = '2026-11-22' and hour = '18'
select asset_id, price_usd from quotes_live where dt >= '2026-11-22'
select count(asset_id) from quotes_live where is_live
select asset_id, price_usd, source_ts from quotes_latest
select price_usd from quotes_latest where asset_id = 'asset-1'
select close from candles_1m_live where dt = '2026-11-22' and asset_id = 'asset-4'
select asset_id, close from candles_live where asset_id = 'asset-4'
select feed, count(*) from ledger group by feed
select dt, hour, version from ledger where feed = 'assets' order by dt, hour
select sum(billed_seconds) from ledger where feed in ('assets', 'rates')
select l.dt, l.hour, q.n from (select dt, hour from ledger where feed = 'assets') l join (select dt, hour, count(symbol) as n from quotes group by dt, hour) q on l.dt = q.dt and l.hour = q.hour
select chain_id, count(*) from asset_tokens where dt = '2026-11-20' group by 1
select exchange_id, volume_usd from exchanges where dt = '2026-11-20'
select count(name), max(updated_ts) from exchanges
select sum(price_usd) over (partition by dt order by source_ts rows between 2 preceding and current row) from quotes where dt = '2026-11-22' and hour = '12'
select s from (select dt, sum(rank) over (partition by dt) as s from quotes) where dt = '2026-11-20'
select grouping_day, total from (select dt as grouping_day, count(symbol) as total from quotes group by dt) where grouping_day in ('2026-11-20', '2026-11-21')
select dt, hour, count(symbol) from quotes where dt = '2026-11-20' group by grouping sets ((dt), (dt, hour))
select dt, count(name) from quotes where hour = '06' group by rollup (dt)
select asset_id from quotes where dt >= '2026-11-20' and dt <= '2026-11-22' and (dt > '2026-11-20' or hour >= '18') and (dt < '2026-11-22' or hour <= '00')
select m.asset_id, m.top from (select asset_id, max(price_usd) as top from quotes where dt = '2026-11-21' group by asset_id) m where m.top > 1
select asset_id, price_usd from quotes_live where dt > '2026-11-21' or (dt = '2026-11-21' and hour >= '18')
select max(price_usd) from quotes_live where (dt, hour) in (('2026-11-21', '06'), ('2026-11-20', '12'))
select a from (select asset_id as a, dt, hour from quotes union all select rate_id, dt, hour from rates) where dt = '2026-11-20' and (hour = '06' or hour = '12')
