"""Raw objects become tables by Airflow alone: on its schedule, cleared at every task, and as a range."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from coinlake.contracts.hours import Hour
from tests.integration.airflow.asking import BACKFILL, backfilled, body, glue_runs, rates
from tests.integration.airflow.running import Airflow
from tests.integration.etl_runner.conftest import Lake, until

pytestmark = [pytest.mark.timeout(900), pytest.mark.full_size]

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d")
HOURS = "coinlake_hours"


def test_an_empty_lake_is_filled_on_schedule_and_another_dag_hears_of_each_hour(
    airflow: Airflow, lake: Lake
) -> None:
    assert airflow.ask("importErrors")["import_errors"] == []
    hour = Hour(YESTERDAY, "07")
    lake.land("rates", hour, [body(hour, "1.05"), body(hour, "1.05")])

    airflow.unpause(HOURS)
    scheduled = until(lambda: airflow.runs(HOURS), 60)[0]
    state = airflow.ended(HOURS, scheduled["dag_run_id"])
    airflow.ask(f"dags/{HOURS}?update_mask=is_paused", {"is_paused": True}, "PATCH")

    assert scheduled["run_type"] == "scheduled"
    assert state == "success", airflow.tasks(HOURS, scheduled["dag_run_id"])
    (entry,) = lake.ledger("rates", hour)
    assert rates(lake, hour) == [1.05]
    assert (entry.version, entry.closed_by, entry.counts.duplicates) == (1, "age", 1)
    (run,) = glue_runs(lake, entry.batch_id)
    assert entry.run_id == run["Id"]
    assert (run["WorkerType"], run["NumberOfWorkers"]) == ("G.1X", 2)
    assert lake.keys(f"staging/{entry.batch_id}/") == []
    at = f"{YESTERDAY}T07:00:00"
    # The other stories of this Airflow have hours of their own.
    told = [one for one in airflow.events() if one["partition_key"] == at]
    assert [one["name"] for one in told] == ["coinlake_rates"]
    assert told[0]["extra"]["versions"] == {at: 1}
    assert until(lambda: _heard(airflow, at), 60) == 1


def _heard(airflow: Airflow, at: str) -> int:
    """How many runs of another DAG an hour has started."""
    return [one["partition_key"] for one in airflow.runs("listens_to_rates")].count(at)


def test_a_task_that_is_cleared_after_it_has_succeeded_changes_nothing(
    airflow: Airflow, lake: Lake
) -> None:
    hour = Hour(YESTERDAY, "08")
    lake.land("rates", hour, [body(hour, "1.5")])
    at = f"{hour.dt}T{hour.hour}"
    airflow.unpause(BACKFILL)
    run_id = airflow.trigger(BACKFILL, first=at, last=at)
    assert airflow.ended(BACKFILL, run_id) == "success"
    before = lake.ledger("rates", hour)
    every = [task for task in airflow.tasks(BACKFILL, run_id) if task != "find"]

    airflow.clear(BACKFILL, run_id, *[task for task in every if task != "freeze"])
    assert airflow.ended(BACKFILL, run_id) == "success"

    assert lake.ledger("rates", hour) == before
    assert len(glue_runs(lake, before[0].batch_id)) == 1
    assert rates(lake, hour) == [1.5]
    # From the beginning: nothing is dirty any more.
    airflow.clear(BACKFILL, run_id, "find", downstream=True)
    assert airflow.ended(BACKFILL, run_id) == "success"
    assert lake.ledger("rates", hour) == before


def test_a_backfill_makes_every_hour_of_its_range_and_no_other_and_a_forced_one_makes_them_anew(
    airflow: Airflow, lake: Lake
) -> None:
    day = "2026-10-05"
    hours = [Hour(day, f"{n:02}") for n in (3, 4, 5, 6)]
    for n, hour in enumerate(hours):
        lake.land("rates", hour, [body(hour, f"2.{n}")])
    airflow.unpause(BACKFILL)
    ranged = {"first": f"{day}T04", "last": f"{day}T05"}

    first = airflow.trigger(BACKFILL, **ranged)
    assert airflow.ended(BACKFILL, first) == "success"
    made = {hour.hour: [one.version for one in lake.ledger("rates", hour)] for hour in hours}
    again = airflow.trigger(BACKFILL, **ranged, feeds=["rates"], forced=True)
    assert airflow.ended(BACKFILL, again) == "success"

    assert made == {"03": [], "04": [1], "05": [1], "06": []}
    assert [one.version for one in lake.ledger("rates", hours[1])] == [1, 2]
    assert rates(lake, hours[1]) == [2.1]
    batches = {one.batch_id for one in lake.ledger("rates", hours[1])}
    assert len(batches) == 2
    told = [one["partition_key"] for one in airflow.events() if day in one["partition_key"]]
    assert sorted(told) == sorted([f"{day}T04:00:00", f"{day}T05:00:00"] * 2)


def test_a_late_object_makes_the_next_version_and_an_hour_of_bad_rows_is_published_and_not_announced(
    airflow: Airflow, lake: Lake
) -> None:
    day = "2026-10-06"
    good, bad = Hour(day, "01"), Hour(day, "02")
    no_id = json.dumps({"data": [{"rateUsd": "1"}, {"id": "yen", "rateUsd": "2"}]}).encode()
    lake.land("rates", good, [body(good, "1")])
    lake.land("rates", bad, [no_id])

    run_id = backfilled(airflow, day)
    state = airflow.ended(BACKFILL, run_id)
    lake.land("rates", good, [body(good, "3")])
    later = backfilled(airflow, day)
    assert airflow.ended(BACKFILL, later) == "success"

    tasks = airflow.tasks(BACKFILL, run_id)
    assert (state, tasks["batch.announce"], tasks["batch.gate"]) == (
        "failed",
        "success",
        "failed",
    )
    assert "failed for 1 of 2" in airflow.log_of(BACKFILL, run_id, "batch.gate")
    assert rates(lake, bad) == [2.0]
    assert rates(lake, good) == [1.0, 3.0]
    told = [one for one in airflow.events() if day in one["partition_key"]]
    assert [one["extra"]["versions"] for one in told] == [
        {f"{day}T01:00:00": 1},
        {f"{day}T01:00:00": 2},
    ]
