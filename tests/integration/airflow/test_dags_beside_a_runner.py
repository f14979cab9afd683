"""DAG and runner over the same hours at the same time: neither loses or doubles what is in them."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from coinlake.contracts.hours import Hour
from tests.integration.airflow.asking import (
    BACKFILL,
    backfilled,
    body,
    faults_of,
    pid_of,
    rates,
    what_differs,
)
from tests.integration.airflow.running import Airflow
from tests.integration.etl_runner.conftest import Cloud, Lake, Runner, Start, until

pytestmark = [pytest.mark.timeout(900), pytest.mark.full_size]

TODAY = datetime.now(UTC)
# The runner lists the last two days at each pass; the story of an empty lake has the other one.
DAY = (TODAY - timedelta(days=2)).strftime("%Y-%m-%d")


def _end(runner: Runner) -> None:
    runner.process.send_signal(signal.SIGTERM)
    assert runner.process.wait(15) == 0


def test_both_at_once_make_every_hour_of_all_its_objects_once(
    airflow: Airflow,
    cloud: Cloud,
    lake: Lake,
    start_runner: Start,
    measured: Callable[[str], None],
) -> None:
    # Of a day that a pass lists again and again.
    day = (TODAY - timedelta(days=1)).strftime("%Y-%m-%d")
    hours = [Hour(day, f"{n:02}") for n in range(14, 18)]
    for hour in hours:
        lake.land("rates", hour, [body(hour, "1"), body(hour, "1")])
    first = backfilled(airflow, day)
    runner = start_runner(ETL_RUNNER_MAX_HOURS="2")
    until(lambda: airflow.tasks(BACKFILL, first).get("batch.run") in {"deferred", "success"})
    for hour in hours[:2]:
        lake.land("rates", hour, [body(hour, "2")])
    second = backfilled(airflow, day)
    for hour in hours[1:]:
        lake.land("rates", hour, [body(hour, "3")])

    states = [airflow.ended(BACKFILL, run_id, 400) for run_id in (first, second)]
    third = backfilled(airflow, day)
    states.append(airflow.ended(BACKFILL, third, 400))
    until(lambda: what_differs(cloud, day) == "", 120)
    _end(runner)

    assert states == ["success"] * 3
    expected = [[1.0, 2.0], [1.0, 2.0, 3.0], [1.0, 3.0], [1.0, 3.0]]
    assert [rates(lake, hour) for hour in hours] == expected
    entries = [lake.ledger("rates", hour) for hour in hours]
    for versions in entries:
        assert [one.version for one in versions] == list(range(1, len(versions) + 1))
    by = [one.code_version for versions in entries for one in versions]
    measured(f"{by.count('airflow')} of {len(by)} versions were frozen by the DAG")


@pytest.mark.parametrize("dag_id", [BACKFILL, "control_overwrite"])
def test_a_publication_that_was_frozen_in_mid_flight_does_not_overwrite_what_a_runner_made_since(
    airflow: Airflow, cloud: Cloud, lake: Lake, start_runner: Start, dag_id: str
) -> None:
    day = (TODAY - timedelta(days=1)).strftime("%Y-%m-%d")
    hour = Hour(day, "20" if dag_id == BACKFILL else "21")
    lake.land("rates", hour, [body(hour, "1")])
    with faults_of(cloud) as faults:
        # The publication has what was staged, and has written nothing.
        faults.put(
            operation="s3:GetObject", key_prefix="coinlake/staging/", delay_ms=4000, count=1
        )
        run_id = backfilled(airflow, day, dag_id)
        until(faults.have_hit)
        task = pid_of(airflow, dag_id, run_id, "batch.publish")
        os.kill(task, signal.SIGSTOP)
    lake.land("rates", hour, [body(hour, "2")])
    runner = start_runner()
    until(lambda: lake.ledger("rates", hour))
    _end(runner)

    os.kill(task, signal.SIGCONT)
    airflow.ended(dag_id, run_id)

    versions = [one.version for one in lake.ledger("rates", hour)]
    assert versions == [1]
    if dag_id == BACKFILL:
        assert rates(lake, hour) == [1.0, 2.0]
        assert what_differs(cloud, day) == ""
        told = [one for one in airflow.events() if one["partition_key"] == f"{day}T20:00:00"]
        assert [one["extra"]["versions"] for one in told] == [{f"{day}T20:00:00": 1}]
    else:
        # What the runner published is gone, and its ledger entry with it.
        assert rates(lake, hour) == [1.0]
        # For the tests after this one.
        again = backfilled(airflow, day)
        assert airflow.ended(BACKFILL, again) == "success"
        assert rates(lake, hour) == [1.0, 2.0]
