"""Publishing: what a refused conditional PUT means, and the entry that commits an hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from coinlake.contracts.batches import BatchHour, HourResult, Manifest
from coinlake.contracts.ledger import LedgerEntry, Output, RawInput

BATCH_ID, BASE_VERSION, VERSION, JOB = "batch_id", "base_version", "version", "job_version"

Decision = Literal[
    "mine", "finish_theirs", "moved", "outranked", "foreign", "staged_gone", "staged_differs"
]
# These are about what the run staged: the next batch of the same work needs a run of its own.
OF_STAGED: frozenset[Decision] = frozenset({"staged_gone", "staged_differs"})


@dataclass(frozen=True, slots=True)
class Closing:
    """How far an hour and the feed's tables are complete with a version, see `LedgerEntry`."""

    complete: bool
    closed_by: str
    watermark_ms: int | None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The run behind a result; unknown (0, '') where Glue no longer knows it."""

    run_id: str
    billed_s: int


def object_metadata(manifest: Manifest, hour: BatchHour) -> dict[str, str]:
    """The S3 user metadata of a published object: who published it over what."""
    return {
        BATCH_ID: manifest.batch_id,
        BASE_VERSION: str(hour.base_version),
        VERSION: str(hour.version),
        JOB: str(manifest.job_version),
    }


def decide(
    metadata: Mapping[str, str], manifest: Manifest, hour: BatchHour, ledger_version: int
) -> Decision:
    """What to do after a 412, from what is there and where the ledger is now.

    mine: my batch published it (before a crash, or another runner did for me): go on.
    moved: the ledger's head moved while I worked: drop the batch and plan again.
    outranked: somebody publishes the next version with a newer job than ours: leave it to them.
    finish_theirs: somebody published the next version and died: commit it for them first.
    foreign: nobody who keeps the protocol wrote this: alarm, and repair.
    """
    if metadata.get(BATCH_ID) == manifest.batch_id:
        return "mine"
    if ledger_version > hour.base_version:
        return "moved"
    if metadata.get(VERSION) == str(hour.version) and metadata.get(BATCH_ID):
        job = metadata.get(JOB, "")
        is_newer = job.isdecimal() and int(job) > manifest.job_version
        return "outranked" if is_newer else "finish_theirs"
    return "foreign"


def ledger_entry(
    manifest: Manifest,
    hour: BatchHour,
    result: HourResult,
    outputs: Sequence[Output],
    run: RunFacts,
    attempt: str,
    closing: Closing,
    now_ms: int,
) -> LedgerEntry:
    """The commit of one hour."""
    return LedgerEntry(
        feed=hour.feed,
        dt=hour.dt,
        hour=hour.hour,
        version=hour.version,
        batch_id=manifest.batch_id,
        job_version=manifest.job_version,
        code_version=manifest.code_version,
        inputs=tuple(RawInput(item.key, item.etag) for item in hour.inputs),
        outputs=tuple(outputs),
        counts=result.counts,
        run_id=run.run_id,
        attempt=attempt,
        billed_seconds=run.billed_s,
        min_received_ms=result.min_received_ms,
        max_received_ms=result.max_received_ms,
        complete=closing.complete,
        closed_by=closing.closed_by,
        committed_at_ms=now_ms,
        watermark_ms=closing.watermark_ms,
        valueless=hour.valueless,
        unknown_fields=result.unknown_fields,
        contract=result.contract,
        quality=result.quality,
    )
