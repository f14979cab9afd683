"""An hour that no run survives holds up no other, is parked, and is told."""

from collections.abc import Iterator
from typing import Any

import pytest

from coinlake.contracts.hours import Hour
from tests.integration.airflow.asking import BACKFILL, backfilled, body, rates
from tests.integration.airflow.conftest import Alerts
from tests.integration.airflow.running import Airflow
from tests.integration.etl_runner.conftest import BUCKET, Lake, until
from tests.integration.etl_runner.test_runner_story import set_script

pytestmark = [pytest.mark.timeout(900), pytest.mark.full_size]

POISONED = b"""
import sys

from coinlake_job.carry import rebuilt
from coinlake_job.rebuild import main


def poisoned(task):
    if task.hour.hour == "13":
        raise RuntimeError("the disk is made of cheese")
    return rebuilt(task)


main(sys.argv[1:], poisoned)
"""


@pytest.fixture
def poisoned(lake: Lake) -> Iterator[None]:
    """The job fails at each run with an hour 13 in it."""
    job = lake.glue.get_job(JobName="coinlake-rebuild")["Job"]
    lake.s3.put_object(Bucket=BUCKET, Key="jobs/poisoned.py", Body=POISONED)
    set_script(lake, job, f"s3://{BUCKET}/jobs/poisoned.py")
    yield
    set_script(lake, job, job["Command"]["ScriptLocation"])


def _landed(lake: Lake, day: str) -> list[Hour]:
    hours = [Hour(day, f"{n}") for n in (12, 13, 14)]
    for hour in hours:
        lake.land("rates", hour, [body(hour, "1")])
    return hours


def _made(lake: Lake, hours: list[Hour]) -> list[bool]:
    return [bool(lake.ledger("rates", hour)) for hour in hours]


@pytest.mark.usefixtures("poisoned")
def test_a_batch_that_failed_comes_in_halves_until_one_hour_is_left_and_parked(
    airflow: Airflow, lake: Lake, alerts: Alerts
) -> None:
    day = "2026-08-01"
    hours, seen = _landed(lake, day), []

    for _ in range(4):
        run_id = backfilled(airflow, day)
        seen.append((airflow.ended(BACKFILL, run_id), _made(lake, hours)))

    assert seen == [
        ("failed", [False, False, False]),
        # The half without it.
        ("failed", [True, False, False]),
        ("failed", [True, False, True]),
        ("failed", [True, False, True]),
    ]
    tasks = airflow.tasks(BACKFILL, run_id)
    assert tasks["left_out"] == "failed"
    assert "batch.run" not in tasks or tasks["batch.run"] == "skipped"
    said = airflow.log_of(BACKFILL, run_id, "left_out")
    assert f"rates/{day}/13: its run failed" in said

    def told(task: str) -> list[dict[str, Any]]:
        return [one for one in alerts.seen if one["labels"]["task"] == f"{BACKFILL}.{task}"]

    ran = until(lambda: told("batch.run"))
    # The first line of what Spark says is what Glue tells; the rest is in its log.
    assert "PythonException" in ran[0]["annotations"]["summary"]
    assert until(lambda: told("left_out"))


@pytest.mark.usefixtures("poisoned")
def test_without_halves_one_hour_holds_up_the_others(airflow: Airflow, lake: Lake) -> None:
    hours = _landed(lake, "2026-08-02")

    for _ in range(2):
        run_id = backfilled(airflow, "2026-08-02", "control_halves")
        assert airflow.ended("control_halves", run_id) == "failed"

    assert _made(lake, hours) == [False, False, False]


def test_after_the_cause_is_gone_a_new_object_brings_the_hour_back_at_once(
    airflow: Airflow, lake: Lake
) -> None:
    hour = Hour("2026-08-01", "13")
    lake.land("rates", hour, [body(hour, "2")])

    run_id = backfilled(airflow, "2026-08-01")

    assert airflow.ended(BACKFILL, run_id) == "success"
    assert rates(lake, hour) == [1.0, 2.0]
