"""Rule 5: an hour's objects by conditional PUT, and what a refusal means."""

from dataclasses import dataclass

from coinlake import logs
from coinlake.contracts.batches import BatchHour, HourResult, Manifest, StagedFile
from coinlake.contracts.ledger import Output, curated_key, result_key
from coinlake.errors import NotFoundError, PreconditionFailedError, TransientError
from etl_runner.core.hours import FeedHour
from etl_runner.core.publication import BATCH_ID, decide, object_metadata
from etl_runner.loop.parts import StepParts

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    """An hour that could not be published; `theirs` is the batch to finish first, if any."""

    decision: str
    theirs: str | None = None


async def put_objects(
    parts: StepParts, manifest: Manifest, hour: BatchHour, result: HourResult
) -> list[Output] | Refused:
    """Publish what the run staged for an hour, table by table."""
    outputs = []
    frozen = {output.table: output.etag for output in hour.published}
    for file in result.files:
        etag = await _object(parts, manifest, hour, file, frozen.get(file.table))
        if isinstance(etag, Refused):
            return etag
        key = curated_key(file.table, hour.at)
        outputs.append(Output(file.table, key, etag, file.size, file.rows))
    return outputs


async def _object(
    parts: StepParts, manifest: Manifest, hour: BatchHour, file: StagedFile, frozen: str | None
) -> str | Refused:
    key = curated_key(file.table, hour.at)
    body = await parts.lake.store.get(file.key)
    if body is None:
        return await _without_staged(parts, manifest, hour, key)
    try:
        return await _put(parts, key, body, object_metadata(manifest, hour), frozen)
    except PreconditionFailedError:
        return await _refusal(parts, manifest, hour, key)


async def _without_staged(
    parts: StepParts, manifest: Manifest, hour: BatchHour, key: str
) -> str | Refused:
    """Whoever removed the staged object had committed the batch; or it was lost."""
    store = parts.lake.store
    refusal = None
    if await store.head(key) is not None:
        refusal = await _refusal(parts, manifest, hour, key)
    if refusal is not None and not (
        isinstance(refusal, Refused) and refusal.decision == "foreign"
    ):
        return refusal
    parts.metrics.alarms.labels(reason="staged_gone").inc()
    log.error("staged_gone", batch_id=manifest.batch_id, key=key)
    # A result without its files is worth nothing; the next plan runs the batch again.
    await store.delete(result_key(manifest.batch_id))
    return Refused("staged_gone")


async def _put(
    parts: StepParts, key: str, body: bytes, metadata: dict[str, str], frozen: str | None
) -> str:
    store = parts.lake.store
    if frozen is not None:
        try:
            return await store.put(key, body, metadata=metadata, if_match=frozen)
        except NotFoundError:
            parts.metrics.alarms.labels(reason="published_gone").inc()
            log.error("published_gone", key=key)
    return await store.put(key, body, metadata=metadata, if_none_match=True)


async def _refusal(
    parts: StepParts, manifest: Manifest, hour: BatchHour, key: str
) -> str | Refused:
    there = await parts.lake.store.head(key)
    if there is None:
        raise TransientError(f"{key} existed before and is now gone")
    ledger = await parts.lake.head(FeedHour(hour.feed, hour.at))
    version = 0 if ledger is None else ledger.version
    decision = decide(there.metadata, manifest.batch_id, hour, version)
    parts.metrics.publish_conflicts.labels(decision=decision).inc()
    if decision == "mine":
        return there.etag
    log.warning("publish_refused", key=key, decision=decision, batch_id=manifest.batch_id)
    theirs = there.metadata.get(BATCH_ID) if decision == "finish_theirs" else None
    return Refused(decision, theirs)
