"""`coinlake_backfill`: the same for a range of hours, when somebody asks for it."""

from airflow.sdk import dag

from coinlake_airflow.pipeline import defaults, find_in_range, make_tables, range_params


@dag(
    schedule=None,
    max_active_runs=1,
    default_args=defaults(),
    params=range_params(),
    tags=["coinlake"],
)
def coinlake_backfill() -> None:
    """Makes the hours of a range that are not in the tables as they are in the raw zone."""
    make_tables(find_in_range())


coinlake_backfill()
