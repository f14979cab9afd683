"""Rule 1: freeze a batch. First the ledger's head, then the raw listing, both in one manifest."""

from collections.abc import Iterable

from coinlake.contracts.batches import BatchHour, FrozenOutput, Manifest, parse_manifest
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import curated_key, manifest_key
from coinlake.errors import InvariantError, PreconditionFailedError
from etl_runner.core.batch import FrozenBatch, SeenHour, WantedHour, inputs_of
from etl_runner.core.plan import manifest, outranked
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.parts import StepParts


async def freeze(
    parts: StepParts, wanted: Iterable[WantedHour], *, code_version: str, max_skew_ms: int
) -> FrozenBatch:
    """Freeze the hours into an immutable manifest and store it.

    Hours that are clean by now, and those whose head a newer job made, are left out. The same
    work has the same id: a batch that was frozen before is found again.
    """
    seen: list[SeenHour] = []
    frozen: list[BatchHour] = []
    for one in wanted:
        looked_at = await _look(parts.lake, one)
        seen.append(looked_at)
        hour = await _batch_hour(parts.lake, one, looked_at)
        if hour is not None:
            frozen.append(hour)
    if not frozen:
        return FrozenBatch(None, tuple(seen))
    batch = manifest(frozen, code_version, max_skew_ms)
    try:
        await parts.lake.store.put(
            manifest_key(batch.batch_id),
            batch.encode(),
            if_none_match=True,
            content_type="application/json",
        )
    except PreconditionFailedError:
        # The same work was frozen before, by a runner that died or by one beside us.
        batch = await load_manifest(parts, batch.batch_id)
    return FrozenBatch(batch, tuple(seen))


async def load_manifest(parts: StepParts, batch_id: str) -> Manifest:
    """A frozen batch. Raises InvariantError where it is not there or is none."""
    body = await parts.lake.store.get(manifest_key(batch_id))
    try:
        return parse_manifest(body or b"")
    except ValueError as error:
        raise InvariantError(f"batch {batch_id}: {error}") from error


async def _look(lake: LakeReader, wanted: WantedHour) -> SeenHour:
    # Head first: a version committed after this listing makes the publish fail, not lie.
    head = await lake.head(wanted.hour)
    return SeenHour(wanted.hour, head, inputs_of(await lake.raw_of_hour(wanted.hour)))


async def _batch_hour(lake: LakeReader, wanted: WantedHour, seen: SeenHour) -> BatchHour | None:
    is_current = seen.version <= wanted.version
    repair = wanted.repair and is_current
    forced = wanted.forced and is_current
    if outranked(seen.head) or not seen.is_dirty(forced or repair):
        return None
    hour = seen.hour
    published = tuple(
        [
            FrozenOutput(table, await _etag(lake, seen, table, repair))
            for table in TABULAR[hour.feed].published
        ]
    )
    items = tuple(seen.inputs[key] for key in sorted(seen.inputs))
    return BatchHour(hour.feed, hour.at.dt, hour.at.hour, seen.version, published, items)


async def _etag(lake: LakeReader, seen: SeenHour, table: str, repair: bool) -> str | None:
    if repair:
        # What is there is not what the ledger says, so only what is there can be replaced.
        head = await lake.store.head(curated_key(table, seen.hour.at))
        return None if head is None else head.etag
    outputs = () if seen.head is None else seen.head.outputs
    return next((output.etag for output in outputs if output.table == table), None)
