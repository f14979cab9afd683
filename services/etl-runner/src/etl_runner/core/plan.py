"""Which hours make the next batch, and what the batch is called."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from coinlake.contracts.batches import JOB_VERSION, BatchHour, Manifest
from coinlake.contracts.ledger import LedgerEntry
from etl_runner.core.hours import FeedHour, Hours


@dataclass(frozen=True, slots=True)
class PlanningPolicy:
    """When a dirty hour is worth a run. Times in ms, sizes in bytes."""

    max_wait_ms: int
    target_bytes: int
    close_grace_ms: int
    close_age_ms: int
    max_hours: int
    max_bytes: int


def due(hour: FeedHour, hours: Hours, policy: PlanningPolicy, now_ms: int) -> bool:
    """Whether the hour by itself is a reason for a run now."""
    tracked = hours.get(hour)
    if not eligible(hour, hours, policy, now_ms):
        return False
    old = now_ms - (tracked.dirty_since_ms or now_ms) >= policy.max_wait_ms
    big = tracked.new_bytes >= policy.target_bytes
    # What comes late into an hour that was closed waits like anything else: a run is the price.
    closes = hours.complete(hour) and not (tracked.head is not None and tracked.head.complete)
    return old or big or tracked.forced or tracked.repair or closes


def eligible(hour: FeedHour, hours: Hours, policy: PlanningPolicy, now_ms: int) -> bool:
    """Whether the hour may be in a batch now."""
    tracked = hours.get(hour)
    if not tracked.dirty or tracked.parked or now_ms < tracked.failure.not_before_ms:
        return False
    # Just over: the promise that nothing more comes is seconds away, and saves a second run.
    closing = hour.at.end_ms <= now_ms < hour.at.end_ms + policy.close_grace_ms
    return not closing or tracked.forced or hours.complete(hour)


def choose(hours: Hours, policy: PlanningPolicy, now_ms: int) -> list[FeedHour]:
    """The hours of the next batch; none where no hour is due.

    The run is the price, so hours that are dirty but not yet due come along. An hour that has
    failed goes alone, so that it cannot take others with it.
    """
    everything = [hour for hour, _ in hours.known()]
    reasons = [hour for hour in everything if due(hour, hours, policy, now_ms)]
    if not reasons:
        return []
    together = [hour for hour in reasons if not hours.get(hour).alone]
    if not together:
        return [min(reasons, key=lambda hour: hours.get(hour).failure.not_before_ms)]
    rest = (
        hour
        for hour in everything
        if hour not in together
        and not hours.get(hour).alone
        and eligible(hour, hours, policy, now_ms)
    )
    return _within((*together, *rest), hours, policy)


def _within(wanted: Iterable[FeedHour], hours: Hours, policy: PlanningPolicy) -> list[FeedHour]:
    chosen: list[FeedHour] = []
    size = 0
    for hour in wanted:
        size += sum(item.size for item in hours.get(hour).inputs.values())
        if chosen and (len(chosen) >= policy.max_hours or size > policy.max_bytes):
            break
        chosen.append(hour)
    return chosen


def closed_by(hour: FeedHour, hours: Hours, policy: PlanningPolicy, now_ms: int) -> str:
    """How the hour was closed: `heartbeat` (promised), `age` (assumed), or it is `open`."""
    if hours.complete(hour):
        return "heartbeat"
    return "age" if now_ms >= hour.at.end_ms + policy.close_age_ms else "open"


def next_look_ms(hours: Hours, policy: PlanningPolicy, now_ms: int) -> int | None:
    """When the next hour may become due by itself; None where nothing waits."""
    moments = [
        max(
            (tracked.dirty_since_ms or now_ms) + policy.max_wait_ms,
            tracked.failure.not_before_ms,
        )
        for _, tracked in hours.known()
        if tracked.dirty and not tracked.parked
    ]
    return min(moments, default=None)


def manifest(batch_hours: Iterable[BatchHour], code_version: str, max_skew_ms: int) -> Manifest:
    """The batch of these hours. Its id is a hash of what it is made from: same work, same id."""
    frozen = tuple(batch_hours)
    content = [JOB_VERSION, max_skew_ms, [asdict(hour) for hour in frozen]]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return Manifest(digest[:32], JOB_VERSION, code_version, max_skew_ms, frozen)


def outranked(head: LedgerEntry | None) -> bool:
    """Whether an hour's head was made by a newer job than this runner's."""
    return head is not None and head.job_version > JOB_VERSION
