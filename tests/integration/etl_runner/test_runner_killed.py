"""SIGKILL in the middle of a run: the next start goes on, nothing is lost or doubled."""

import json

import pytest

from coinlake.contracts.hours import Hour
from tests.integration.etl_runner.conftest import Lake, Start, until

HOUR = Hour("2026-11-20", "13")


def body(rate: str) -> bytes:
    data = [{"id": "euro", "symbol": "EUR", "rateUsd": rate}]
    return json.dumps({"data": data, "timestamp": HOUR.start_ms}).encode()


@pytest.mark.full_size
def test_a_runner_killed_while_its_run_works_is_continued_by_the_next(
    lake: Lake, start_runner: Start
) -> None:
    lake.land("rates", HOUR, [body("1")])
    killed = start_runner()
    until(lambda: killed.get("/status")["run"])
    killed.process.kill()
    killed.process.wait(10)

    start_runner()
    until(lambda: lake.ledger("rates", HOUR))

    runs = lake.glue.get_job_runs(JobName="coinlake-rebuild")["JobRuns"]
    entry = lake.ledger("rates", HOUR)[0]
    of_batch = [run for run in runs if run["Arguments"]["--batch_id"] == entry.batch_id]
    assert [run["Id"] for run in of_batch] == [entry.run_id]
    statement = f"SELECT rate_usd FROM rates WHERE hour = '{HOUR.hour}'"
    assert lake.sql(statement) == [["1.000000000000000000"]]
