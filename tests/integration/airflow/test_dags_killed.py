"""Every task killed in mid-call, cleared and killed again: the tables and the ledger stay right."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from coinlake.contracts.hours import Hour
from tests.integration.airflow.asking import (
    BACKFILL,
    Faults,
    backfilled,
    body,
    faults_of,
    glue_runs,
    kill,
    rates,
    what_differs,
)
from tests.integration.airflow.running import Airflow
from tests.integration.etl_runner.conftest import Cloud, Lake, until

pytestmark = [pytest.mark.timeout(900), pytest.mark.full_size]

HELD_MS = 8000


@dataclass(frozen=True, slots=True)
class Moment:
    """A task, and the call of it that waits while it is killed. It is carried out afterwards, when
    somebody else may be at work: that is the worst of both."""

    task: str
    operation: str
    prefix: str = ""
    worker: bool = False


FIRST_TIME = {
    "find": Moment("find", "s3:ListObjectsV2"),
    "freeze": Moment("freeze", "s3:PutObject", "coinlake/batches/"),
    "run": Moment("batch.run", "glue:StartJobRun"),
    "first-table": Moment("batch.publish", "s3:PutObject", "coinlake/curated/rates/"),
    "second-table": Moment(
        "batch.publish", "s3:PutObject", "coinlake/curated/rates_quarantine/"
    ),
    "partition": Moment("batch.publish", "glue:BatchCreatePartition"),
    "ledger": Moment("batch.publish", "s3:PutObject", "coinlake/ledger/"),
    "ledger-worker": Moment("batch.publish", "s3:PutObject", "coinlake/ledger/", worker=True),
    "staging": Moment("batch.publish", "s3:DeleteObject", "coinlake/staging/"),
}
CLEARED = {
    name: Moment(f"batch.{name}", "s3:GetObject")
    for name in ("run", "verify", "publish", "announce", "gate")
} | {"move_live_views": Moment("batch.move_live_views", "glue:GetTable")}


@pytest.fixture
def faults(cloud: Cloud) -> Iterator[Faults]:
    with faults_of(cloud) as faults:
        yield faults


def _held(faults: Faults, moment: Moment) -> None:
    faults.put(operation=moment.operation, key_prefix=moment.prefix, delay_ms=HELD_MS, count=1)


@pytest.mark.parametrize("name", FIRST_TIME)
def test_a_task_killed_in_mid_call_is_tried_again_and_nothing_is_lost_or_doubled(
    airflow: Airflow, cloud: Cloud, lake: Lake, faults: Faults, name: str
) -> None:
    moment, day = FIRST_TIME[name], f"2026-09-{1 + list(FIRST_TIME).index(name):02}"
    hour = Hour(day, "13")
    lake.land("rates", hour, [body(hour, "1"), body(hour, "1"), body(hour, "2")])
    _held(faults, moment)

    run_id = backfilled(airflow, day)
    until(faults.have_hit)
    kill(airflow, BACKFILL, run_id, moment.task, worker=moment.worker)
    state = airflow.ended(BACKFILL, run_id, 400)

    assert state == "success", airflow.tasks(BACKFILL, run_id)
    tries = {one["task_id"]: one["try_number"] for one in airflow.instances(BACKFILL, run_id)}
    assert tries[moment.task] > 1
    (entry,) = lake.ledger("rates", hour)
    assert len(glue_runs(lake, entry.batch_id)) == 1
    assert rates(lake, hour) == [1.0, 2.0]
    assert what_differs(cloud, day) == ""
    told = [one for one in airflow.events() if one["partition_key"] == f"{day}T13:00:00"]
    assert len(told) == 1


def test_a_task_that_is_cleared_and_killed_changes_nothing(
    airflow: Airflow, cloud: Cloud, lake: Lake, faults: Faults
) -> None:
    day = "2026-09-20"
    hour = Hour(day, "13")
    lake.land("rates", hour, [body(hour, "1"), body(hour, "2")])
    run_id = backfilled(airflow, day)
    assert airflow.ended(BACKFILL, run_id) == "success"
    before = lake.ledger("rates", hour)

    for moment in CLEARED.values():
        _held(faults, moment)
        airflow.clear(BACKFILL, run_id, moment.task)
        until(faults.have_hit)
        kill(airflow, BACKFILL, run_id, moment.task, worker=False)
        assert airflow.ended(BACKFILL, run_id) == "success", moment

    assert lake.ledger("rates", hour) == before
    assert len(glue_runs(lake, before[0].batch_id)) == 1
    assert rates(lake, hour) == [1.0, 2.0]
    assert what_differs(cloud, day) == ""


def test_a_lost_reply_to_the_start_of_a_run_does_not_start_a_second_one(
    airflow: Airflow, lake: Lake, faults: Faults
) -> None:
    day = "2026-09-21"
    hour = Hour(day, "13")
    lake.land("rates", hour, [body(hour, "1")])
    faults.put(operation="glue:StartJobRun", lose_reply=True, count=1)

    run_id = backfilled(airflow, day)
    state = airflow.ended(BACKFILL, run_id)

    assert state == "success", airflow.tasks(BACKFILL, run_id)
    assert faults.have_hit()
    (entry,) = lake.ledger("rates", hour)
    assert len(glue_runs(lake, entry.batch_id)) == 1


def test_an_airflow_that_is_killed_while_a_run_works_goes_on_with_it_when_it_is_back(
    airflow: Airflow, lake: Lake
) -> None:
    day = "2026-09-22"
    hour = Hour(day, "13")
    lake.land("rates", hour, [body(hour, "1")])
    run_id = backfilled(airflow, day)
    until(lambda: airflow.tasks(BACKFILL, run_id).get("batch.run") == "deferred")

    airflow.kill()
    airflow.start()
    state = airflow.ended(BACKFILL, run_id)

    assert state == "success", airflow.tasks(BACKFILL, run_id)
    (entry,) = lake.ledger("rates", hour)
    assert len(glue_runs(lake, entry.batch_id)) == 1


def test_a_worker_that_is_killed_while_it_waits_for_a_run_finds_that_run_again(
    airflow: Airflow, lake: Lake
) -> None:
    day, dag_id = "2026-09-28", "without_triggerer"
    hour = Hour(day, "13")
    lake.land("rates", hour, [body(hour, "1")])
    run_id = backfilled(airflow, day, dag_id)
    until(lambda: "RUNNING" in _states(lake))

    kill(airflow, dag_id, run_id, "batch.run", worker=False)
    state = airflow.ended(dag_id, run_id)

    assert state == "success", airflow.tasks(dag_id, run_id)
    tries = {one["task_id"]: one["try_number"] for one in airflow.instances(dag_id, run_id)}
    assert tries["batch.run"] == 2
    (entry,) = lake.ledger("rates", hour)
    assert len(glue_runs(lake, entry.batch_id)) == 1
    assert rates(lake, hour) == [1.0]


def _states(lake: Lake) -> set[str]:
    """The states of the newest runs."""
    found = lake.glue.get_job_runs(JobName="coinlake-rebuild", MaxResults=5)["JobRuns"]
    return {one["JobRunState"] for one in found}


@pytest.mark.parametrize("dag_id", [BACKFILL, "control_busy"])
def test_a_busy_job_is_waited_for_and_is_no_failure(
    airflow: Airflow, lake: Lake, faults: Faults, dag_id: str
) -> None:
    day = "2026-09-23" if dag_id == BACKFILL else "2026-09-24"
    hour = Hour(day, "13")
    lake.land("rates", hour, [body(hour, "1")])
    busy = "ConcurrentRunsExceededException"
    faults.put(operation="glue:StartJobRun", code=busy, status=400, count=3)

    run_id = backfilled(airflow, day, dag_id)
    state = airflow.ended(dag_id, run_id)

    tries = {one["task_id"]: one["try_number"] for one in airflow.instances(dag_id, run_id)}
    if dag_id == BACKFILL:
        assert (state, tries["batch.run"]) == ("success", 1)
        assert rates(lake, hour) == [1.0]
    else:
        assert (state, tries["batch.run"]) == ("failed", 2)


def test_without_the_look_for_the_batch_a_cleared_task_starts_a_second_run(
    airflow: Airflow, lake: Lake
) -> None:
    day = "2026-09-25"
    hour = Hour(day, "13")
    lake.land("rates", hour, [body(hour, "1")])
    run_id = backfilled(airflow, day, "control_lookup")
    assert airflow.ended("control_lookup", run_id) == "success"

    airflow.clear("control_lookup", run_id, "batch.run")
    airflow.ended("control_lookup", run_id)

    (entry,) = lake.ledger("rates", hour)
    assert len(glue_runs(lake, entry.batch_id)) == 2
    assert rates(lake, hour) == [1.0]


def test_without_knowing_its_own_objects_a_killed_publication_is_never_committed(
    airflow: Airflow, cloud: Cloud, lake: Lake, faults: Faults
) -> None:
    day = "2026-09-26"
    hour = Hour(day, "13")
    lake.land("rates", hour, [body(hour, "1")])
    # The second table: the first is published by then.
    _held(faults, FIRST_TIME["second-table"])

    run_id = backfilled(airflow, day, "control_mine")
    until(faults.have_hit)
    kill(airflow, "control_mine", run_id, "batch.publish", worker=False)
    state = airflow.ended("control_mine", run_id)

    assert state == "failed"
    assert lake.ledger("rates", hour) == []
    # And the real one makes it good: what the control removed from staging needs a run of its own.
    assert "success" in [airflow.ended(BACKFILL, backfilled(airflow, day)) for _ in range(2)]
    assert rates(lake, hour) == [1.0]
    assert what_differs(cloud, day) == ""


def test_without_narrowing_its_outlets_an_announcement_tells_of_feeds_that_have_no_hour(
    airflow: Airflow, lake: Lake
) -> None:
    day = "2026-09-27"
    hour = Hour(day, "13")
    lake.land("rates", hour, [body(hour, "1")])
    run_id = backfilled(airflow, day, "control_outlets")
    assert airflow.ended("control_outlets", run_id) == "success"

    told = [one for one in airflow.events() if one["source_dag_id"] == "control_outlets"]

    assert [one["name"] for one in told if one["partition_key"]] == ["coinlake_rates"]
    assert len([one for one in told if one["partition_key"] is None]) > 1
