"""Which hours make which batches, by the runner's own terms (`etl_runner.core.plan`)."""

from collections.abc import Iterable
from dataclasses import replace

from coinlake.contracts.hours import UNKNOWN_HOUR
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.plan import PlanningPolicy, choose
from etl_runner.steps import FoundHour, WantedHour

_TAKEN = "it is in a batch"


def batches_of(
    found: Iterable[FoundHour],
    policy: PlanningPolicy,
    now_ms: int,
    *,
    forced: bool = False,
    unsettled: bool = False,
) -> list[list[WantedHour]]:
    """The hours that have something to do, in batches of at most the policy's size.

    An hour that ended less than the policy's grace ago, or is still open, is left to later, unless
    `unsettled` ones are wanted as well.

    An hour that somebody publishes right now, or died over, is wanted as well: the same work has the
    same batch, whose result is there, and any other batch finishes theirs first.
    """
    if unsettled:
        policy = replace(policy, close_grace_ms=0)
    hours, wanted = Hours(), dict[FeedHour, WantedHour]()
    for one in found:
        is_left = not unsettled and not _has_settled(one.hour, policy, now_ms)
        if one.trouble is not None or is_left:
            continue
        is_forced = forced or one.underway is not None
        wanted[one.hour] = _track(hours, one, now_ms, is_forced=is_forced)
    batches = []
    while (chosen := choose(hours, policy, now_ms)) is not None:
        batches.append([wanted[hour] for hour in chosen.hours])
        for hour in chosen.hours:
            hours.set_aside(hour, _TAKEN)
    return batches


def halves(batch: list[WantedHour]) -> tuple[list[WantedHour], list[WantedHour]]:
    """A batch of several hours, cut in two."""
    middle = len(batch) // 2
    return batch[:middle], batch[middle:]


def _has_settled(hour: FeedHour, policy: PlanningPolicy, now_ms: int) -> bool:
    return hour.at == UNKNOWN_HOUR or now_ms >= hour.at.end_ms + policy.close_grace_ms


def _track(hours: Hours, one: FoundHour, now_ms: int, *, is_forced: bool) -> WantedHour:
    wanted = one.wanted(forced=is_forced)
    hours.committed(one.hour, one.head, now_ms)
    hours.listed(one.hour, one.inputs, now_ms)
    if wanted.forced:
        hours.force(one.hour, wanted.version, now_ms)
    if wanted.repair:
        hours.repair(one.hour, now_ms)
    return wanted
