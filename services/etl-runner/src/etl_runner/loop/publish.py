"""Rule 6: publish, register the partitions, and last put the ledger, which is the commit."""

from collections.abc import Collection, Sequence

from coinlake import logs
from coinlake.contracts.batches import BatchHour, HourResult
from coinlake.contracts.ledger import LedgerEntry, Output, ledger_key, staging_prefix
from coinlake.errors import InvariantError, PreconditionFailedError, TransientError
from etl_runner.core.batch import CommitTerms, FinishedBatch, PublicationOutcome
from etl_runner.core.hours import FeedHour
from etl_runner.core.publication import OF_STAGED, RunFacts, ledger_entry
from etl_runner.loop.freeze import load_manifest
from etl_runner.loop.parts import StepParts
from etl_runner.loop.put_objects import Refused, put_objects
from etl_runner.loop.run import load_result

log = logs.get(__name__)


class HiveTablePublisher:
    """Tables as Hive reads them: a folder per hour, one Parquet object in it, a registered partition.

    An hour's object is replaced by a conditional PUT, which makes its rows visible; the PUT of the
    ledger's next version is the commit. The port `TablePublisher` says what that promises.
    """

    def __init__(self, parts: StepParts) -> None:
        self._parts = parts

    async def publish(
        self, batch: FinishedBatch, accepted: Collection[FeedHour], terms: CommitTerms
    ) -> Sequence[PublicationOutcome]:
        return await publish(self._parts, batch, accepted, terms)

    async def clean(self, batch_id: str) -> None:
        await clean(self._parts, batch_id)


async def publish(
    parts: StepParts,
    batch: FinishedBatch,
    accepted: Collection[FeedHour],
    terms: CommitTerms,
    behind: frozenset[str] = frozenset(),
) -> list[PublicationOutcome]:
    """Publish, register and commit the accepted hours; what became of each.

    Every part of it may be repeated by anybody. An hour that another batch has published and not
    committed is first committed for that batch. What is away for one hour stops no other: that
    hour `waits`. `behind` are batches that wait until this one is finished: it finishes none of them.
    """
    waiting = behind | {batch.manifest.batch_id}
    outcomes: list[PublicationOutcome] = []

    def tell(outcome: PublicationOutcome) -> None:
        outcomes.append(outcome)
        terms.told(outcome)

    outputs: dict[FeedHour, list[Output]] = {}
    for hour in batch.manifest.hours:
        name = FeedHour(hour.feed, hour.at)
        if name in accepted:
            put = await _put(parts, batch, hour, terms, waiting)
            if isinstance(put, PublicationOutcome):
                tell(put)
            else:
                outputs[name] = put
    for name, waits in (await parts.tables.register(outputs)).items():
        tell(PublicationOutcome(name, None, waits=waits))
        del outputs[name]
    for hour in batch.manifest.hours:
        name = FeedHour(hour.feed, hour.at)
        if name in outputs:
            tell(await _committed(parts, batch, hour, outputs[name], terms))
    return outcomes


async def _put(
    parts: StepParts,
    batch: FinishedBatch,
    hour: BatchHour,
    terms: CommitTerms,
    waiting: frozenset[str],
) -> list[Output] | PublicationOutcome:
    """The hour's published objects; or what became of it."""
    name = FeedHour(hour.feed, hour.at)
    try:
        published = await put_objects(parts, batch.manifest, hour, batch.results[name])
        if isinstance(published, Refused):
            return await _refused(parts, name, published, terms, waiting)
    except (TransientError, InvariantError) as error:
        return PublicationOutcome(name, None, waits=str(error))
    return published


async def _committed(
    parts: StepParts,
    batch: FinishedBatch,
    hour: BatchHour,
    outputs: Sequence[Output],
    terms: CommitTerms,
) -> PublicationOutcome:
    """What became of an hour that is published and registered."""
    name = FeedHour(hour.feed, hour.at)
    try:
        entry = _entry(batch, hour, outputs, terms)
        is_ours = await _commit(parts, entry)
        head = await parts.lake.head(name)
    except (TransientError, InvariantError) as error:
        return PublicationOutcome(name, None, waits=str(error))
    return PublicationOutcome(name, head, entry if is_ours else None)


async def clean(parts: StepParts, batch_id: str) -> None:
    """Remove what a batch staged, of all its attempts. To be done when nobody needs it any more."""
    prefix = staging_prefix(batch_id, "").removesuffix("/")
    async for found in parts.lake.store.list(prefix):
        await parts.lake.store.delete(found.key)


async def _refused(
    parts: StepParts,
    hour: FeedHour,
    refused: Refused,
    terms: CommitTerms,
    waiting: frozenset[str],
) -> PublicationOutcome:
    decision: str = refused.decision
    theirs = refused.theirs
    if theirs is not None and not await _finished(parts, theirs, hour, terms, waiting):
        decision = "foreign"
    if decision == "foreign":
        parts.metrics.alarms.labels(reason="foreign_object").inc()
    return PublicationOutcome(hour, await parts.lake.head(hour), refused=decision)


async def _finished(
    parts: StepParts,
    batch_id: str,
    hour: FeedHour,
    terms: CommitTerms,
    waiting: frozenset[str],
) -> bool:
    """Commit one hour of a batch whose runner published and died; False where that cannot be."""
    try:
        if batch_id in waiting:
            # An object of each lies there, and neither can be whole: hands were at work.
            raise InvariantError(f"batch {batch_id} waits for the one that would finish it")
        manifest = await load_manifest(parts, batch_id)
        result = await load_result(parts, batch_id)
        if result is None:
            raise InvariantError(f"batch {batch_id} has no result")
        theirs = FinishedBatch(manifest, result, RunFacts("", 0))
        if hour not in theirs.results:
            raise InvariantError(f"batch {batch_id} has no result for {hour}")
    except InvariantError as error:
        # Nobody can commit it as it is: what is there is replaced like any stranger's object.
        parts.metrics.alarms.labels(reason="batch_unreadable").inc()
        log.error("batch_unreadable", batch_id=batch_id, hour=str(hour), reason=str(error))
        return False
    log.info("batch_finished_for_another", batch_id=batch_id, hour=str(hour))
    for outcome in await publish(parts, theirs, [hour], terms, waiting):
        if outcome.waits is not None:
            raise TransientError(outcome.waits)
        if outcome.refused in {*OF_STAGED, "foreign"}:
            return False
    return True


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
        log.info("ledger_was_first", key=key)
        return False
    return True
