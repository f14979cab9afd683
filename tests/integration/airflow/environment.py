"""Airflow's own environment, made by the project's own command, and what its processes are told."""

from pathlib import Path

from tests.e2e.terminal import ROOT
from tests.making import make

VENV = ROOT / ".local/airflow/venv"
DAGS = ROOT / "deploy/airflow/dags"
TESTS_DAGS = Path(__file__).parent / "dags"


def made() -> Path:
    """The folder of Airflow's programs; `make airflow` makes it where it is not there."""
    make("airflow")
    return VENV / "bin"
