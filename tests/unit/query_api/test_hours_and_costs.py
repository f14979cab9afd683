"""Hours as a calendar, the price of runs, sparklines, and where a price came from."""

import gzip
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from coinlake import prices
from coinlake.contracts.headers import AnswerHeaders
from coinlake.contracts.hours import HOUR_MS, UNKNOWN_HOUR, Hour, hour_of
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_columns import Record
from coinlake_tools import cost
from query_api.core.costs import (
    RUN_DPU,
    BilledRun,
    cost_lines,
    forecast_usd,
    glue_by_day,
    run_usd,
)
from query_api.core.coverage import PublishedHour
from query_api.core.hour_calendar import calendar
from query_api.core.origin import candidates, find_in, lineage
from query_api.core.sparklines import as_lines, change_pct
from query_api.core.window import TimeWindow
from query_api.loop.day_costs import DayCosts

NOW_MS = Hour("2026-11-22", "10").start_ms + 20 * 60_000
WINDOW = TimeWindow(NOW_MS - 24 * HOUR_MS, NOW_MS)


def head(hour: Hour, **said: Any) -> PublishedHour:
    made = PublishedHour(
        version=1,
        rows={"quotes": 5, "quotes_quarantine": 0},
        quarantined_rows=0,
        max_received_ms=hour.end_ms - 1,
        complete=True,
        is_closed=True,
        committed_at_ms=hour.end_ms + 60_000,
        watermark_ms=hour.end_ms,
    )
    return replace(made, **said)


def back(hours: int) -> Hour:
    return hour_of(NOW_MS - hours * HOUR_MS)


def days(heads: dict[tuple[str, Hour], PublishedHour], table: str = "quotes") -> dict[str, str]:
    lines = calendar(heads, table, WINDOW, NOW_MS)
    return {line["hour"][11:13]: line["state"] for line in lines}


def test_an_hour_is_complete_rebuilt_quarantined_late_missing_or_open() -> None:
    heads = {
        ("assets", back(7)): head(back(7)),
        ("assets", back(6)): head(
            back(6), version=2, committed_at_ms=back(6).end_ms + 4 * HOUR_MS
        ),
        ("assets", back(5)): head(back(5), rows={"quotes": 5, "quotes_quarantine": 1}),
        ("assets", back(4)): head(back(4), complete=False),
        # 3 hours back is not there.
        ("assets", back(2)): head(back(2)),
        ("assets", back(0)): head(back(0), complete=False),
        ("rates", back(3)): head(back(3)),
    }

    assert days(heads) == {
        "03": "complete",
        "04": "rebuilt",
        "05": "quarantined",
        "06": "late",
        "07": "missing",
        "08": "complete",
        "09": "open",
        "10": "open",
    }


def test_many_versions_of_an_hour_while_it_ran_are_no_rebuild() -> None:
    assert days({("assets", back(2)): head(back(2), version=300)})["08"] == "complete"


def test_a_quarantine_is_that_of_the_table_that_was_asked_for() -> None:
    heads = {("assets", back(2)): head(back(2), rows={"quotes_quarantine": 3, "candles_1m": 2})}

    assert days(heads, "candles_1m")["08"] == "complete"
    assert days(heads, "quotes")["08"] == "quarantined"


def test_before_the_lake_nothing_is_missing_and_the_unknown_hour_is_no_beginning() -> None:
    heads = {
        ("assets", back(2)): head(back(2)),
        ("assets", UNKNOWN_HOUR): head(UNKNOWN_HOUR),
    }

    assert next(iter(days(heads))) == "08"
    assert days({}) == {}


# Cost.


def test_a_run_that_published_several_hours_is_billed_once_on_its_first_day() -> None:
    day = 24 * HOUR_MS
    runs = [
        BilledRun("a", NOW_MS, 100),
        BilledRun("a", NOW_MS + day, 100),
        BilledRun("b", NOW_MS, 1),
    ]

    found = glue_by_day(runs)

    assert found == {"2026-11-22": (2, run_usd(100) + run_usd(60))}
    assert float(run_usd(3600)) == pytest.approx(RUN_DPU * prices.USD_PER_DPU_HOUR)


