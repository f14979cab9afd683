"""Rule 6: publish, register the partitions, and last put the ledger, which is the commit."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from coinlake import logs
from coinlake.contracts.batches import BatchHour, HourResult, Manifest
from coinlake.contracts.ledger import LedgerEntry, Output, ledger_key, staging_prefix
from coinlake.errors import InvariantError, PreconditionFailedError
from etl_runner.core.batch import FinishedBatch, PublicationOutcome
from etl_runner.core.hours import FeedHour
from etl_runner.core.publication import Closing, RunFacts, ledger_entry
from etl_runner.loop.freeze import load_manifest
from etl_runner.loop.parts import StepParts
from etl_runner.loop.put_objects import Refused, put_objects
from etl_runner.loop.run import load_result

log = logs.get(__name__)

ClosingOf = Callable[[FeedHour, str], Closing]
"""How far an hour is closed with a batch, asked at the moment of its commit."""


@dataclass(frozen=True, slots=True)
class CommitTerms:
    """What the ledger's entries say beside the batch, and who is told of each hour at once."""

    closing_of: ClosingOf
    now_ms: int
    told: Callable[[PublicationOutcome], None] = lambda _: None


async def publish(
    parts: StepParts, batch: FinishedBatch, accepted: Collection[FeedHour], terms: CommitTerms
) -> list[PublicationOutcome]:
    """Publish, register and commit the accepted hours; what became of each.

    Every part of it may be repeated by anybody. An hour that another batch has published and not
    committed is first committed for that batch.
    """
    outcomes: list[PublicationOutcome] = []

    def tell(outcome: PublicationOutcome) -> None:
        outcomes.append(outcome)
        terms.told(outcome)

    hours = {FeedHour(hour.feed, hour.at): hour for hour in batch.manifest.hours}
    outputs: dict[FeedHour, list[Output]] = {}
    for name, hour in hours.items():
        if name not in accepted:
            continue
        published = await put_objects(parts, batch.manifest, hour, batch.results[name])
        if isinstance(published, Refused):
            tell(await _refused(parts, name, published, terms))
        else:
            outputs[name] = published
    await parts.tables.register(outputs)
    for name, published in outputs.items():
        entry = _entry(batch, hours[name], published, terms)
        is_ours = await _commit(parts, entry)
        head = await parts.lake.head(name)
        tell(PublicationOutcome(name, head, entry if is_ours else None))
    return outcomes


async def clean(parts: StepParts, manifest: Manifest) -> None:
    """Remove what the batch staged, of all its attempts. To be done when it is published."""
    prefix = staging_prefix(manifest.batch_id, "").removesuffix("/")
    async for found in parts.lake.store.list(prefix):
        await parts.lake.store.delete(found.key)


async def _refused(
    parts: StepParts, hour: FeedHour, refused: Refused, terms: CommitTerms
) -> PublicationOutcome:
    if refused.theirs is not None:
        await _finish(parts, refused.theirs, hour, terms)
    elif refused.decision == "foreign":
        parts.metrics.alarms.labels(reason="foreign_object").inc()
    return PublicationOutcome(hour, await parts.lake.head(hour), refused=refused.decision)


async def _finish(parts: StepParts, batch_id: str, hour: FeedHour, terms: CommitTerms) -> None:
    """Commit one hour of a batch whose runner published and died."""
    manifest = await load_manifest(parts, batch_id)
    result = await load_result(parts, batch_id)
    if result is None:
        raise InvariantError(f"batch {batch_id} published {hour} without a result")
    log.info("batch_finished_for_another", batch_id=batch_id, hour=str(hour))
    theirs = FinishedBatch(manifest, result, RunFacts("", 0))
    await publish(parts, theirs, [hour], terms)


def _entry(
    batch: FinishedBatch, hour: BatchHour, outputs: Sequence[Output], terms: CommitTerms
) -> LedgerEntry:
    name = FeedHour(hour.feed, hour.at)
    result: HourResult = batch.results[name]
    closing = terms.closing_of(name, batch.manifest.batch_id)
    return ledger_entry(
        batch.manifest,
        hour,
        result,
        outputs,
        batch.run,
        batch.result.attempt,
        closing,
        terms.now_ms,
    )


async def _commit(parts: StepParts, entry: LedgerEntry) -> bool:
    """Put the ledger's next version; whether it is this batch's."""
    key = ledger_key(entry.feed, entry.at, entry.version)
    try:
        await parts.lake.store.put(
            key, entry.encode(), if_none_match=True, content_type="application/json"
        )
    except PreconditionFailedError:
        there = await parts.lake.entry(key)
        log.info("ledger_was_first", key=key, mine=there.batch_id == entry.batch_id)
        return False
    return True
