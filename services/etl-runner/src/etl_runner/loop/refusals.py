"""What of a batch could not be used, noted beside it: the same work is frozen under another name."""

import json
from collections.abc import Iterable

from coinlake.contracts.cloud import BATCHES_PREFIX
from coinlake.contracts.hours import parse_hour
from etl_runner.core.hours import FeedHour
from etl_runner.loop.parts import StepParts


async def refuse(
    parts: StepParts, batch_id: str, hours: Iterable[FeedHour], reason: str
) -> None:
    """Note that the result of these hours is of no use. Everything else of the batch stays."""
    for hour in hours:
        await parts.lake.store.put(
            f"{_prefix(batch_id)}{hour.feed}/{hour.at.path}.json",
            json.dumps({"reason": reason}).encode(),
            content_type="application/json",
        )


async def refused_hours(parts: StepParts, batch_id: str) -> set[FeedHour]:
    """The hours of a batch whose result was refused."""
    found = set()
    prefix = _prefix(batch_id)
    async for listed in parts.lake.store.list(prefix):
        feed, _, path = listed.key.removeprefix(prefix).removesuffix(".json").partition("/")
        at = parse_hour(path)
        if at is not None:
            found.add(FeedHour(feed, at))
    return found


def _prefix(batch_id: str) -> str:
    return f"{BATCHES_PREFIX}{batch_id}/refused/"
