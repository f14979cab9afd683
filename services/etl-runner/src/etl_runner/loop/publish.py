"""Rules 5 and 6: conditional PUTs, partitions, and last the ledger, which is the commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coinlake import logs
from coinlake.contracts.batches import BatchHour, HourResult, Manifest, Result, StagedFile
from coinlake.contracts.ledger import (
    LedgerEntry,
    Output,
    curated_key,
    ledger_key,
    result_key,
    staging_prefix,
)
from coinlake.errors import (
    InvariantError,
    NotFoundError,
    PreconditionFailedError,
    TransientError,
)
from coinlake.store import ObjectStore
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.publication import (
    BATCH_ID,
    Closing,
    RunFacts,
    decide,
    ledger_entry,
    object_metadata,
)
from etl_runner.loop.freeze import load_manifest
from etl_runner.loop.lake import Lake
from etl_runner.loop.run import load_result
from etl_runner.loop.tables import Tables
from etl_runner.metrics import EtlMetrics

log = logs.get(__name__)

CloseOf = Callable[[FeedHour, str], Closing]


@dataclass(frozen=True, slots=True)
class Refused:
    """An hour that could not be published; `theirs` is the batch to finish first, if any."""

    decision: str
    theirs: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A batch with its result, ready to publish."""

    manifest: Manifest
    result: Result
    run: RunFacts


