"""What `/status` and the counters tell, field by field."""

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from coinlake.contracts.batches import BatchInput, HourResult
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import Counts, Output, RawInput, RuleCount
from coinlake.contracts.raw_layout import RawKey
from etl_runner.core.hours import Failure, FeedHour, Hours
from etl_runner.core.runs import GlueRun
from etl_runner.core.status import hours_status, run_status, totals, watermarks
from etl_runner.core.tracked import Wait
from etl_runner.loop.hints import Hints
from etl_runner.loop.totals import Totals
from etl_runner.metrics import EtlMetrics
from tests.labs.ledger_entries import ledger_entry
from tests.unit.etl_runner.test_runner_edges import landed

AT = FeedHour("assets", Hour("2026-11-20", "07"))
NAME = "assets/2026-11-20/07"
INPUT = BatchInput(str(RawKey("coincap.assets.v1", AT.at, 0, 0, 0)), "e", 10)
COUNTS = Counts(20, 15, 2, 3, 0, 40, 30, 10, 4)
OUTPUTS = (
    Output("quotes", "k", "e", 100, 30),
    Output("quotes_quarantine", "k", "e", 100, 12),
)
HEAD = ledger_entry(
    "assets",
    AT.at,
    version=3,
    inputs=(RawInput(INPUT.key, INPUT.etag),),
    outputs=OUTPUTS,
    counts=COUNTS,
    complete=True,
    closed_by="heartbeat",
    committed_at_ms=5500,
)
CLEAN = {
    "state": "clean",
    "version": 3,
    "rows": 30,
    "quarantined": 12,
    "duplicates": 3,
    "records": 20,
    "complete": True,
    "closed_by": "heartbeat",
    "failures": 0,
    "message": None,
}
NEW = {
    "state": "dirty",
    "version": 0,
    "rows": 0,
    "quarantined": 0,
    "duplicates": 0,
    "records": 0,
    "complete": False,
    "closed_by": "open",
    "failures": 0,
    "message": None,
}


def hours(*, head: bool = True, inputs: bool = True) -> Hours:
    known = Hours()
    if head:
        known.committed(AT, HEAD, 1)
    if inputs:
        known.listed(AT, {INPUT.key: INPUT}, 1)
    return known


def told(known: Hours) -> Any:
    return hours_status(known)[NAME]


def test_a_published_hour_and_a_new_one() -> None:
    assert told(hours()) == CLEAN
    assert told(hours(head=False)) == NEW
    assert told(hours(inputs=False)) == CLEAN


def test_what_is_wrong_with_an_hour_is_said_the_gravest_first() -> None:
    known = hours(head=False)
    known.waits(AT, Wait(1, 5, "the table is away"))
    assert told(known) == NEW | {"message": "the table is away"}
    known.failed(AT, Failure(0, 2, "it fails"))
    assert told(known) == NEW | {"failures": 2, "message": "it fails"}
    known.failed(AT, Failure(0, 3, "it fails", is_parked=True))
    assert told(known) == NEW | {"state": "parked", "failures": 3, "message": "it fails"}
    known.set_aside(AT, "raw is gone")
    assert told(known) == NEW | {"state": "aside", "failures": 3, "message": "raw is gone"}


def test_rows_are_told_by_table_and_quarantined_ones_beside_them() -> None:
    known = hours()
    assert totals(known) == {"curated_rows": {"quotes": 30}, "quarantined_rows": {"quotes": 12}}


def test_the_watermark_of_each_feed() -> None:
    known = hours()
    for partition in range(4):
        known.promises.promised("coincap.assets.v1", partition, 7000, 7000)
    assert watermarks(known) == {feed: 7000 if feed == "assets" else None for feed in TABULAR}


def test_the_run_in_flight() -> None:
    run = GlueRun("jr", "RUNNING", "b", "a", None, 12)
    assert run_status(None) is None
    assert run_status(run) == {
        "run_id": "jr",
        "state": "RUNNING",
        "batch_id": "b",
        "attempt": "a",
        "execution_s": 12,
    }


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_runs_are_counted_with_what_is_billed_of_them(registry: CollectorRegistry) -> None:
    counted = Totals(EtlMetrics(registry), dpu=2, dpu_hour_usd=0.44)
    counted.ended(GlueRun("a", "SUCCEEDED", None, None, None, 20))
    counted.ended(GlueRun("b", "FAILED", None, None, None, 90))
    counted.failed()
    counted.failed()

    assert (counted.runs, counted.billed_seconds, counted.failures) == (2, 150, 2)
    assert counted.usd == pytest.approx(150 * 2 * 0.44 / 3600)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"etl_runner_{name}", labels)

    assert (
        value("runs_total", outcome="succeeded") == value("runs_total", outcome="failed") == 1
    )
    assert value("billed_seconds_total") == 150
    assert value("useful_seconds_total") == 110
    assert value("hour_failures_total") == 2


def test_a_published_hour_is_counted_once_by_table_and_feed(
    registry: CollectorRegistry,
) -> None:
    notes = {"unfit:price": 2, "unfit:rank": 3, "rule:positive": 7}
    result = HourResult("assets", "2026-11-20", "07", COUNTS, (), ("k1", "k2"), {}, notes)
    rules = (
        RuleCount("quotes", "body", "validity", True, 9, 2),
        RuleCount("quotes", "rank_positive", "range", False, 30, 0),
    )
    counted = Totals(EtlMetrics(registry), 2, 0.44)
    counted.published(replace(HEAD, quality=rules), result)

    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.labels.get("feed") == "assets" or "table" in sample.labels
        if sample.value and not sample.name.endswith("_created")
    }
    assert found == {
        ("etl_runner_hours_published_total", "assets"): 1,
        ("etl_runner_published_timestamp_seconds", "assets"): 5.5,
        ("etl_runner_rows_published_total", "quotes"): 30,
        ("etl_runner_rows_published_total", "quotes_quarantine"): 12,
        # Rows, whole records, and objects that no record could be read from.
        ("etl_runner_quarantined_total", "assets"): 10 + 2 + 2,
        ("etl_runner_duplicates_total", "assets"): 3,
        ("etl_runner_unknown_fields_total", "assets"): 4,
        ("etl_runner_unfit_values_total", "assets"): 5,
        ("etl_runner_soft_rule_failures_total", "assets"): 7,
        ("etl_runner_quality_evaluated_total", "assets", "body", "quotes", "true"): 9,
        ("etl_runner_quality_failed_total", "assets", "body", "quotes", "true"): 2,
        (
            "etl_runner_quality_evaluated_total",
            "assets",
            "false",
            "quotes",
            "rank_positive",
        ): 30,
    }


def test_an_announcement_that_promises_the_future_is_an_alarm(
    registry: CollectorRegistry,
) -> None:
    import asyncio

    known = Hours()
    hints = Hints(known, asyncio.Event(), lambda: 1000, EtlMetrics(registry))
    hints.heard(replace(landed(), complete_to_ms=10_000_000))
    hints.unreadable(5, "odd")

    alarm = registry.get_sample_value("etl_runner_alarms_total", {"reason": "promise_ahead"})
    unreadable = registry.get_sample_value("etl_runner_hints_unreadable_total")
    assert (alarm, unreadable) == (1, 1)
    assert known.watermark_ms("coincap.rates.v1") is None
