"""What a statement is said to read: tables, columns, partitions, and why it may be less."""

import json
from dataclasses import astuple

import pytest

from coinlake.contracts.hours import HOUR_MS, Hour
from query_api.core.guard import check
from query_api.core.lake_columns import columns_of_table, keys_in, layout_of
from query_api.core.pruning import keeps
from query_api.core.read_sources import Read, read_back
from query_api.core.reads import reads_below, reads_of
from query_api.core.terms import Term
from trino_sql.query_parser import parse_query

# 2026-11-22T07:30:00Z
NOW_MS = Hour("2026-11-22", "07").start_ms + HOUR_MS // 2
KEYS = [
    {"dt": f"2026-11-{day}", "hour": hour}
    for day in ("20", "21", "22")
    for hour in ("00", "06", "12")
]


def reads(sql: str) -> list[Read]:
    found = check(sql, "coinlake", 10).reads
    assert found is not None
    # As through the guard's pipe.
    back = read_back(json.loads(json.dumps([astuple(one) for one in found])))
    assert back == found
    return list(found)


def kept(where: tuple[Term, ...]) -> list[str]:
    return [
        f"{one['dt'][-2:]}/{one['hour']}"
        for one in KEYS
        if all(keeps(term, one, NOW_MS) for term in where)
    ]


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("select asset_id from quotes", "asset_id"),
        ("select count(*) from quotes", ""),
        ("select 1 from quotes", ""),
        ("select q.asset_id, Q.RANK from quotes as q", "asset_id rank"),
        ("select quotes.asset_id from quotes", "asset_id"),
        ("select coinlake.quotes.asset_id from coinlake.quotes", "asset_id"),
        ("select rank from quotes where symbol = 'x' order by name", "name rank symbol"),
        ("select rank as a from quotes order by a", "rank"),
        ("select rank as name, symbol from quotes order by 2", "rank symbol"),
        ("select upper(symbol), count(*) from quotes group by 1", "symbol"),
        (
            "select max(rank) from quotes group by symbol having min(name) > 'a'",
            "name rank symbol",
        ),
        ("select max(rank) from quotes group by rollup (symbol, name)", "name rank symbol"),
        ("select a from (select rank as a, symbol as b from quotes)", "rank"),
        ("select a from (select distinct rank as a, symbol as b from quotes)", "rank symbol"),
        ("select a from (select rank as a from quotes order by symbol)", "rank"),
        ("select a from (select rank as a from quotes order by symbol limit 3)", "rank symbol"),
        (
            "select a from (select rank as a, lag(name) over (order by symbol) as b from quotes)",
            "rank",
        ),
        (
            "select b from (select rank as a, lag(name) over (order by symbol) as b from quotes)",
            "name symbol",
        ),
        (
            "select rank from quotes window w as (partition by symbol order by name)",
            "name rank symbol",
        ),
        ("with q as (select rank, symbol from quotes) select rank from q", "rank"),
        ("with q(a, b) as (select rank, symbol from quotes) select b from q", "symbol"),
        (
            "with q as (select rank, symbol from quotes), r as (select * from q) select rank from r",
            "rank",
        ),
        ("select t.y from (select rank, symbol from quotes) as t(x, y)", "symbol"),
        ("select q.* from (select rank, symbol from quotes) q", "rank symbol"),
        ("select k from quotes cross join unnest(extra) as u(k, v)", "extra"),
        ("select case when rank > 1 then symbol end from quotes", "rank symbol"),
        ("select count(symbol) filter (where rank > 1) from quotes", "rank symbol"),
        ("select rank in (1, 2), symbol between 'a' and name from quotes", "name rank symbol"),
        ("select extra['a'] from quotes", "extra"),
        ("select cast(rank as varchar(3)) from quotes", "rank"),
    ],
)
def test_only_the_columns_that_are_needed_are_read(sql: str, columns: str) -> None:
    (read,) = reads(sql)

    assert (read.table, read.columns) == ("quotes", tuple(columns.split()))


