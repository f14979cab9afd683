"""A DAG of somebody else: it waits for the hours of rates, and says which it was told of."""

from airflow.sdk import PartitionedAssetTimetable, dag, get_current_context, task

from coinlake_airflow.assets import hours_of


@dag(
    schedule=PartitionedAssetTimetable(assets=hours_of("rates")),
    is_paused_upon_creation=False,
    catchup=False,
)
def listens_to_rates() -> None:
    """One run for each hour that is published."""

    @task
    def said() -> str:
        return str(get_current_context()["dag_run"].partition_key)

    said()


listens_to_rates()
