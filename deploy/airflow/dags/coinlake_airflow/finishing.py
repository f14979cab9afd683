"""The tasks after a run: verify its result, publish it, and say which hours are there now."""

import time
from dataclasses import dataclass, field

from coinlake import logs
from coinlake.errors import TransientError
from etl_runner.loop.run import load_result
from etl_runner.steps import (
    FeedHour,
    FinishedBatch,
    StepParts,
    clean,
    commit_terms,
    load_manifest,
    publish,
    run,
    verify,
)

from .config import Settings
from .quality import too_many_failures

log = logs.get(__name__)

Versions = dict[FeedHour, int]
"""Committed versions of hours."""


@dataclass(slots=True)
class Judged:
    """Hours that other DAGs may read, and what speaks against the others."""

    good: Versions = field(default_factory=dict)
    held: list[str] = field(default_factory=list)


async def verified(parts: StepParts, batch_id: str) -> list[str]:
    """What is wrong with a batch's counts. An hour that is refused is frozen under another name next
    time; the others are published."""
    verification = await verify(parts, await _finished(parts, batch_id))
    return [f"{hour}: {'; '.join(wrong)}" for hour, wrong in verification.faults.items()]


async def published(parts: StepParts, settings: Settings, batch_id: str) -> list[str]:
    """Publish, register and commit what holds; the hours that are in the ledger now.

    An hour that was refused is in no way worse off: `judged` holds it, and the next look finds it.
    Raises TransientError where an hour waits for something that is away, once the others are done.
    """
    batch = await _finished(parts, batch_id)
    accepted = (await verify(parts, batch)).accepted
    # An hour that is made here has settled, so it is closed by its age, whenever that is.
    terms = commit_terms(int(time.time() * 1000), int(settings.settle_s * 1000))
    outcomes = await publish(parts, batch, accepted, terms)
    for outcome in outcomes:
        if outcome.refused is not None:
            log.warning("hour_refused", hour=str(outcome.hour), reason=outcome.refused)
    waits = [f"{one.hour}: {one.waits}" for one in outcomes if one.waits is not None]
    if waits:
        raise TransientError(f"published all but {len(waits)} hours: {'; '.join(waits)}")
    await clean(parts, batch_id)
    return [f"{one.hour} version {one.head.version}" for one in outcomes if one.head]


async def judged(parts: StepParts, settings: Settings, batch_id: str) -> Judged:
    """The hours of a batch that have a newer version than it was made over, by the ledger.

    Who committed it does not matter: what a runner beside us was first to publish is there too.
    """
    manifest = await load_manifest(parts, batch_id)
    said = Judged()
    for hour in manifest.hours:
        name = FeedHour(hour.feed, hour.at)
        head = await parts.lake.head(name)
        if head is None or head.version <= hour.base_version:
            said.held.append(f"{name}: nothing was published")
        elif wrong := too_many_failures(head, settings.max_failed_share):
            said.held += wrong
        else:
            said.good[name] = head.version
    return said


async def has_result(parts: StepParts, batch_id: str) -> bool:
    """Whether some run of the batch has handed its result back."""
    return await load_result(parts, batch_id) is not None


async def _finished(parts: StepParts, batch_id: str) -> FinishedBatch:
    # The result is there, so this starts no run, unless somebody marked the task of the run as done.
    return await run(parts, await load_manifest(parts, batch_id))