def test_a_star_reads_all_columns() -> None:
    (read,) = reads("select * from quotes")

    assert read.columns == tuple(sorted(columns_of_table("quotes") or ()))


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("select rank from quotes union all select 1 from rates", "quotes:rank rates:"),
        ("select rank from quotes except select rank from exchanges", "quotes:rank exchanges:rank"),
        ("select a.rank from quotes a, quotes b where a.symbol = b.name", "quotes:rank,symbol quotes:name"),
        ("select quotes.rank from quotes join rates on quotes.symbol = rate_id", "quotes:rank,symbol rates:rate_id"),
        ("select symbol from quotes join candles_1m using (asset_id)", "quotes:asset_id,symbol candles_1m:asset_id"),
        ("select rank from quotes where symbol in (select rate_id from rates)", "rates:rate_id quotes:rank,symbol"),
        ("select rank from quotes q where exists (select * from rates r where r.rate_id = q.name)", "rates:rate_id quotes:name,rank"),
        ("select (select max(rate_usd) from rates where rate_id = symbol) from quotes", "rates:rate_id,rate_usd,symbol quotes:"),
        ("with q as (select rank from quotes) select a.rank from q a, q b where a.rank = b.rank", "quotes:rank quotes:rank"),
        ("with q as (select rank from quotes) select 1 from rates", "rates:"),
        ("with q as (select rank from quotes) select 1 from rates where 1 in (select rank from q)", "quotes:rank rates:"),
    ],
)  # fmt: skip
def test_each_reference_is_a_read(sql: str, tables: str) -> None:
    found = [f"{one.table}:{','.join(one.columns or ())}" for one in reads(sql)]

    assert found == tables.split()


ALL = "20/00 20/06 20/12 21/00 21/06 21/12 22/00 22/06 22/12"


@pytest.mark.parametrize(
    ("where", "partitions"),
    [
        ("dt = '2026-11-21'", "21/00 21/06 21/12"),
        ("'2026-11-21' = dt and hour = '06'", "21/06"),
        ("dt <> '2026-11-21' and hour <> '00'", "20/06 20/12 22/06 22/12"),
        ("dt < '2026-11-21'", "20/00 20/06 20/12"),
        ("dt <= '2026-11-21' and hour >= '12'", "20/12 21/12"),
        ("dt > '2026-11-21' and '06' > hour", "22/00"),
        ("dt between '2026-11-21' and '2026-11-22' and hour not between '00' and '06'", "21/12 22/12"),
        ("dt in ('2026-11-20', '2026-11-22') and hour not in ('06', '12')", "20/00 22/00"),
        ("not (dt = '2026-11-20' or hour = '00')", "21/06 21/12 22/06 22/12"),
        ("dt = '2026-11-20' or rank > 3", ALL),
        ("dt = '2026-11-20' and rank > 3", "20/00 20/06 20/12"),
        ("dt is null", ""),
        ("dt is not null and hour = '00'", "20/00 21/00 22/00"),
        ("dt = null", ""),
        ("not (dt in ('2026-11-20', null))", ""),
        ("false", ""),
        ("true and dt = '2026-11-20'", "20/00 20/06 20/12"),
        ("(dt, hour) = ('2026-11-21', '06')", "21/06"),
        ("(dt, hour) in (('2026-11-21', '06'), ('2026-11-20', '12'))", "20/12 21/06"),
        ("cast(dt as date) = date '2026-11-21'", "21/00 21/06 21/12"),
        ("cast(hour as integer) > 6", "20/12 21/12 22/12"),
        ("cast(hour as integer) > -1 and dt = '2026-11-20'", "20/00 20/06 20/12"),
        ("dt || 'T' || hour >= '2026-11-21T12'", "21/12 22/00 22/06 22/12"),
        ("dt = cast(current_date as varchar)", "22/00 22/06 22/12"),
        ("cast(dt as date) = current_date - interval '1' day", "21/00 21/06 21/12"),
        ("dt >= cast(date_add('day', -1, current_date) as varchar) and hour = '06'", "21/06 22/06"),
        ("dt = date_format(now() - interval '30' hour, '%Y-%m-%d')", "21/00 21/06 21/12"),
        ("hour = date_format(now() - interval '90' minute, '%H')", "20/06 21/06 22/06"),
        # What only the engine can tell is read.
        ("substr(dt, 1, 4) = '2025'", ALL),
        ("dt like '2025%'", ALL),
        ("cast(dt as date) = date 'nonsense'", ALL),
        ("cast(symbol as date) = date '2026-11-21'", ALL),
        ("date_format(now(), '%W') = 'Monday'", ALL),
        ("hour = 6", ALL),
        ("try_cast(hour as integer) = 99", ALL),
    ],
)  # fmt: skip
def test_partitions_are_ruled_out_as_far_as_their_keys_tell(
    where: str, partitions: str
) -> None:
    (read,) = reads(f"select rank from quotes where {where}")

    assert kept(read.where) == partitions.split()


