"""`coinlake_backfill`: the same for a range of hours, when somebody asks for it."""

from airflow.sdk import Param, dag, get_current_context, task

from coinlake.contracts.datasets import TABULAR
from coinlake_airflow.days import hour_named
from coinlake_airflow.finding import Range, hours_in
from coinlake_airflow.handed_on import Handed
from coinlake_airflow.pipeline import defaults, handed_on, in_lake, make_tables, now_ms

_HOUR = r"^\d{4}-\d{2}-\d{2}T\d{2}$"


@dag(
    schedule=None,
    max_active_runs=1,
    default_args=defaults(),
    params={
        "first": Param(
            type="string", pattern=_HOUR, description="First hour, as 2026-11-20T07"
        ),
        "last": Param(type="string", pattern=_HOUR, description="Last hour, itself included"),
        "feeds": Param(
            [], type="array", items={"enum": list(TABULAR)}, description="None: all of them"
        ),
        "forced": Param(
            False, type="boolean", description="Also hours in which nothing changed"
        ),
    },
    tags=["coinlake"],
)
def coinlake_backfill() -> None:
    """Makes the hours of a range that are not in the tables as they are in the raw zone."""

    @task
    def find() -> Handed:
        """The hours of the range."""
        params = get_current_context()["params"]
        first, last = hour_named(params["first"]), hour_named(params["last"])
        wanted = Range(first, last, tuple(params["feeds"]), params["forced"])
        found = in_lake(lambda lake, at: hours_in(lake.parts, at, wanted, now_ms()))
        return handed_on(found)

    make_tables(find())


coinlake_backfill()
