"""Cells, costs, keys, failures and coverage: what answers say."""

import hashlib
from decimal import Decimal

import pytest

from coinlake.contracts.hours import UNKNOWN_HOUR, Hour
from query_api.core.answers import ExecutionState
from query_api.core.cost import dollars
from query_api.core.coverage import (
    PublishedHour,
    coverage_rows,
    dataset_version,
    head_keys,
    is_final,
    newest_hours,
    newest_received_ms,
    watermark_ms,
)
from query_api.core.failures import clean, failure
from query_api.core.window import TimeWindow

HASH = hashlib.sha256(b"secret").hexdigest()
EIGHT, NINE, TEN = (Hour("2026-11-22", hour) for hour in ("08", "09", "10"))


@pytest.mark.parametrize(
    ("scanned", "usd"),
    [(0, "0.00005"), (10_000_000, "0.00005"), (10_000_001, "0.000055"), (10**12, "5")],
)
def test_cost_has_a_minimum_and_whole_megabytes(scanned: int, usd: str) -> None:
    assert dollars(scanned, Decimal(5)) == Decimal(usd)


@pytest.mark.parametrize(
    ("execution", "status", "kind"),
    [
        (ExecutionState("FAILED", "COLUMN_NOT_FOUND: x", 2), 422, "query_failed"),
        (ExecutionState("FAILED", "internal", 1, retryable=True), 503, "unavailable"),
        (
            ExecutionState("CANCELLED", "Bytes scanned limit was exceeded"),
            422,
            "scan_limit_exceeded",
        ),
        (ExecutionState("CANCELLED", "by user"), 409, "cancelled"),
        (ExecutionState("FAILED", "HIVE_BAD_DATA: Field x's type", 2), 502, "data_unreadable"),
        (
            ExecutionState("FAILED", "HIVE_CANNOT_OPEN_SPLIT: s3://l/x is no Parquet file", 1),
            502,
            "data_unreadable",
        ),
        (
            ExecutionState(
                "FAILED",
                "HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split s3://l/x (offset=0, length=9): The "
                "specified key does not exist. (Service: Amazon S3; Status Code: 404; NoSuchKey)",
                1,
            ),
            503,
            "unavailable",
        ),
        (
            ExecutionState("FAILED", "INVALID_CAST_ARGUMENT: NoSuchKey HIVE_CURSOR_ERROR", 2),
            422,
            "query_failed",
        ),
        (
            ExecutionState("FAILED", "INVALID_CAST_ARGUMENT: 'scanned limit' to INT", 2),
            422,
            "query_failed",
        ),
        (
            ExecutionState("FAILED", "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded", 1),
            422,
            "query_too_large",
        ),
        (
            ExecutionState(
                "FAILED", "Query exhausted resources at this scale factor", 1, error_type=5
            ),
            422,
            "query_too_large",
        ),
    ],
)
def test_a_failure_is_told_as_what_to_do_next(
    execution: ExecutionState, status: int, kind: str
) -> None:
    problem = failure(execution).problem

    assert (problem.status, problem.kind) == (status, kind)


def test_a_reason_is_told_without_locations() -> None:
    said = clean(
        "HIVE_BAD_DATA: s3://lake/curated/x.parquet at /srv/app/run.py\n arn:aws:x:y bad"
    )

    assert said == "HIVE_BAD_DATA: … at … … bad"


def test_a_reason_is_told_without_what_athena_puts_around_it() -> None:
    said = clean(
        "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved. This query ran against the "
        '"coinlake" database, unless qualified by the query. Please post on our forum with Query '
        "Id: 1b2c"
    )
    of_java = clean(
        "GENERIC: java.lang.OutOfMemoryError: heap (Service: Amazon S3; Request ID: Q)"
    )

    assert said == "COLUMN_NOT_FOUND: Column 'x' cannot be resolved."
    assert of_java == "GENERIC: heap"


def head(
    newest_ms: int | None,
    *,
    version: int = 1,
    complete: bool = True,
    watermark_ms: int | None = None,
) -> PublishedHour:
    rows = {"quotes": 3, "quotes_quarantine": 1}
    return PublishedHour(version, rows, 1, newest_ms, complete, complete, 0, watermark_ms)


def test_the_highest_version_of_an_hour_is_its_head() -> None:
    prefix = "ledger/feed=assets/dt=2026-11-22/hour=09/"

    keys = head_keys(
        [
            f"{prefix}0000000002.json",
            f"{prefix}0000000010.json",
            f"{prefix}x",
            "ledger/nonsense",
        ]
    )

    assert keys == {("assets", NINE): f"{prefix}0000000010.json"}


def test_latest_prices_come_from_the_newest_hours_that_hold_answers() -> None:
    heads = {
        ("assets", EIGHT): head(8),
        ("assets", NINE): head(9),
        ("assets", TEN): head(None),
        ("assets", UNKNOWN_HOUR): head(1),
        ("rates", TEN): head(10),
    }

    assert newest_hours(heads, "assets", 2) == [NINE, EIGHT]
    assert newest_received_ms(heads, "assets") == 9
    assert newest_received_ms(heads, "markets") is None


def test_a_feed_is_complete_up_to_the_highest_watermark_that_was_committed() -> None:
    # A late record makes a new version of an old hour, with what was known of the tables then.
    heads = {
        ("assets", EIGHT): head(8, version=2, watermark_ms=70),
        ("assets", NINE): head(9, watermark_ms=90),
        ("assets", TEN): head(10),
        ("rates", TEN): head(10, watermark_ms=100),
    }

    assert watermark_ms(heads, "assets") == 90
    assert watermark_ms({("assets", TEN): head(10)}, "assets") is None


def test_a_dataset_version_changes_with_each_publish_of_its_feeds() -> None:
    before = {("assets", NINE): head(9)}
    republished = {("assets", NINE): head(9, version=2)}
    other = {**before, ("rates", NINE): head(9)}

    assert dataset_version(before, ["assets"]) != dataset_version(republished, ["assets"])
    assert dataset_version(before, ["assets"]) == dataset_version(other, ["assets"])


def test_a_candle_is_final_when_all_its_receive_hours_are_complete() -> None:
    minute = TimeWindow(NINE.start_ms, NINE.start_ms + 60_000)
    both = {("assets", EIGHT): head(8), ("assets", NINE): head(9)}
    late = {("assets", EIGHT): head(8), ("assets", NINE): head(9, complete=False)}

    assert is_final(both, "assets", minute, 600_000)
    assert not is_final(late, "assets", minute, 600_000)
    assert not is_final({("assets", NINE): head(9)}, "assets", minute, 600_000)


def test_coverage_counts_rows_and_quarantine_per_table() -> None:
    heads = {("assets", EIGHT): head(8), ("assets", NINE): head(None, complete=False)}

    row = coverage_rows(heads)[0]

    assert (row["table"], row["rows"], row["quarantined_rows"]) == ("quotes", 6, 2)
    assert (row["hours_published"], row["hours_complete"]) == (2, 1)
    assert (row["first_hour"], row["last_hour"]) == ("2026-11-22T08", "2026-11-22T09")