class Publish:
    """Publishes the hours of a batch; every step may be repeated by anybody."""

    def __init__(
        self, lake: Lake, tables: Tables, hours: Hours, metrics: EtlMetrics, close_of: CloseOf
    ) -> None:
        self._lake = lake
        self._store: ObjectStore = lake.store
        self._tables = tables
        self._hours = hours
        self._metrics = metrics
        self._close_of = close_of

    async def run(
        self, work: Work, accepted: Sequence[FeedHour], now_ms: int
    ) -> list[LedgerEntry]:
        """Publish and commit the accepted hours of a batch; the entries that stand now."""
        results = {FeedHour(hour.feed, hour.at): hour for hour in work.result.hours}
        outputs: dict[FeedHour, list[Output]] = {}
        for hour in work.manifest.hours:
            name = FeedHour(hour.feed, hour.at)
            if name not in accepted:
                continue
            published = await self._objects(work.manifest, hour, results[name])
            if isinstance(published, Refused):
                await self._refused(name, published, now_ms)
            else:
                outputs[name] = published
        await self._tables.register(outputs)
        entries = []
        for hour in work.manifest.hours:
            name = FeedHour(hour.feed, hour.at)
            if name in outputs:
                entry = self._entry(work, hour, results[name], outputs[name], now_ms)
                if await self._commit(entry):
                    entries.append(entry)
                    self._hours.covered(name, entry.batch_id)
                self._hours.committed(name, await self._lake.head(name), now_ms)
        return entries

    async def clean(self, work: Work) -> None:
        """Remove what the batch staged, of all its attempts."""
        prefix = staging_prefix(work.manifest.batch_id, "").removesuffix("/")
        async for found in self._store.list(prefix):
            await self._store.delete(found.key)

    async def _objects(
        self, manifest: Manifest, hour: BatchHour, result: HourResult
    ) -> list[Output] | Refused:
        outputs = []
        frozen = {output.table: output.etag for output in hour.published}
        for file in result.files:
            etag = await self._object(manifest, hour, file, frozen.get(file.table))
            if isinstance(etag, Refused):
                return etag
            key = curated_key(file.table, hour.at)
            outputs.append(Output(file.table, key, etag, file.size, file.rows))
        return outputs

    async def _object(
        self, manifest: Manifest, hour: BatchHour, file: StagedFile, frozen: str | None
    ) -> str | Refused:
        key = curated_key(file.table, hour.at)
        body = await self._store.get(file.key)
        if body is None:
            return await self._without_staged(manifest, hour, key)
        try:
            return await self._put(key, body, object_metadata(manifest, hour), frozen)
        except PreconditionFailedError:
            return await self._refusal(manifest, hour, key)

    async def _without_staged(
        self, manifest: Manifest, hour: BatchHour, key: str
    ) -> str | Refused:
        """Whoever removed the staged object had committed the batch; or it was lost."""
        refusal = None
        if await self._store.head(key) is not None:
            refusal = await self._refusal(manifest, hour, key)
        if refusal is not None and not (
            isinstance(refusal, Refused) and refusal.decision == "foreign"
        ):
            return refusal
        self._metrics.alarms.labels(reason="staged_gone").inc()
        log.error("staged_gone", batch_id=manifest.batch_id, key=key)
        # A result without its files is worth nothing; the next plan runs the batch again.
        await self._store.delete(result_key(manifest.batch_id))
        return Refused("staged_gone")

    async def _put(
        self, key: str, body: bytes, metadata: dict[str, str], frozen: str | None
    ) -> str:
        if frozen is not None:
            try:
                return await self._store.put(key, body, metadata=metadata, if_match=frozen)
            except NotFoundError:
                self._metrics.alarms.labels(reason="published_gone").inc()
                log.error("published_gone", key=key)
        return await self._store.put(key, body, metadata=metadata, if_none_match=True)

    async def _refusal(self, manifest: Manifest, hour: BatchHour, key: str) -> str | Refused:
        there = await self._store.head(key)
        if there is None:
            raise TransientError(f"{key} existed before and is now gone")
        ledger = await self._lake.head(FeedHour(hour.feed, hour.at))
        version = 0 if ledger is None else ledger.version
        decision = decide(there.metadata, manifest.batch_id, hour, version)
        self._metrics.publish_conflicts.labels(decision=decision).inc()
        if decision == "mine":
            return there.etag
        log.warning("publish_refused", key=key, decision=decision, batch_id=manifest.batch_id)
        theirs = there.metadata.get(BATCH_ID) if decision == "finish_theirs" else None
        return Refused(decision, theirs)

    async def _refused(self, hour: FeedHour, refused: Refused, now_ms: int) -> None:
        if refused.theirs is not None:
            await self._finish(refused.theirs, hour, now_ms)
        elif refused.decision == "foreign":
            self._metrics.alarms.labels(reason="foreign_object").inc()
            self._hours.repair(hour, now_ms)
        self._hours.committed(hour, await self._lake.head(hour), now_ms)

    async def _finish(self, batch_id: str, hour: FeedHour, now_ms: int) -> None:
        """Commit one hour of a batch whose runner published and died."""
        manifest = await load_manifest(self._lake, batch_id)
        result = await load_result(self._store, batch_id)
        if result is None:
            raise InvariantError(f"batch {batch_id} published {hour} without a result")
        log.info("batch_finished_for_another", batch_id=batch_id, hour=str(hour))
        await self.run(Work(manifest, result, RunFacts("", 0)), [hour], now_ms)

    def _entry(
        self,
        work: Work,
        hour: BatchHour,
        result: HourResult,
        outputs: Sequence[Output],
        now_ms: int,
    ) -> LedgerEntry:
        closing = self._close_of(FeedHour(hour.feed, hour.at), work.manifest.batch_id)
        return ledger_entry(
            work.manifest, hour, result, outputs, work.run, work.result.attempt, closing, now_ms
        )

    async def _commit(self, entry: LedgerEntry) -> bool:
        """Put the ledger's next version; whether it is this batch's."""
        key = ledger_key(entry.feed, entry.at, entry.version)
        try:
            await self._store.put(
                key, entry.encode(), if_none_match=True, content_type="application/json"
            )
        except PreconditionFailedError:
            there = await self._lake.entry(key)
            log.info("ledger_was_first", key=key, mine=there.batch_id == entry.batch_id)
            return False
        return True
