"""Rule 1: freeze a batch. First the ledger's head, then the raw listing, both in one manifest."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from coinlake import logs
from coinlake.contracts.batches import (
    BatchHour,
    FrozenOutput,
    Manifest,
    parse_manifest,
)
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import curated_key, manifest_key
from coinlake.errors import InvariantError, PreconditionFailedError
from etl_runner.core.batch import (
    FrozenBatch,
    SeenHour,
    Trouble,
    WantedHour,
    inputs_of,
    trouble_of,
)
from etl_runner.core.hours import FeedHour
from etl_runner.core.plan import manifest, outranked
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.parts import StepParts
from etl_runner.loop.refusals import refused_hours

log = logs.get(__name__)


async def freeze(
    parts: StepParts,
    wanted: Iterable[WantedHour],
    *,
    code_version: str,
    max_skew_ms: int,
    accepts_missing: Callable[[FeedHour], bool] = lambda _: False,
) -> FrozenBatch:
    """Freeze the hours into an immutable manifest and store it.

    Hours that are clean by now, and those with which nothing may be done (`SeenHour.trouble`), are
    left out. The same work has the same id: a batch that was frozen before is found again, unless
    what came of it was refused. Where raw objects are gone, only hours that `accepts_missing` are
    made without them.
    """
    seen: list[SeenHour] = []
    frozen: list[BatchHour] = []
    for one in wanted:
        looked_at = await _look(parts.lake, one, accepts_missing(one.hour))
        seen.append(looked_at)
        hour = await _batch_hour(parts.lake, one, looked_at)
        if hour is not None:
            frozen.append(hour)
    if not frozen:
        return FrozenBatch(None, tuple(seen))
    return FrozenBatch(await _stored(parts, frozen, code_version, max_skew_ms), tuple(seen))


async def _stored(
    parts: StepParts, hours: Sequence[BatchHour], code_version: str, max_skew_ms: int
) -> Manifest:
    """The batch of these hours, which nobody has refused."""
    while True:
        batch = manifest(hours, code_version, max_skew_ms)
        key = manifest_key(batch.batch_id)
        body = batch.encode()
        try:
            await parts.lake.store.put(
                key, body, if_none_match=True, content_type="application/json"
            )
        except PreconditionFailedError:
            # The same work was frozen before, by a runner that died or by one beside us.
            refused = await refused_hours(parts, batch.batch_id)
            try:
                there = await load_manifest(parts, batch.batch_id)
            except InvariantError as error:
                log.error("manifest_unreadable", batch_id=batch.batch_id, reason=str(error))
                refused = {FeedHour(hour.feed, hour.at) for hour in hours}
            if not refused:
                return there
            hours = [
                replace(hour, refused=hour.refused + (FeedHour(hour.feed, hour.at) in refused))
                for hour in hours
            ]
        else:
            return batch


async def load_manifest(parts: StepParts, batch_id: str) -> Manifest:
    """A frozen batch. Raises InvariantError where it is not there or is none."""
    body = await parts.lake.store.get(manifest_key(batch_id))
    try:
        return parse_manifest(body or b"")
    except ValueError as error:
        raise InvariantError(f"batch {batch_id}: {error}") from error


async def _look(lake: LakeReader, wanted: WantedHour, accepts_missing: bool) -> SeenHour:
    # Head first: a version committed after this listing makes the publish fail, not lie.
    try:
        head = await lake.head(wanted.hour)
    except InvariantError as error:
        return SeenHour(wanted.hour, None, {}, trouble=Trouble("ledger_unreadable", str(error)))
    objects = await lake.raw_of_hour(wanted.hour, head)
    trouble = trouble_of(head, objects, accepts_missing=accepts_missing)
    valueless = tuple(sorted(one.item.key for one in objects if not one.is_input))
    return SeenHour(wanted.hour, head, inputs_of(objects), valueless, trouble)


async def _batch_hour(lake: LakeReader, wanted: WantedHour, seen: SeenHour) -> BatchHour | None:
    is_current = seen.version <= wanted.version
    repair = wanted.repair and is_current
    forced = wanted.forced and is_current
    is_ours = seen.trouble is None and not outranked(seen.head)
    if not is_ours or not seen.is_dirty(forced or repair):
        return None
    hour = seen.hour
    published = tuple(
        [
            FrozenOutput(table, await _etag(lake, seen, table, repair))
            for table in TABULAR[hour.feed].published
        ]
    )
    items = tuple(seen.inputs[key] for key in sorted(seen.inputs))
    return BatchHour(
        hour.feed,
        hour.at.dt,
        hour.at.hour,
        seen.version,
        published,
        items,
        valueless=seen.valueless,
    )


async def _etag(lake: LakeReader, seen: SeenHour, table: str, repair: bool) -> str | None:
    if repair:
        # What is there is not what the ledger says, so only what is there can be replaced.
        head = await lake.store.head(curated_key(table, seen.hour.at))
        return None if head is None else head.etag
    outputs = () if seen.head is None else seen.head.outputs
    return next((output.etag for output in outputs if output.table == table), None)
