"""What these tests put into the lake and ask of it; the cloud's faults; tasks killed in mid-call."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coinlake.contracts.hours import Hour
from tests.integration.airflow.running import Airflow
from tests.integration.etl_runner.conftest import Cloud, Lake, until

BACKFILL = "coinlake_backfill"


def body(hour: Hour, rate: str) -> bytes:
    data = [{"id": "euro", "symbol": "EUR", "rateUsd": rate}]
    return json.dumps({"data": data, "timestamp": hour.start_ms}).encode()


def rates(lake: Lake, hour: Hour) -> list[float]:
    """What SQL says of an hour."""
    where = f"WHERE dt = '{hour.dt}' AND hour = '{hour.hour}'"
    rows = lake.sql(f"SELECT rate_usd FROM rates {where} ORDER BY rate_usd")
    return [float(row[0] or "nan") for row in rows]


def glue_runs(lake: Lake, batch_id: str) -> list[dict[str, Any]]:
    """Every run that was started for a batch."""
    found = lake.glue.get_job_runs(JobName="coinlake-rebuild")["JobRuns"]
    return [one for one in found if one["Arguments"]["--batch_id"] == batch_id]


def what_differs(cloud: Cloud, day: str) -> str:
    """What `coinlake doctor` finds between raw, ledger, tables and catalog; '' for nothing."""
    command = [sys.executable, "-m", "coinlake_tools", "doctor", "--feed", "rates", "--dt", day]
    done = subprocess.run(command, env=cloud.environ, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def backfilled(airflow: Airflow, day: str, dag_id: str = BACKFILL, **conf: object) -> str:
    """Ask for a day; the id of the run."""
    airflow.unpause(dag_id)
    return airflow.trigger(dag_id, first=f"{day}T00", last=f"{day}T23", **conf)


class Faults:
    """The cloud's faults: one call waits, is refused, or loses its reply."""

    def __init__(self, cloud: Cloud) -> None:
        self._url = f"http://127.0.0.1:{cloud.admin_port}/faults"

    def put(self, **rule: object) -> None:
        rules = json.dumps({"rules": [rule]}).encode()
        with urllib.request.urlopen(urllib.request.Request(self._url, rules, method="PUT")):
            pass

    def have_hit(self) -> bool:
        with urllib.request.urlopen(self._url) as answer:
            return bool(json.loads(answer.read())["fired"])

    def end(self) -> None:
        with urllib.request.urlopen(urllib.request.Request(self._url, method="DELETE")):
            pass


@contextmanager
def faults_of(cloud: Cloud) -> Iterator[Faults]:
    """The faults, which end with the test."""
    faults = Faults(cloud)
    try:
        yield faults
    finally:
        faults.end()


def pid_of(airflow: Airflow, dag_id: str, run_id: str, task_id: str) -> int:
    """The process of a task that is running, or is about to."""

    def pid() -> int | None:
        found = airflow.instances(dag_id, run_id)
        of_task = [one for one in found if one["task_id"] == task_id]
        return next((one["pid"] for one in of_task if one["state"] == "running"), None)

    return until(pid, 30)


def kill(airflow: Airflow, dag_id: str, run_id: str, task_id: str, *, worker: bool) -> None:
    """SIGKILL for a task that is running, or first for the worker that watches over it."""
    task = pid_of(airflow, dag_id, run_id, task_id)
    if worker:
        os.kill(_parent(task), signal.SIGKILL)
    os.kill(task, signal.SIGKILL)


def _parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])
