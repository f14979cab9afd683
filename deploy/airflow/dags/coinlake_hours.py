"""`coinlake_hours`: what the etl-runner does, on Airflow's schedule."""

from datetime import UTC, datetime

from airflow.sdk import dag

from coinlake_airflow.config import settings
from coinlake_airflow.pipeline import defaults, find_recent, make_tables


@dag(
    schedule=settings().schedule,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    # Each run looks at the lake as it is: one that was missed has left nothing undone.
    catchup=False,
    max_active_runs=1,
    default_args=defaults(),
    tags=["coinlake"],
)
def coinlake_hours() -> None:
    """Finds the hours that are not in the tables as they are in the raw zone, and makes them."""
    make_tables(find_recent())


coinlake_hours()
