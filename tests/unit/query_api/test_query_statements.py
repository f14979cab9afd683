"""Literals, times, partitions and the statements of the typed endpoints."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest

from coinlake.contracts.hours import Hour
from coinlake.views.candles import INTERVALS_MS
from query_api.core import literals
from query_api.core.candle_merge import candles
from query_api.core.feed_rows import ASSET_ROWS, EXCHANGE_ROWS, MARKET_ROWS, RATE_ROWS
from query_api.core.history import Page, history
from query_api.core.latest import latest
from query_api.core.movers import Least, prices_at_both_ends
from query_api.core.problems import BadRequestError
from query_api.core.statements import Statement, one_of
from query_api.core.window import TimeWindow, instant_ms, received_hours, rfc3339, window_of
from trino_sql.query_parser import parse_expression, parse_with_parameters
from trino_sql.tree import StringLiteral

KINDS = (ASSET_ROWS, RATE_ROWS, EXCHANGE_ROWS, MARKET_ROWS)
NINE = 1_795_338_000_000  # 2026-11-22T09:00:00Z
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("bitcoin", "'bitcoin'"),
        ("o'hara", "'o''hara'"),
        ("' OR 1=1 --", "''' OR 1=1 --'"),
        ("\\'", "'\\'''"),
        ("", "''"),
    ],
)
def test_a_string_is_one_literal_and_reads_back(text: str, literal: str) -> None:
    encoded = literals.varchar(text)

    assert encoded == literal
    assert parse_expression(encoded) == StringLiteral(text)


@pytest.mark.parametrize(
    "refused",
    [
        partial(literals.varchar, "a\x00b"),
        partial(literals.bigint, 2**63),
        partial(literals.bigint, True),
        partial(literals.decimal, Decimal("NaN")),
        partial(literals.date, "2026-11-22' OR '1"),
    ],
)
def test_literals_refuse_what_they_cannot_say(refused: Callable[[], str]) -> None:
    with pytest.raises(ValueError, match=r"NUL|not a"):
        refused()


def test_typed_literals() -> None:
    assert literals.timestamp(NINE + 5) == "TIMESTAMP '2026-11-22 09:00:00.005'"
    assert literals.decimal(Decimal("1E-18")) == "DECIMAL '0.000000000000000001'"
    assert literals.bigint(-5) == "-5"
    assert literals.date("2026-11-22") == "DATE '2026-11-22'"
    assert literals.boolean(False) == "false"


@pytest.mark.parametrize(
    "text",
    [
        str(NINE),
        "2026-11-22T09:00:00Z",
        "2026-11-22T10:00:00+01:00",
        "2026-11-22T09:00",
        "2026-11-22T09:00:00.000",
    ],
)
def test_a_time_is_read_in_each_form(text: str) -> None:
    assert instant_ms(text, "from") == NINE


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-13-01", "-5", "1e9", "9" * 16, "2026-W01-1", "1999-01-01", "20261122"],
)
def test_a_wrong_time_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError):
        instant_ms(text, "from")


def test_a_window_defaults_to_the_past_of_now() -> None:
    window = window_of(None, None, now_ms=NINE, default_ms=HOUR, max_ms=2 * HOUR)

    assert window == TimeWindow(NINE - HOUR, NINE)


@pytest.mark.parametrize(
    ("start", "end"), [(NINE, NINE), (NINE + 1, NINE), (NINE - 2 * HOUR, NINE)]
)
def test_a_window_that_is_empty_backwards_or_too_long_is_refused(start: int, end: int) -> None:
    with pytest.raises(BadRequestError):
        window_of(start, end, now_ms=NINE, default_ms=HOUR, max_ms=HOUR)


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "skew_ms", "first", "last"),
    [
        (NINE, NINE + HOUR, 0, "09", "09"),
        (NINE, NINE + HOUR, 1, "08", "10"),
        (NINE + 600_000, NINE + HOUR - 600_000, 600_000, "09", "09"),
        (NINE, NINE + 1, 2 * HOUR, "07", "11"),
    ],
)
def test_partitions_are_widened_by_the_skew_and_no_further(
    from_ms: int, to_ms: int, skew_ms: int, first: str, last: str
) -> None:
    hours = received_hours(TimeWindow(from_ms, to_ms), skew_ms)

    assert hours == (Hour("2026-11-22", first), Hour("2026-11-22", last))


def test_times_are_told_with_milliseconds() -> None:
    assert rfc3339(NINE + 7) == "2026-11-22T09:00:00.007Z"


WINDOW = TimeWindow(NINE, NINE + HOUR)
AT = Hour("2026-11-22", "09")
HARA = one_of("asset_id", ("o'hara", "it's"))
ALL = [
    latest("coinlake", ASSET_ROWS, AT, 5),
    *(latest("coinlake", rows, AT, 5, which=HARA, having=HARA) for rows in KINDS),
    *(
        history("coinlake", rows, HARA, Page(WINDOW, 10, order, 3), 600_000, is_live=is_live)
        for rows in (ASSET_ROWS, RATE_ROWS, EXCHANGE_ROWS)
        for order in ("asc", "desc")
        for is_live in (False, True)
    ),
    *(
        candles("coinlake", ("o'hara", "b"), interval, WINDOW, 600_000, is_live=is_live)
        for interval in INTERVALS_MS
        for is_live in (False, True)
    ),
    *(
        prices_at_both_ends("coinlake", WINDOW, least, 600_000, is_live=is_live)
        for least in (Least(), Least(Decimal("0.5"), Decimal(7)))
        for is_live in (False, True)
    ),
]


@pytest.mark.parametrize("statement", ALL)
def test_each_statement_binds_its_values_and_bounds_its_partitions(
    statement: Statement,
) -> None:
    assert statement.sql.count("?") == len(statement.parameters)
    assert "hara" not in statement.sql
    assert "dt " in statement.sql
    assert "hour " in statement.sql
    assert parse_with_parameters(statement.sql)[1] == len(statement.parameters)


def test_a_database_name_is_not_trusted() -> None:
    with pytest.raises(ValueError, match="not a database"):
        latest('x" --', ASSET_ROWS, AT, 5)
