"""Rule 5: an hour's objects by conditional PUT, and what a refusal means."""

import hashlib
from dataclasses import dataclass

from coinlake import logs
from coinlake.contracts.batches import BatchHour, HourResult, Manifest, StagedFile
from coinlake.contracts.ledger import Output, curated_key
from coinlake.errors import NotFoundError, PreconditionFailedError, TransientError
from etl_runner.core.hours import FeedHour
from etl_runner.core.publication import BATCH_ID, Decision, decide, object_metadata
from etl_runner.loop.parts import StepParts
from etl_runner.loop.refusals import refuse

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    """An hour that could not be published; `theirs` is the batch to finish first, if any."""

    decision: Decision
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
    if not is_as_staged(body, file):
        parts.metrics.alarms.labels(reason="staged_differs").inc()
        log.error("staged_differs", batch_id=manifest.batch_id, key=file.key)
        await refuse(parts, manifest.batch_id, [FeedHour(hour.feed, hour.at)], "staged differs")
        return Refused("staged_differs")
    try:
        return await _put(parts, key, body, object_metadata(manifest, hour), frozen)
    except PreconditionFailedError:
        return await _refusal(parts, manifest, hour, key)


def is_as_staged(body: bytes, file: StagedFile) -> bool:
    """Whether the bytes are those that the run wrote.

    The ETag of an object that one PUT wrote is its MD5 (S3 API Reference, Object: ETag), but for
    encryption with KMS keys; there the size has to do.
    """
    if len(body) != file.size:
        return False
    is_md5 = len(file.etag) == 32 and "-" not in file.etag
    return not is_md5 or hashlib.md5(body, usedforsecurity=False).hexdigest() == file.etag


async def _without_staged(
    parts: StepParts, manifest: Manifest, hour: BatchHour, key: str
) -> str | Refused:
    """Whoever removed the staged object had committed the batch; or it was lost."""
    refusal = None
    if await parts.lake.store.head(key) is not None:
        refusal = await _refusal(parts, manifest, hour, key)
    if refusal is not None and not (
        isinstance(refusal, Refused) and refusal.decision == "foreign"
    ):
        return refusal
    parts.metrics.alarms.labels(reason="staged_gone").inc()
    log.error("staged_gone", batch_id=manifest.batch_id, key=key)
    await refuse(parts, manifest.batch_id, [FeedHour(hour.feed, hour.at)], "staged is gone")
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
    decision = decide(there.metadata, manifest, hour, version)
    parts.metrics.publish_conflicts.labels(decision=decision).inc()
    if decision == "mine":
        return there.etag
    log.warning("publish_refused", key=key, decision=decision, batch_id=manifest.batch_id)
    theirs = there.metadata.get(BATCH_ID) if decision == "finish_theirs" else None
    return Refused(decision, theirs)
