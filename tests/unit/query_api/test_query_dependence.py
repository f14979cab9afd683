"""What a statement's rows depend on: too many days are told rather than one too few."""

import pytest

from coinlake.contracts.datasets import TABULAR
from query_api.core.days import ALL_DAYS, Days
from query_api.core.dependence import Dependence, dependence_of

D = '"coinlake"."{}"'
QUOTES, RATES = D.format("quotes"), D.format("rates")
FROM, TO = "2026-01-01", "2026-02-01"


def days(sql: str, feed: str = "assets") -> Days:
    return dependence_of(sql).days[feed]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (f"dt = '{FROM}'", Days(FROM, FROM)),
        (f"'{FROM}' = dt", Days(FROM, FROM)),
        (f"dt >= '{FROM}' and dt < '{TO}'", Days(FROM, TO)),
        (f"'{FROM}' <= dt and '{TO}' >= dt", Days(FROM, TO)),
        (f"dt between '{FROM}' and '{TO}' and hour = '01'", Days(FROM, TO)),
        (f"dt in ('{TO}', '{FROM}')", Days(FROM, TO)),
        (f"q.dt = '{FROM}' and rank > 1", Days(FROM, FROM)),
        (f"(dt = '{FROM}' and rank > 1) and (price_usd > 2)", Days(FROM, FROM)),
        (f"dt > '{FROM}'", Days(FROM, ALL_DAYS.last)),
        # Not bounds, or not of this table.
        (f"dt = '{FROM}' or rank = 1", ALL_DAYS),
        (f"not dt = '{FROM}'", ALL_DAYS),
        (f"dt <> '{FROM}'", ALL_DAYS),
        (f"dt not in ('{FROM}')", ALL_DAYS),
        (f"dt not between '{FROM}' and '{TO}'", ALL_DAYS),
        (f"dt in ('{FROM}', symbol)", ALL_DAYS),
        (f"other.dt = '{FROM}'", ALL_DAYS),
        (f"lower(dt) = '{FROM}'", ALL_DAYS),
        (f"dt = lower('{FROM}')", ALL_DAYS),
        (f"symbol = '{FROM}'", ALL_DAYS),
        ("true", ALL_DAYS),
    ],
)
def test_days_are_bounded_by_conditions_that_all_rows_meet(where: str, expected: Days) -> None:
    assert days(f"select 1 from {QUOTES} q where {where}") == expected


@pytest.mark.parametrize(
    "sql",
    [
        f"select 1 from {QUOTES} a join {QUOTES} b on true where a.dt = '{FROM}'",
        f"select 1 from {QUOTES} a, {RATES} b where a.dt = '{FROM}' and b.dt = '{FROM}'",
        f"select 1 from (select * from {QUOTES}) where dt = '{FROM}'",
        f"with w as (select * from {QUOTES}) select 1 from w where dt = '{FROM}'",
        f"select (select count(*) from {QUOTES}) from {RATES} where dt = '{FROM}'",
        f"select 1 from {RATES} where dt = '{FROM}' and exists (select 1 from {QUOTES})",
        f"select 1 from {QUOTES} where dt = '{FROM}' union select 1 from {QUOTES}",
        f"select 1 from {QUOTES} as q (dt) where dt = '{FROM}'",
        f"select 1 from {D.format('candles_1h')} where dt = '{FROM}'",
    ],
)
def test_where_it_is_not_plain_all_days_are_read(sql: str) -> None:
    assert days(sql) == ALL_DAYS


def test_tables_of_one_feed_are_read_together_and_each_feed_for_itself() -> None:
    sql = (
        f"select 1 from {QUOTES} where dt = '{TO}' union all "
        f"select 1 from {D.format('quotes_quarantine')} where dt = '{FROM}' union all "
        f"select 1 from {RATES} where dt = '{FROM}'"
    )

    assert days(sql) == ALL_DAYS
    assert days(sql, "rates") == Days(FROM, FROM)


def test_what_is_made_of_the_ledger_reads_all_of_it() -> None:
    found = dependence_of(f"select 1 from {D.format('ledger')} where dt = '{FROM}'")

    assert found.days == dict.fromkeys(TABULAR, ALL_DAYS)
    assert found.is_known


@pytest.mark.parametrize(
    "view", ["quotes_live", "quotes_latest", "candles_live", "quality_glue"]
)
def test_what_no_ledger_tells_of_is_not_known(view: str) -> None:
    sql = f"select 1 from {D.format(view)} where dt = '{FROM}'"

    assert not dependence_of(sql).is_known


@pytest.mark.parametrize(
    "term",
    ["now()", "current_timestamp", "current_date", "NOW()", "random()", "uuid()", "rand(5)"],
)
def test_what_depends_on_the_clock_or_on_chance_changes(term: str) -> None:
    assert dependence_of(f"select 1 from {QUOTES} where {term} is null").changes
    assert dependence_of(f"select * from (select max({term}) from {RATES})").changes


def test_a_column_that_is_called_like_a_clock_does_not_change() -> None:
    assert not dependence_of(f'select "now", symbol as uuid from {QUOTES}').changes


def test_it_goes_through_a_pipe() -> None:
    one = Dependence({"assets": Days(FROM, TO), "rates": ALL_DAYS}, True, False)

    assert Dependence.read(one.told()) == one
