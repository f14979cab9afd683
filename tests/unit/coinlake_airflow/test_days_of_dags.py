"""Which days the DAGs list, and how they name hours."""

import pytest

from coinlake.contracts.hours import HOUR_MS, Hour
from coinlake_airflow.days import (
    days_between,
    hour_named,
    older_day,
    partition_key,
    recent_days,
)

NOW_MS = Hour("2026-11-20", "07").start_ms + 1


def test_an_hour_is_named_as_a_person_writes_it() -> None:
    assert hour_named("2026-11-20T07") == Hour("2026-11-20", "07")


@pytest.mark.parametrize("text", ["2026-11-20", "2026-11-20T7", "2026-11-20T24", "now", ""])
def test_what_is_no_hour_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(ValueError, match="write it as 2026-11-20T07"):
        hour_named(text)


def test_a_range_has_the_days_of_both_its_ends() -> None:
    found = days_between(Hour("2026-02-27", "23"), Hour("2026-03-01", "00"))

    assert found == ["2026-02-27", "2026-02-28", "2026-03-01"]


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        days_between(Hour("2026-02-27", "23"), Hour("2026-02-27", "22"))


def test_the_recent_days_reach_back_by_hours() -> None:
    assert recent_days(NOW_MS, 7) == ["2026-11-20"]
    assert recent_days(NOW_MS, 8) == ["2026-11-19", "2026-11-20"]


@pytest.mark.parametrize("period_ms", [HOUR_MS // 4, HOUR_MS, 24 * HOUR_MS])
def test_each_older_day_has_its_turn_whatever_the_schedule(period_ms: int) -> None:
    dates = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-11-20"]

    turns = {older_day(dates, ["2026-11-20"], NOW_MS + n * period_ms) for n in range(60)}

    assert turns == set(dates[:4])


def test_a_young_lake_has_no_older_day() -> None:
    assert older_day(["2026-11-20"], ["2026-11-20"], NOW_MS) is None


def test_a_partition_has_the_form_that_airflows_mappers_read() -> None:
    assert partition_key(Hour("2026-11-20", "07")) == "2026-11-20T07:00:00"