def test_the_price_of_a_run_is_that_of_the_tools() -> None:
    assert RUN_DPU == cost.RUN_DPU
    assert float(run_usd(90)) == pytest.approx(cost.runs_usd(1, 90))


def test_each_day_has_its_line_and_the_forecast_is_their_pace() -> None:
    lines = cost_lines(
        ["2026-11-21", "2026-11-22"],
        {"2026-11-22": (2, Decimal(3))},
        {"2026-11-21": (4, Decimal("0.5"))},
    )

    assert [line["usd"] for line in lines] == ["0.500000", "3.000000"]
    assert forecast_usd(lines, 2 * 24 * HOUR_MS) == "52.500000"
    assert forecast_usd(lines, 1000) is None


def test_spending_is_counted_by_day_and_holds_the_newest_alone() -> None:
    now = [NOW_MS]
    spending = DayCosts(lambda: now[0])
    for _ in range(60):
        spending.add("succeeded", (7, 8), Decimal("0.1"))
    now[0] += 24 * HOUR_MS
    spending.add("cancelled", (), Decimal(0))

    assert spending.days == {"2026-11-22": (120, Decimal(6)), "2026-11-23": (0, Decimal(0))}
    assert len(spending.newest) == 50
    assert spending.newest[-1].outcome == "cancelled"


# Sparklines.


def test_a_line_has_a_place_for_each_interval_and_null_where_nothing_is_known() -> None:
    window = TimeWindow(NOW_MS, NOW_MS + 4 * 60_000)

    (line,) = as_lines([("a", "0=1.5 3=2.000000000000000001")], window, 60_000)

    assert line == {"asset_id": "a", "closes": ["1.5", None, None, "2.000000000000000001"]}
    assert as_lines([("b", None)], window, 60_000)[0]["closes"] == [None] * 4


@pytest.mark.parametrize(
    ("closes", "told"),
    [(["2", None, "3"], "50.000000"), (["2"], None), ([None], None), (["0", "1"], None)],
)
def test_a_change_needs_two_prices_and_one_to_divide_by(
    closes: list[str | None], told: str | None
) -> None:
    assert change_pct(closes) == told


# Where a price came from.


def answer(at_ms: int, *assets: str) -> bytes:
    data = [{"id": asset, "priceUsd": "1.000000000000000001"} for asset in assets]
    return json.dumps({"timestamp": at_ms, "data": data}).encode()


def stored(*values: bytes | None) -> bytes:
    headers = AnswerHeaders("p", 1, 2, 200, "u", "wrong", "simulator", "")
    records = [
        Record(number, NOW_MS + number, None, value, tuple(headers.encode()))
        for number, value in enumerate(values)
    ]
    return encode(records).body


def test_the_newest_answer_with_the_asset_is_found_or_that_of_a_time() -> None:
    body = stored(answer(1, "a", "b"), answer(2, "b"), answer(3, "a"), None)

    newest, first = find_in(body, "b", None), find_in(body, "b", 1)

    assert newest is not None
    assert first is not None
    assert (newest.record.offset, newest.element_index, newest.source_ms) == (1, 0, 2)
    assert (first.record.offset, first.element_index) == (0, 1)
    assert find_in(body, "c", None) is None
    assert find_in(body, "b", 3) is None


def test_what_is_no_answer_is_passed_over() -> None:
    odd = stored(b"not json", b"[]", b'{"data":{"id":"a"}}', b'{"data":[1,null,"a"]}', None)

    assert find_in(odd, "a", None) is None
    assert find_in(gzip.compress(b"something else"), "a", None) is None
    assert find_in(b"", "a", None) is None


def test_a_body_that_is_not_what_was_received_is_said_to_be_so() -> None:
    found = find_in(stored(answer(1, "a")), "a", None)

    assert found is not None
    told = lineage(found)
    assert told["body"]["as_received"] is False
    assert told["poll"]["poll_id"] == "p"
    assert told["element"]["priceUsd"] == "1.000000000000000001"


def test_objects_are_read_from_the_first_that_was_stored_after_the_time() -> None:
    ends = [("a", 1_000), ("b", 2_000), ("c", 3_000), ("d", 9_000)]

    assert candidates(ends, 2_500, 2) == ["b", "c"]
    assert candidates(ends, None, 2) == ["d", "c"]
    assert candidates(ends, 99_000, 2) == []
