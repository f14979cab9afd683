"""The DAGs are as strict as everything else, by the types of the Airflow that runs them."""

import os
import subprocess
import sys

from tests.e2e.terminal import ROOT
from tests.integration.airflow.environment import TESTS_DAGS, made


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
