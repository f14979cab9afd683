"""The first two tasks: find the hours that have something to do, and freeze them into batches."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from coinlake import logs
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.errors import InvariantError
from etl_runner.loop.refusals import refuse
from etl_runner.loop.run import load_result
from etl_runner.steps import (
    FeedHour,
    FoundHour,
    StepParts,
    WantedHour,
    find,
    freeze,
)

from .choosing import batches_of, halves
from .config import Settings
from .days import days_between, older_day, recent_days
from .tries import Patience, next_of

log = logs.get(__name__)

CODE_VERSION = "airflow"
"""Stands in manifests and ledger entries as the code that planned them; the job tells its own version."""


@dataclass(frozen=True, slots=True)
class Range:
    """The hours of a backfill: all feeds where none is named; `forced` also where nothing changed."""

    first: Hour
    last: Hour
    feeds: tuple[str, ...] = ()
    forced: bool = False


@dataclass(slots=True)
class Found:
    """Batches of wanted hours, and the hours with which nothing may be done, and why."""

    batches: list[list[WantedHour]]
    aside: list[str]


@dataclass(slots=True)
class Frozen:
    """Ids of batches to run and publish, and the hours that are parked, and why."""

    batch_ids: list[str] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)


async def recent_hours(parts: StepParts, settings: Settings, now_ms: int) -> Found:
    """What is to do in the recent days and one older one, of every feed."""
    recent = recent_days(now_ms, settings.lookback_hours)
    found: list[FoundHour] = []
    for feed in TABULAR:
        older = older_day(await parts.lake.dates(feed), recent, now_ms)
        for dt in [*recent, *([] if older is None else [older])]:
            found += await find(parts, feed, dt)
    return Found(batches_of(found, settings.policy(), now_ms), _aside(found))


async def hours_in(parts: StepParts, settings: Settings, wanted: Range, now_ms: int) -> Found:
    """What is to do in a range of hours. Raises ValueError for a feed that there is not."""
    if unknown := set(wanted.feeds) - set(TABULAR):
        raise ValueError(f"no such feeds: {sorted(unknown)}; there are {list(TABULAR)}")
    found = [
        one
        for feed in wanted.feeds or TABULAR
        for dt in days_between(wanted.first, wanted.last)
        for one in await find(parts, feed, dt)
        if wanted.first <= one.hour.at <= wanted.last
    ]
    # Somebody asks for just these: also for one that is still open.
    batches = batches_of(found, settings.policy(), now_ms, forced=wanted.forced, unsettled=True)
    return Found(batches, _aside(found))


def _aside(found: Sequence[FoundHour]) -> list[str]:
    return [
        f"{one.hour}: {one.trouble.reason}: {one.trouble.said}" for one in found if one.trouble
    ]


async def freeze_all(
    parts: StepParts, settings: Settings, batches: Sequence[list[WantedHour]]
) -> Frozen:
    """Freeze batches. One that failed before is frozen by halves, until an hour fails by itself.

    So one hour that no run survives holds up no other, and is parked for a while in the end.
    """
    patience = Patience(settings.park_after, settings.parked_s)
    runs = await parts.jobs.recent()
    frozen, left = Frozen(), deque(batches)
    while left:
        wanted = left.popleft()
        batch_id = await _frozen(parts, settings, wanted)
        if batch_id is None:
            continue
        decision = next_of(batch_id, len(wanted), runs, patience, time.time())
        if await load_result(parts, batch_id) is not None or decision == "run":
            frozen.batch_ids.append(batch_id)
        elif decision == "halve":
            left.extendleft(reversed(halves(wanted)))
        else:
            frozen.parked.append(
                f"{wanted[0].hour}: its run failed {settings.park_after} times"
            )
    return frozen


async def _frozen(parts: StepParts, settings: Settings, wanted: list[WantedHour]) -> str | None:
    """A batch of the hours whose result is none yet, or can be read; None where nothing is to do."""
    while True:
        batch = await freeze(
            parts,
            wanted,
            code_version=CODE_VERSION,
            max_skew_ms=int(settings.max_skew_s * 1000),
        )
        if batch.manifest is None:
            return None
        batch_id = batch.manifest.batch_id
        try:
            await load_result(parts, batch_id)
        except InvariantError as error:
            log.error("result_unreadable", batch_id=batch_id, reason=str(error))
            names = [FeedHour(hour.feed, hour.at) for hour in batch.manifest.hours]
            await refuse(parts, batch_id, names, str(error))
        else:
            return batch_id
