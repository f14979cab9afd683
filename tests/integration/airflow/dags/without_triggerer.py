"""The backfill of an Airflow without a triggerer: the worker waits for the run."""

import os

os.environ["AIRFLOW_COINLAKE_DEFERRABLE"] = "false"

from airflow.sdk import dag

from coinlake_airflow.pipeline import (
    defaults,
    find_in_range,
    make_tables,
    range_params,
)


@dag(
    schedule=None,
    default_args=defaults(),
    params=range_params(),
    is_paused_upon_creation=False,
)
def without_triggerer() -> None:
    """The same tasks."""
    make_tables(find_in_range())


without_triggerer()
