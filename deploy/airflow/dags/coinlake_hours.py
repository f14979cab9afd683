"""`coinlake_hours`: what the etl-runner does, on Airflow's schedule."""

from datetime import UTC, datetime

from airflow.sdk import dag, task

from coinlake_airflow.config import settings
from coinlake_airflow.finding import recent_hours
from coinlake_airflow.handed_on import Handed
from coinlake_airflow.pipeline import defaults, handed_on, in_lake, make_tables, now_ms


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

    @task
    def find() -> Handed:
        """The recent days and one older day, of every feed."""
        found = in_lake(lambda lake, at: recent_hours(lake.parts, at, now_ms()))
        return handed_on(found)

    make_tables(find())


coinlake_hours()
