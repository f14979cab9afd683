"""New keys are told once, and the gauge is about the newest hour."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry, UnknownField
from etl_runner.loop.unknown_fields import MAX_NAMES, UnknownFields
from etl_runner.metrics import EtlMetrics
from tests.labs.ledger_entries import ledger_entry


def unknown(name: str) -> UnknownField:
    return UnknownField(name, 3, "7.5", 1_000, 2_000)


def entry(hour: str, *names: str, feed: str = "assets", dt: str = "2026-11-20") -> LedgerEntry:
    return ledger_entry(feed, Hour(dt, hour), unknown_fields=tuple(map(unknown, names)))


@pytest.fixture
def told() -> UnknownFields:
    return UnknownFields(EtlMetrics(CollectorRegistry()))


def names(told: UnknownFields, feed: str = "assets") -> float | None:
    family = told._metrics.unknown_names
    found = {
        sample.labels["feed"]: sample.value
        for one in family.collect()
        for sample in one.samples
    }
    return found.get(feed)


def lines(told: UnknownFields, *entries: LedgerEntry) -> list[Any]:
    with capture_logs() as logs:
        for one in entries:
            told.published(one)
    return [(line["feed"], line["name"], line["hour"]) for line in logs]


def test_a_name_is_told_once_for_each_feed(told: UnknownFields) -> None:
    found = lines(
        told,
        entry("07", "score"),
        entry("08", "score", "depth"),
        entry("08", "score", feed="markets"),
    )

    assert found == [
        ("assets", "score", "dt=2026-11-20/hour=07"),
        ("assets", "depth", "dt=2026-11-20/hour=08"),
        ("markets", "score", "dt=2026-11-20/hour=08"),
    ]


def test_the_gauge_is_unknown_until_an_hour_is_published_and_then_that_of_the_newest(
    told: UnknownFields,
) -> None:
    before = names(told)
    told.published(entry("08", "score", "depth"))
    newest = names(told)
    told.published(entry("07"))
    after_an_old_one = names(told)
    told.published(entry("08", "score"))
    rebuilt = names(told)
    told.published(entry("00", dt="2026-11-21"))

    assert (before, newest, after_an_old_one, rebuilt, names(told)) == (None, 2, 2, 1, 0)


def test_an_api_that_invents_keys_does_not_fill_the_log(told: UnknownFields) -> None:
    many = [entry("07", *(f"k{n}_{m}" for m in range(64))) for n in range(20)]

    assert len(lines(told, *many)) == MAX_NAMES
