-- Questions that people ask of this lake, one a line: each is accepted, and answered as without the guard.
select count(*) from quotes
select asset_id, count(*) n, min(price_usd), max(price_usd) from quotes group by asset_id order by asset_id
select asset_id, avg(price_usd) from quotes where dt = '2026-11-22' group by 1 order by 1
select date_trunc('minute', source_ts) m, count(*) from quotes group by 1 order by 1
select date_trunc('hour', received_ts) h, approx_distinct(asset_id) from quotes group by 1 order by 1
select asset_id, array_agg(price_usd order by source_ts) from quotes group by 1 order by 1
select asset_id, array_join(array_agg(cast(kafka_offset as varchar) order by source_ts), ',') from quotes group by 1 order by 1
select listagg(asset_id, ', ') within group (order by asset_id) from (select distinct asset_id from quotes)
select asset_id, array_sort(map_keys(map_agg(source_ts, price_usd))) from quotes group by 1 order by 1
select asset_id, max_by(price_usd, source_ts), min_by(price_usd, source_ts) from quotes group by 1 order by 1
select asset_id, source_ts, price_usd - lag(price_usd) over (partition by asset_id order by source_ts) d from quotes order by 1, 2
select asset_id, source_ts, row_number() over (partition by asset_id order by source_ts desc) r from quotes order by 1, 2
select * from (select asset_id, price_usd, rank() over (order by price_usd desc) r from quotes) where r <= 3 order by r, asset_id
select asset_id, source_ts, avg(price_usd) over (partition by asset_id order by source_ts rows between 1 preceding and current row) a from quotes order by 1, 2
select asset_id, source_ts, first_value(price_usd) over w f, last_value(price_usd) over w l from quotes window w as (partition by asset_id order by source_ts rows between unbounded preceding and unbounded following) order by 1, 2
select asset_id, ntile(2) over (order by source_ts, asset_id) from quotes order by source_ts, asset_id
select asset_id, percent_rank() over (order by price_usd), cume_dist() over (order by price_usd) from quotes order by price_usd, asset_id
select minute, open, high, low, close from candles_1m order by minute, first_source_ts
select date_trunc('hour', minute) h, max(high), min(low), sum(quotes) from candles_1m group by 1 order by 1
select date_add('hour', 1, minute), date_diff('second', first_source_ts, last_source_ts) from candles_1m order by 1, 2
select q.asset_id, q.price_usd, c.close from quotes q join candles_1m c on q.asset_id = c.asset_id and date_trunc('minute', q.source_ts) = c.minute order by q.source_ts, c.first_source_ts
select q.asset_id, c.minute from quotes q left join candles_1m c on q.asset_id = c.asset_id and q.rank > 1 order by 1, 2
select r.rate_id, r.rate_usd from rates r where r.rate_id in ('rate-1', 'rate-20', 'rate-300') order by 1
select count(*) from rates where rate_usd between 10 and 20
select sum(rate_usd), avg(rate_usd), stddev(rate_usd), variance(rate_usd) from rates
select approx_percentile(cast(rate_usd as double), 0.5) from rates
select approx_percentile(cast(rate_usd as double), array[0.1, 0.5, 0.9]) from rates
select width_bucket(cast(rate_usd as double), 0, 3000, 10) b, count(*) from rates group by 1 order by 1
select count_if(rate_usd > 100), bool_and(rate_usd >= 0), bool_or(rate_usd > 2998), every(rate_usd < 3000) from rates
select corr(cast(rate_usd as double), cast(rate_usd as double)), covar_pop(cast(rate_usd as double), 1e0) from rates
select regr_slope(cast(rate_usd as double), cast(rate_usd as double)) from rates
select geometric_mean(cast(rate_usd + 1 as double)), skewness(cast(rate_usd as double)), kurtosis(cast(rate_usd as double)) from rates
select histogram(mod(cast(rate_usd as bigint), 3)) from rates
select checksum(rate_id) from rates
select bitwise_and_agg(cast(rate_usd as bigint)), bitwise_or_agg(cast(rate_usd as bigint)) from rates
select regexp_like(asset_id, '^bit.*$'), asset_id from quotes order by 2, 1
select distinct regexp_extract(asset_id, '([a-z]+)', 1) from quotes order by 1
select distinct regexp_replace(asset_id, '[aeiou]', '_') from quotes order by 1
select distinct regexp_split(asset_id, 'i') from quotes order by 1
select distinct regexp_extract_all(asset_id, '[a-z]') from quotes order by 1
select distinct regexp_count(asset_id, 'i'), regexp_position(asset_id, 'o') from quotes order by 1, 2
select distinct upper(asset_id), reverse(asset_id), length(asset_id) from quotes order by 1
select distinct substr(asset_id, 1, 3), lpad(asset_id, 10, '.'), rpad(asset_id, 10, '.') from quotes order by 1
select distinct replace(asset_id, 'o', '0'), translate(asset_id, 'abc', 'xyz') from quotes order by 1
select distinct split(asset_id, 'o'), split_part(asset_id, 'o', 1) from quotes order by 2
select distinct strpos(asset_id, 't'), starts_with(asset_id, 'bit') from quotes order by 1, 2
select distinct concat(asset_id, '-', symbol), asset_id || '/' || coalesce(symbol, '?') from quotes order by 2
select distinct concat_ws('|', asset_id, symbol, name) from quotes order by 1
select distinct levenshtein_distance(asset_id, 'bitcoin'), soundex(asset_id) from quotes where asset_id <> 'o''hara' order by 1, 2
select distinct to_hex(md5(to_utf8(asset_id))), to_hex(sha256(to_utf8(asset_id))) from quotes order by 1
select distinct to_base64(to_utf8(asset_id)), crc32(to_utf8(asset_id)), to_hex(xxhash64(to_utf8(asset_id))) from quotes order by 1
select distinct url_encode(asset_id), url_decode(url_encode(asset_id)) from quotes order by 1
select url_extract_host('https://example.com/a?b=1'), url_extract_parameter('https://example.com/a?b=1', 'b')
select json_extract_scalar('{"a": {"b": 7}}', '$.a.b'), json_extract('{"a": [1, 2]}', '$.a')
select json_array_length('[1, 2, 3]'), json_size('{"a": {"b": 1}}', '$.a'), json_array_contains('[1, 2]', 2)
select json_value('{"a": 1}', 'lax $.a' returning bigint), json_exists('{"a": 1}', 'lax $.b')
select json_query('{"a": [1, 2]}', 'lax $.a'), json_object('k' : 1), json_array(1, 'x', null null on null)
select json_format(cast(map(array['a', 'b'], array[1, 2]) as json)), cast(json_parse('[1, 2]') as array(integer))
select cast(row(1, 'x') as row(n integer, t varchar)).t, row(1, 2)
select array[3, 1, 2], array_sort(array[3, 1, 2]), array_max(array[3, 1, 2]), array_min(array[3, 1, 2])
select array_distinct(array[1, 1, 2]), array_union(array[1], array[2]), array_intersect(array[1, 2], array[2]), array_except(array[1, 2], array[2])
select array_position(array['a', 'b'], 'b'), contains(array['a'], 'a'), arrays_overlap(array[1], array[1, 2]), slice(array[1, 2, 3], 2, 2)
select transform(array[1, 2, 3], x -> x * x), filter(array[1, 2, 3], x -> x > 1), reduce(array[1, 2, 3], 0, (s, x) -> s + x, s -> s)
select any_match(array[1, 2], x -> x > 1), all_match(array[1, 2], x -> x > 1), none_match(array[1, 2], x -> x > 2)
select zip(array[1, 2], array['a', 'b']), zip_with(array[1, 2], array[3, 4], (x, y) -> x + y), flatten(array[array[1], array[2, 3]])
select map_keys(map(array['a'], array[1])), map_values(map(array['a'], array[1])), map_concat(map(array['a'], array[1]), map(array['b'], array[2]))
select map_filter(map(array['a', 'b'], array[1, 2]), (k, v) -> v > 1), transform_values(map(array['a'], array[1]), (k, v) -> v + 1)
select element_at(map(array['a'], array[1]), 'a'), cardinality(array[1, 2]), map_from_entries(array[row('a', 1)])
select repeat('x', 3), sequence(1, 10, 3), ngrams(array['a', 'b', 'c'], 2), array_join(array['a', null], '-', '?')
select d, count(q.asset_id) from unnest(sequence(date '2026-11-20', date '2026-11-24')) as t (d) left join quotes q on cast(q.source_ts as date) = d group by d order by d
select m, count(q.asset_id) from unnest(sequence(timestamp '2026-11-22 09:59', timestamp '2026-11-22 10:08', interval '1' minute)) as t (m) left join quotes q on date_trunc('minute', q.source_ts) = m group by 1 order by 1
select n, rate_usd from unnest(array[1, 20, 300]) as t (n) join rates on rate_id = 'rate-' || cast(n as varchar) order by n
select t.k, t.n from (values ('a', 1), ('b', 2)) as t (k, n) order by 1
select s, n from unnest(split('a,b,c', ',')) with ordinality as t (s, n) order by n
select date_format(source_ts, '%Y-%m-%d %H:%i'), format_datetime(source_ts, 'yyyy-MM-dd') from quotes order by source_ts, asset_id
select year(source_ts), month(source_ts), day(source_ts), hour(source_ts), minute(source_ts), day_of_week(source_ts), week(source_ts), quarter(source_ts) from quotes order by source_ts, asset_id
select to_unixtime(source_ts), from_unixtime(1763805600), to_iso8601(date '2026-11-22'), last_day_of_month(date '2026-02-01') from quotes order by 1
select extract(hour from source_ts), extract(doy from source_ts) from quotes order by source_ts, asset_id
select date_parse('2026-11-22 10:00', '%Y-%m-%d %H:%i'), from_iso8601_timestamp('2026-11-22T10:00:00Z'), parse_duration('90s')
select source_ts at time zone 'Europe/Berlin' from (select timestamp '2026-11-22 10:00:00 UTC' as source_ts)
select with_timezone(timestamp '2026-11-22 10:00:00', 'UTC'), at_timezone(timestamp '2026-11-22 10:00:00 UTC', 'Asia/Tokyo')
select source_ts + interval '1' hour, source_ts - interval '1' day from quotes order by source_ts, asset_id
select cast(price_usd as double), cast(price_usd as varchar), try_cast(asset_id as bigint), cast(rank as decimal(10, 2)), cast(rank as decimal) from quotes order by source_ts, asset_id
select round(price_usd, 2), floor(price_usd), ceil(price_usd), truncate(cast(price_usd as double)), abs(price_usd), sign(price_usd) from quotes order by source_ts, asset_id
select ln(cast(price_usd as double)), log10(cast(price_usd as double)), sqrt(cast(price_usd as double)), power(cast(price_usd as double), 2), exp(1), mod(7, 3) from quotes order by source_ts, asset_id
select greatest(1, 2), least(1, 2), nullif(1, 1), coalesce(null, 1), if(true, 'a', 'b'), try(1 / 0)
select case when price_usd > 100 then 'high' when price_usd > 1 then 'mid' else 'low' end c, count(*) from quotes group by 1 order by 1
select case asset_id when 'bitcoin' then 1 else 0 end, count(*) from quotes group by 1 order by 1
select asset_id, hour, count(*) from quotes group by grouping sets ((asset_id), (hour), ()) order by 1, 2
select asset_id, hour, grouping(asset_id, hour), count(*) from quotes group by rollup (asset_id, hour) order by 1, 2, 3
select asset_id from quotes union select rate_id from rates where rate_usd < 3 order by 1
select asset_id from quotes intersect select asset_id from candles_1m
select asset_id from quotes except select asset_id from candles_1m order by 1
select asset_id from quotes where rank in (select min(rank) from quotes) group by 1 order by 1
select q.asset_id from quotes q where exists (select 1 from candles_1m c where c.asset_id = q.asset_id) group by 1 order by 1
select distinct asset_id from quotes where price_usd >= all (select price_usd from quotes)
select distinct asset_id from quotes where price_usd > any (select close from candles_1m) order by 1
select asset_id, (select max(close) from candles_1m) - price_usd from quotes order by source_ts, asset_id
with newest as (select asset_id, max(source_ts) at from quotes group by 1) select q.asset_id, q.price_usd from quotes q join newest n on n.asset_id = q.asset_id and n.at = q.source_ts order by 1
with a as (select asset_id, price_usd from quotes), b as (select asset_id, avg(price_usd) p from a group by 1) select a.asset_id, a.price_usd / b.p from a join b on a.asset_id = b.asset_id order by 1, 2
select asset_id, sum(price_usd) filter (where hour = '10') ten, count(*) filter (where hour = '09') nine from quotes group by 1 order by 1
select count(distinct asset_id), count(distinct hour) from quotes
select asset_id from quotes group by asset_id having count(*) > 1 and max(price_usd) > 100 order by 1
select coalesce(symbol, 'none') s, count(*) from quotes group by 1 order by 2 desc, 1 limit 2
select asset_id, price_usd from quotes order by price_usd desc nulls last offset 1 rows fetch first 2 rows only
select price_usd as "price in USD", asset_id as "asset (id)" from quotes order by "price in USD", 2
select numeric_histogram(3, cast(rate_usd as double)) from rates where rate_usd < 9
select approx_most_frequent(2, mod(cast(rate_usd as bigint), 2), 10) from rates
select array_sort(map_keys(m)), array_sort(element_at(m, 1)) from (select multimap_agg(mod(cast(rate_usd as bigint), 2), rate_id) m from rates where rate_usd < 4)
select reduce_agg(cast(rate_usd as bigint), 0, (s, x) -> s + x, (a, b) -> a + b) from rates
select arbitrary(dt), any_value(dt) from rates
select typeof(price_usd), typeof(source_ts), typeof(extra) from quotes limit 1
select format('%s is %.2f', asset_id, cast(price_usd as double)) from quotes order by source_ts, asset_id
select bitwise_and(6, 3), bitwise_xor(6, 3), bit_count(6, 64), from_base('ff', 16), to_base(255, 16)
select is_nan(nan()), is_finite(1e0), infinity(), pi(), e()
select normal_cdf(0, 1, 0.5), inverse_normal_cdf(0, 1, 0.5), wilson_interval_lower(5, 10, 1.96)
select table_name from information_schema.tables where table_name in ('quotes', 'rates') order by 1
select column_name, data_type from information_schema.columns where table_name = 'rates' order by ordinal_position
