"""What a crawler's definition may say here, and the order that it makes."""

from collections.abc import Mapping
from typing import Any

from local_cloud.crawler import policy
from local_cloud.crawler.crawl import Order
from local_cloud.crawler.layout import LayoutError, Target, target
from local_cloud.errors import AwsError

# Members that would change what a crawl does, and that nothing here carries out.
NOT_THERE = (
    "Schedule",
    "Classifiers",
    "LakeFormationConfiguration",
    "CrawlerSecurityConfiguration",
    "CatalogId",
)


def check(crawler: Mapping[str, Any]) -> None:
    """Refuse what AWS refuses and what is not there."""
    for name in NOT_THERE:
        if crawler.get(name):
            raise AwsError("InvalidInputException", f"{name} of a crawler is not there here")
    if not crawler.get("DatabaseName"):
        raise AwsError("InvalidInputException", "DatabaseName is missing")
    others = sorted(
        kind for kind, some in crawler["Targets"].items() if some and kind != "S3Targets"
    )
    if others:
        raise AwsError("InvalidInputException", f"only S3Targets are there, not {others}")
    if not targets(crawler):
        raise AwsError("InvalidInputException", "a crawler needs at least one S3 target")
    policy.policy(crawler)


def targets(crawler: Mapping[str, Any]) -> tuple[Target, ...]:
    """The S3 targets; AwsError for a path that is none, or for events."""
    found = []
    for one in crawler["Targets"].get("S3Targets") or []:
        if one.get("EventQueueArn") or one.get("ConnectionName"):
            raise AwsError(
                "InvalidInputException", "event queues and connections are not there"
            )
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
