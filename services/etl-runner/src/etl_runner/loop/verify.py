"""Verify a result: only what its counts bear out is published."""

from coinlake.contracts.batches import BatchHour
from coinlake.contracts.datasets import TABULAR
from etl_runner.core.batch import FinishedBatch, Verification
from etl_runner.core.hours import FeedHour
from etl_runner.core.verify import faults
from etl_runner.loop.parts import StepParts
from etl_runner.loop.refusals import refuse


async def verify(parts: StepParts, batch: FinishedBatch) -> Verification:
    """Hold each hour's counts against what its raw objects say of themselves.

    The result stays where it is, also where one hour's counts do not hold: another hour of it may
    be published already, and whoever goes on with that needs it. That the hour was refused is
    noted, so that it is frozen into a batch of another name, whose run makes a new result.
    """
    accepted: list[FeedHour] = []
    wrong: dict[FeedHour, tuple[str, ...]] = {}
    for hour in batch.manifest.hours:
        name = FeedHour(hour.feed, hour.at)
        found = await _faults(parts, batch, hour, name)
        if found:
            wrong[name] = tuple(found)
            await refuse(parts, batch.manifest.batch_id, [name], "; ".join(found))
        else:
            accepted.append(name)
    return Verification(tuple(accepted), wrong)


async def _faults(
    parts: StepParts, batch: FinishedBatch, hour: BatchHour, name: FeedHour
) -> list[str]:
    result = batch.results.get(name)
    if result is None:
        return ["the result does not contain the hour"]
    objects = await parts.lake.looked_at(hour.inputs)
    metas = {found.item.key: found.meta for found in objects}
    return faults(hour, result, metas, TABULAR[hour.feed].published)