@pytest.mark.parametrize(
    "sql",
    [
        "select a from (select rank as a, dt as d from quotes) where d = '2026-11-21'",
        "select a from (select rank as a, dt as d from quotes order by 1) t where t.d = '2026-11-21'",
        "with q as (select * from quotes) select rank from q where dt = '2026-11-21'",
        "with q(x, y) as (select rank, dt from quotes) select x from q where y = '2026-11-21'",
        "select m from (select dt, max(rank) as m from quotes group by dt) where dt = '2026-11-21'",
        "select m from (select dt as d, max(rank) as m from quotes group by 1) where d = '2026-11-21'",
        "select m from (select distinct dt, rank as m from quotes) where dt = '2026-11-21'",
        "select n from (select dt, row_number() over (partition by dt) as n from quotes) where dt = '2026-11-21'",
        "select rank from (select rank, dt from quotes union all select rank, dt from quotes) where dt = '2026-11-21'",
        "select rank from (select rank, dt from quotes union select rank, dt from quotes) where dt = '2026-11-21'",
        "select a.rank from quotes a join rates r on a.symbol = r.rate_id where a.dt = '2026-11-21'",
        "select a.rank from quotes a left join rates r on a.symbol = r.rate_id where a.dt = '2026-11-21'",
        "select a.rank from rates r left join quotes a on a.symbol = r.rate_id and a.dt = '2026-11-21'",
        "select a.rank from quotes a right join rates r on a.symbol = r.rate_id and a.dt = '2026-11-21'",
        "select a.rank from quotes a join rates r on a.dt = r.dt where r.dt = '2026-11-21'",
        "select k from quotes cross join unnest(extra) as u(k, v) where dt = '2026-11-21'",
    ],
)  # fmt: skip
def test_a_condition_reaches_the_table_through_what_lies_between(sql: str) -> None:
    for read in reads(sql):
        if read.table == "quotes":
            assert kept(read.where) == ["21/00", "21/06", "21/12"]


