"""Rule 5: an hour's objects by conditional writes, and what a refusal means."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from coinlake import logs
from coinlake.contracts.batches import BatchHour, HourResult, Manifest, StagedFile
from coinlake.contracts.ledger import Output, curated_key
from coinlake.errors import NotFoundError, PreconditionFailedError, TransientError
from etl_runner.core.hours import FeedHour
from etl_runner.core.publication import BATCH_ID, Decision, decide, object_metadata
from etl_runner.loop.parts import StepParts
from etl_runner.loop.refusals import refuse

log = logs.get(__name__)

IN_MEMORY_BYTES = 32 * 1024 * 1024
"""The largest object that goes through the runner, which holds it twice on its way (measured: 822 MB
for one of 400 MB). A larger one is copied by S3 in parts: its ETag is no hash of its bytes then."""

Write = Callable[..., Awaitable[str]]
"""Writes an object under `if_match` or `if_none_match`; its ETag."""


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
    write = await _staged(parts, key, file, object_metadata(manifest, hour))
    if write is None:
        return await _without_staged(parts, manifest, hour, key)
    if write == "differs":
        parts.metrics.alarms.labels(reason="staged_differs").inc()
        log.error("staged_differs", batch_id=manifest.batch_id, key=file.key)
        await refuse(parts, manifest.batch_id, [FeedHour(hour.feed, hour.at)], "staged differs")
        return Refused("staged_differs")
    try:
        return await _put(parts, key, write, frozen)
    except PreconditionFailedError:
        return await _refusal(parts, manifest, hour, key)


async def _staged(
    parts: StepParts, key: str, file: StagedFile, metadata: dict[str, str]
) -> Write | Literal["differs"] | None:
    """How the staged object gets to `key`: by a PUT of its bytes, or by S3 where they are too many.

    None where it is gone.
    """
    store = parts.lake.store
    if file.size > IN_MEMORY_BYTES:
        there = await store.head(file.key)
        if there is None:
            return None
        if there.etag != file.etag:
            return "differs"
        return partial(
            store.copy,
            file.key,
            key,
            source_etag=file.etag,
            size=file.size,
            metadata=metadata,
        )
    body = await store.get(file.key)
    if body is None:
        return None
    return (
        partial(store.put, key, body, metadata=metadata)
        if is_as_staged(body, file)
        else "differs"
    )


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


async def _put(parts: StepParts, key: str, write: Write, frozen: str | None) -> str:
    if frozen is not None:
        try:
            return await write(if_match=frozen)
        except NotFoundError:
            parts.metrics.alarms.labels(reason="published_gone").inc()
            log.error("published_gone", key=key)
    return await write(if_none_match=True)


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
