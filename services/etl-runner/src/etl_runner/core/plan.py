"""Which hours make the next batch, and what the batch is called."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coinlake.contracts.batches import JOB_VERSION, BatchHour, Manifest
from coinlake.contracts.compact_json import fields_of
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


@dataclass(frozen=True, slots=True)
class Choice:
    """The hours of a batch. `is_trial`: one of them is known or suspected to fail its run."""

    hours: tuple[FeedHour, ...]
    is_trial: bool = False


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
    is_wanted = tracked.dirty or hours.closable(hour)
    if not is_wanted or tracked.aside is not None or now_ms < tracked.not_before_ms:
        return False
    # Just over: the promise that nothing more comes is seconds away, and saves a second run.
    closing = hour.at.end_ms <= now_ms < hour.at.end_ms + policy.close_grace_ms
    return not closing or tracked.forced or hours.complete(hour)


def choose(
    hours: Hours,
    policy: PlanningPolicy,
    now_ms: int,
    *,
    trial_first: bool = False,
    held_until_ms: int = 0,
) -> Choice | None:
    """The hours of the next batch; None where no hour is due.

    The run is the price, so hours that are dirty but not yet due come along. An hour that fails
    by itself is tried alone, and a group with one that fails by halves; `trial_first` lets these
    go before the others, so that neither waits for ever for the other. Until `held_until_ms` only
    hours that fail by themselves are tried, each at its own time: the job itself may be broken.
    """
    everything = [hour for hour, _ in hours.open()]
    is_held = now_ms < held_until_ms
    group = None if is_held else _half(hours, policy, now_ms)
    trial = group or _alone(everything, hours, policy, now_ms)
    batch = [] if is_held else _ordinary(everything, hours, policy, now_ms)
    if trial is not None and (trial_first or not batch):
        return Choice(trial, is_trial=True)
    return Choice(tuple(batch)) if batch else None


def _half(hours: Hours, policy: PlanningPolicy, now_ms: int) -> tuple[FeedHour, ...] | None:
    for group in hours.suspects.groups:
        half = [
            hour
            for hour in hours.suspects.next_half(group)
            if eligible(hour, hours, policy, now_ms)
        ]
        if half:
            return tuple(half)
    return None


def _alone(
    everything: Sequence[FeedHour], hours: Hours, policy: PlanningPolicy, now_ms: int
) -> tuple[FeedHour, ...] | None:
    alone = [
        hour
        for hour in everything
        if hours.get(hour).alone and due(hour, hours, policy, now_ms)
    ]
    # The one that waits the longest: each has its turn.
    longest = min(alone, key=lambda hour: hours.get(hour).not_before_ms, default=None)
    return None if longest is None else (longest,)


def _ordinary(
    everything: Sequence[FeedHour], hours: Hours, policy: PlanningPolicy, now_ms: int
) -> list[FeedHour]:
    usual = [
        hour
        for hour in everything
        if not hours.get(hour).alone and not hours.suspects.holds(hour)
    ]
    reasons = [hour for hour in usual if due(hour, hours, policy, now_ms)]
    if not reasons:
        return []
    rest = (
        hour for hour in usual if hour not in reasons and eligible(hour, hours, policy, now_ms)
    )
    return _within((*reasons, *rest), hours, policy)


def _within(wanted: Iterable[FeedHour], hours: Hours, policy: PlanningPolicy) -> list[FeedHour]:
    chosen: list[FeedHour] = []
    size = 0
    for hour in wanted:
        size += sum(item.size for item in hours.get(hour).inputs.values())
        if chosen and (len(chosen) >= policy.max_hours or size > policy.max_bytes):
            break
        chosen.append(hour)
    return chosen


def closed_by(
    hour: FeedHour, batch_id: str, hours: Hours, policy: PlanningPolicy, now_ms: int
) -> str:
    """How a batch closes the hour: `heartbeat` (promised), `age` (assumed), or it leaves it `open`."""
    if hours.complete_with(hour, batch_id):
        return "heartbeat"
    return "age" if now_ms >= hour.at.end_ms + policy.close_age_ms else "open"


def next_look_ms(hours: Hours, policy: PlanningPolicy, now_ms: int) -> int | None:
    """When the next hour may become due by itself; None where nothing waits."""
    moments = [
        max((tracked.dirty_since_ms or now_ms) + policy.max_wait_ms, tracked.not_before_ms)
        for _, tracked in hours.open()
        if tracked.dirty and tracked.aside is None
    ]
    return min(moments, default=None)


def manifest(batch_hours: Iterable[BatchHour], code_version: str, max_skew_ms: int) -> Manifest:
    """The batch of these hours. Its id is a hash of what it is made from: same work, same id."""
    frozen = tuple(batch_hours)
    content = [JOB_VERSION, max_skew_ms, [_named(hour) for hour in frozen]]
    digest = hashlib.sha256(
        json.dumps(content, default=fields_of, sort_keys=True).encode()
    ).hexdigest()
    return Manifest(digest[:32], JOB_VERSION, code_version, max_skew_ms, frozen)


def _named(hour: BatchHour) -> dict[str, object]:
    # Without what older manifests do not have, a batch keeps its name over an upgrade.
    named = fields_of(hour)
    del named["valueless"]
    if not hour.refused:
        del named["refused"]
    return named


def outranked(head: LedgerEntry | None) -> bool:
    """Whether an hour's head was made by a newer job than this runner's."""
    return head is not None and head.job_version > JOB_VERSION
