"""A backfill without one of its rules: the tests' controls, each of which must be seen to be wrong.

Airflow reads only files that have its name in them (Airflow 3.3, utils/file.py: might_contain_dag).
"""

from airflow.sdk import dag

from coinlake_airflow.pipeline import defaults, find_in_range, make_tables, range_params


def make(name: str) -> None:
    """The backfill as the patched modules make it now, under another name."""

    @dag(
        dag_id=f"control_{name}",
        schedule=None,
        default_args=defaults() | {"retries": 1},
        params=range_params(),
        is_paused_upon_creation=False,
    )
    def without() -> None:
        make_tables(find_in_range())

    without()
