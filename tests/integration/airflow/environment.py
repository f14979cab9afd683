"""Airflow's own environment, made by the project's own command, and what its processes are told."""

import fcntl
import os
import subprocess
from pathlib import Path

from tests.e2e.terminal import ROOT

VENV = ROOT / ".local/airflow/venv"
DAGS = ROOT / "deploy/airflow/dags"
TESTS_DAGS = Path(__file__).parent / "dags"


def made() -> Path:
    """The folder of Airflow's programs; `make airflow` makes it where it is not there."""
    lock = ROOT / ".local/airflow.lock"
    lock.parent.mkdir(exist_ok=True)
    # Two test runs in one checkout must not build it at once.
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        kept = {name: one for name, one in os.environ.items() if not name.startswith("MAKE")}
        done = subprocess.run(
            ["make", "airflow"], cwd=ROOT, env=kept, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return VENV / "bin"