@pytest.mark.parametrize(
    "sql",
    [
        "select a from (select rank as a, dt from quotes limit 3) where dt = '2026-11-21'",
        "select a from (select rank as a, dt from quotes order by 1 limit 3) where dt = '2026-11-21'",
        "select a from (select rank as a, dt from quotes offset 3) where dt = '2026-11-21'",
        "select d from (select max(dt) as d from quotes) where d = '2026-11-21'",
        "select m from (select symbol, max(dt) as m from quotes group by symbol) where m = '2026-11-21'",
        "select n from (select dt, row_number() over (order by dt) as n from quotes) where dt = '2026-11-21'",
        "select n from (select dt, sum(rank) as n from quotes group by rollup (dt)) where dt = '2026-11-21'",
        "select a.rank from rates r left join quotes a on a.symbol = r.rate_id where a.dt = '2026-11-21'",
        "select a.rank from quotes a left join rates r on a.dt = '2026-11-21'",
        "select a.rank from quotes a full join rates r on a.symbol = r.rate_id where a.dt = '2026-11-21'",
        "select rank from quotes where symbol in (select rate_id from rates where dt = '2026-11-21')",
        "select rank from (select rank, dt from quotes except select rank, dt from quotes) where dt = '2026-11-21'",
    ],
)  # fmt: skip
def test_a_condition_stays_where_it_must_not_go_further(sql: str) -> None:
    for read in reads(sql):
        if read.table == "quotes":
            assert kept(read.where) == ALL.split()


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select rank from quotes", ("row_cap",)),
        ("select rank from quotes order by rank", ()),
        ("select count(*) from (select rank from quotes)", ()),
        ("select * from (select symbol from quotes group by 1)", ()),
        ("select * from (select symbol from quotes group by 1) limit 5", ()),
        ("select * from (select symbol from quotes order by rank limit 9) limit 5", ()),
        ("select * from (select symbol from quotes order by rank) limit 5", ("limit",)),
        ("select rank from quotes union select 1 from quotes", ()),
        ("select rank from quotes union all select 1 from quotes", ("row_cap",)),
        ("select rank from quotes limit 5", ("limit",)),
        ("select rank from quotes order by rank limit 5", ()),
        ("select max(rank) from quotes limit 5", ()),
        ("select symbol from quotes group by symbol limit 5", ()),
        ("select distinct symbol from quotes limit 5", ()),
        ("select rank() over (order by rank) from quotes limit 5", ()),
        ("(select rank from quotes) union all (select 1 from quotes) limit 5", ("limit",)),
        ("select count(*) from quotes a, quotes b", ("join",)),
        ("select a.rank from quotes a, quotes b limit 5", ("limit", "join")),
    ],
)
def test_why_the_engine_may_read_less(sql: str, why: tuple[str, ...]) -> None:
    assert {one.why_less for one in reads(sql)} == {why}


def test_a_statement_of_too_many_references_is_not_estimated() -> None:
    parts = ["q0 as (select rank from quotes)"]
    parts += [
        f"q{n} as (select * from q{n - 1} union all select * from q{n - 1})"
        for n in range(1, 12)
    ]
    sql = f"with {', '.join(parts)} select count(*) from q11"

    # The guard refuses it before; a view might be such a one.
    assert reads_of(parse_query(sql), columns_of_table) is None


def test_a_view_is_read_for_what_is_asked_of_it() -> None:
    view = parse_query(
        "select asset_id as a, rank as r, dt from quotes where hour = '06'"
        " union all select rate_id, 1, dt from rates"
    )
    where: tuple[Term, ...] = (("=", ("column", "dt"), ("value", "2026-11-21")),)

    found = reads_below(view, ("r",), where, columns_of_table)

    assert found is not None
    quotes, rates = found
    assert (quotes.columns, kept(quotes.where)) == (("dt", "hour", "rank"), ["21/06"])
    assert (rates.columns, kept(rates.where)) == (("dt",), ["21/00", "21/06", "21/12"])


@pytest.mark.parametrize(
    ("table", "path", "keys"),
    [
        ("quotes", "dt=2026-11-21/hour=06/part-0.parquet", {"dt": "2026-11-21", "hour": "06"}),
        ("quotes", "stray.parquet", None),
        ("quotes", "dt=2026-11-21/stray.parquet", None),
        ("quotes", "dt=2026-11-21/hour=06/_temporary", None),
        ("quotes", "dt=2026-11-21/.hidden/part-0.parquet", None),
        ("raw_assets", "dt=2026-11-21/hour=06/1-0-0.json.gz", {"received_hour": "2026-11-21/hour=06"}),
        ("raw_assets", "odd", None),
        ("ledger", "feed=assets/dt=2026-11-21/hour=06/1.json", {"feed": "assets"}),
        ("quality_glue", "any/thing.json", {}),
    ],
)  # fmt: skip
def test_an_object_is_in_the_partition_that_its_path_names(
    table: str, path: str, keys: dict[str, str] | None
) -> None:
    layout = layout_of(table)
    assert layout is not None

    assert keys_in(path, layout) == keys
