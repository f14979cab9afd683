"""What one task hands to the next: names, as JSON in Airflow's XCom. All else is in the bucket."""

from collections.abc import Iterable
from typing import Any

from coinlake.contracts.hours import Hour
from etl_runner.steps import FeedHour, WantedHour

Handed = list[list[dict[str, Any]]]
"""Batches of wanted hours."""


def to_json(batches: Iterable[Iterable[WantedHour]]) -> Handed:
    """Batches of hours to freeze, for XCom."""
    return [
        [
            {
                "feed": one.hour.feed,
                "dt": one.hour.at.dt,
                "hour": one.hour.at.hour,
                "version": one.version,
                "forced": one.forced,
                "repair": one.repair,
            }
            for one in batch
        ]
        for batch in batches
    ]


def from_json(handed: Handed) -> list[list[WantedHour]]:
    """The batches again."""
    return [
        [
            WantedHour(
                FeedHour(one["feed"], Hour(one["dt"], one["hour"])),
                one["version"],
                one["forced"],
                one["repair"],
            )
            for one in batch
        ]
        for batch in handed
    ]
