"""Airflow reads the DAGs, and they are as strict as everything else, by its own types.

What they do is for the campaign: a scheduler with its workers, Spark and a lake beside all else that
`make test` runs is more than two cores have.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.terminal import ROOT
from tests.integration.airflow.environment import DAGS, TESTS_DAGS, made

_READ = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
told = {name: sorted(dag.task_ids) for name, dag in bag.dags.items()}
print(json.dumps([bag.import_errors, told]))
"""
_TASKS = [
    "batch.announce",
    "batch.gate",
    "batch.move_live_views",
    "batch.publish",
    "batch.run",
    "batch.verify",
    "find",
    "freeze",
    "left_out",
]


@pytest.mark.parametrize(("poll_s", "is_read"), [("15", True), ("soon", False)])
def test_airflow_reads_the_dags_and_says_why_where_a_setting_is_wrong(
    tmp_path: Path, poll_s: str, is_read: bool
) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AIRFLOW_HOME": str(tmp_path),
        # As its DAG processor does for a folder of DAGs.
        "PYTHONPATH": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "COINLAKE_BUCKET": "lake",
        "AIRFLOW_COINLAKE_POLL_S": poll_s,
    }
    command = [str(made() / "python"), "-c", _READ, str(DAGS)]

    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    errors, dags = json.loads(done.stdout.splitlines()[-1])
    if is_read:
        assert errors == {}
        assert dags == {"coinlake_backfill": _TASKS, "coinlake_hours": _TASKS}
    else:
        assert "AIRFLOW_COINLAKE_POLL_S" in json.dumps(errors)
        assert dags == {}


def test_the_dags_pass_mypy_strict_against_airflows_own_types() -> None:
    python = made() / "python"
    dags = [
        str(file) for file in (*ROOT.glob("deploy/airflow/dags/*.py"), *TESTS_DAGS.glob("*.py"))
    ]
    command = [sys.executable, "-m", "mypy", "--python-executable", str(python)]

    done = subprocess.run(
        [*command, *dags, "deploy/airflow/dags/coinlake_airflow"],
        cwd=ROOT,
        env=os.environ | {"MYPYPATH": str(TESTS_DAGS)},
        capture_output=True,
        text=True,
        timeout=250,
    )

    assert done.returncode == 0, done.stdout + done.stderr
