"""Airflow's assets: one for each feed, with a partition for each hour."""

from airflow.sdk import Asset

from coinlake.contracts.datasets import TABULAR

from .config import settings


def hours_of(feed: str) -> Asset:
    """The published hours of a feed, for DAGs that wait for them.

    An event's partition key is the hour, `2026-11-20T07:00:00`; its `extra` has the version. A DAG
    that listens has a `PartitionedAssetTimetable`: events with a key start no other (Airflow 3.3,
    assets/manager.py: _queue_dagruns).
    """
    lake, table = settings().lake, TABULAR[feed].published[0]
    return Asset(name=f"coinlake_{feed}", uri=f"s3://{lake.bucket}/curated/{table}/")


EVERY_FEED = {feed: hours_of(feed) for feed in TABULAR}
