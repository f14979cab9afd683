"""What a crawler's definition may say here, and the order that it makes."""

from collections.abc import Mapping
from typing import Any

from local_cloud.crawler import policy
from local_cloud.crawler.crawl import Order
from local_cloud.crawler.layout import LayoutError, Target, target
from local_cloud.errors import AwsError


def check(crawler: Mapping[str, Any]) -> None:
    """Refuse what AWS refuses. What is not there at all is refused by its field's name."""
    if not crawler.get("DatabaseName"):
        raise AwsError("InvalidInputException", "DatabaseName is missing")
    if not targets(crawler):
        raise AwsError("InvalidInputException", "a crawler needs at least one S3 target")
    policy.policy(crawler)


def targets(crawler: Mapping[str, Any]) -> tuple[Target, ...]:
    """The S3 targets; AwsError for a path that is none."""
    found = []
    for one in crawler["Targets"].get("S3Targets") or []:
        try:
            found.append(
                target(one["Path"], one.get("Exclusions") or (), one.get("SampleSize"))
            )
        except (LayoutError, KeyError) as error:
            raise AwsError("InvalidInputException", f"S3 target {one}: {error}") from error
    return tuple(found)


def order(crawler: Mapping[str, Any], crawl_id: str, now_ms: int) -> Order:
    """What a crawl that starts now has to do."""
    return Order(
        targets(crawler),
        policy.policy(crawler),
        crawler.get("TablePrefix") or "",
        (crawler["Name"], crawl_id),
        now_ms,
    )
