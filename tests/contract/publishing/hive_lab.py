"""The exam's lab for Hive tables: a bucket and a catalog in memory, every call of them numbered."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from prometheus_client import CollectorRegistry

from coinlake.contracts.batches import (
    JOB_VERSION,
    BatchHour,
    BatchInput,
    FrozenOutput,
    HourResult,
    Manifest,
    Result,
    StagedFile,
)
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import (
    Counts,
    LedgerEntry,
    curated_key,
    ledger_prefix,
    manifest_key,
    parse_entry,
    result_key,
    staging_prefix,
)
from coinlake.contracts.tables import Column
from coinlake.differences import PartitionSeen
from coinlake.errors import TransientError
from etl_runner.core.batch import FinishedBatch
from etl_runner.core.hours import FeedHour
from etl_runner.core.plan import manifest
from etl_runner.core.publication import RunFacts, object_metadata
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.parts import StepParts
from etl_runner.loop.publish import HiveTablePublisher
from etl_runner.loop.tables import TableRegistrar
from etl_runner.metrics import EtlMetrics
from tests.contract.publishing.lab import Calls, Rows
from tests.labs.bucket import Bucket, BucketStore
from tests.unit.etl_runner.world import FakeCatalog, FakeGlue

Answer = TypeVar("Answer")


class NumberedNetwork:
    """Each request to the bucket is a call; those that write what is away fail."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.away: set[str] = set()

    async def ask(self, what: str, apply: Callable[[], Answer]) -> Answer:
        async def answer() -> Answer:
            return apply()

        return await self._calls.around(answer)

    async def tell(self, what: str, apply: Callable[[], Answer]) -> Answer:
        if any(what in (f"PUT {key}", f"COPY {key}") for key in self.away):
            raise TransientError(f"{what}: 503")
        return await self.ask(what, apply)


class NumberedCatalog(FakeCatalog):
    """Each request to the catalog is a call."""

    def __init__(self, calls: Calls) -> None:
        super().__init__()
        self._calls = calls

    async def columns(self, table: str) -> Sequence[Column] | None:
        super_columns = super().columns
        return await self._calls.around(lambda: super_columns(table))

    async def register(
        self, table: str, hours: Iterable[Hour], *, replaces: bool = False
    ) -> None:
        super_register = super().register
        await self._calls.around(lambda: super_register(table, hours, replaces=replaces))

    async def registered(self, table: str, dt: str) -> Sequence[PartitionSeen]:
        super_registered = super().registered
        return await self._calls.around(lambda: super_registered(table, dt))


class HiveLab:
    """A lake of Hive tables."""

    def __init__(self) -> None:
        self.calls = Calls()
        self._bucket = Bucket()
        self._network = NumberedNetwork(self.calls)
        self._catalog = NumberedCatalog(self.calls)

    def publisher(self) -> HiveTablePublisher:
        store = BucketStore(self._bucket, self._network)
        metrics = EtlMetrics(CollectorRegistry())
        tables = TableRegistrar(self._catalog, metrics)
        # No run is ever started: what it staged is there.
        jobs = FakeGlue(store)
        return HiveTablePublisher(StepParts(LakeReader(store), "lake", jobs, tables, metrics))

    async def staged(self, rows: Mapping[FeedHour, Rows], over: int = 0) -> FinishedBatch:
        batch = manifest([self._frozen(hour, of, over) for hour, of in rows.items()], "dev", 1)
        hours = tuple(
            self._result(batch, hour.feed, hour.at, rows[FeedHour(hour.feed, hour.at)])
            for hour in batch.hours
        )
        result = Result(batch.batch_id, "1", JOB_VERSION, "dev", 1, hours)
        self._bucket.put(manifest_key(batch.batch_id), batch.encode(), {})
        self._bucket.put(result_key(batch.batch_id), result.encode(), {})
        return FinishedBatch(batch, result, RunFacts("jr_0", 1))

    async def damage(self, batch: FinishedBatch, hour: FeedHour, *, is_gone: bool) -> None:
        for file in batch.results[hour].files:
            if is_gone:
                self._bucket.delete(file.key)
            else:
                body = self._bucket.objects[file.key].body
                self._bucket.put(file.key, body[::-1], {})

    async def mix(self, one: FinishedBatch, two: FinishedBatch, hour: FeedHour) -> None:
        for number, file in enumerate(one.results[hour].files):
            batch = two if number else one
            (frozen,) = [of for of in batch.manifest.hours if of.feed == hour.feed]
            metadata = object_metadata(batch.manifest, frozen)
            body = self._bucket.objects[batch.results[hour].files[number].key].body
            self._bucket.put(curated_key(file.table, hour.at), body, metadata)

    def is_staged(self, batch: FinishedBatch) -> bool:
        files = [file for hour in batch.result.hours for file in hour.files]
        return any(file.key in self._bucket.objects for file in files)

    def take_away(self, hour: FeedHour) -> None:
        tables = TABULAR[hour.feed].published
        self._network.away |= {curated_key(table, hour.at) for table in tables}

    async def read(self, hour: FeedHour) -> Rows:
        found: dict[str, Sequence[str]] = {}
        for table in TABULAR[hour.feed].published:
            there = self._bucket.objects.get(curated_key(table, hour.at))
            if there is not None and (table, hour.at) in self._catalog.partitions:
                found[table] = json.loads(there.body)
        return found

    async def committed(self, hour: FeedHour) -> Sequence[LedgerEntry]:
        prefix = ledger_prefix(hour.feed, hour.at)
        keys = [key for key in self._bucket.objects if key.startswith(prefix)]
        return [parse_entry(self._bucket.objects[key].body) for key in sorted(keys)]

    def _frozen(self, hour: FeedHour, rows: Rows, over: int) -> BatchHour:
        # Another batch is made from other raw objects, and so has another name.
        inputs = (BatchInput("raw/" + json.dumps(rows)[:60], "etag", 1),)
        return BatchHour(
            hour.feed, hour.at.dt, hour.at.hour, over, self._published(hour), inputs
        )

    def _published(self, hour: FeedHour) -> tuple[FrozenOutput, ...]:
        entries = [
            parse_entry(stored.body)
            for key, stored in self._bucket.objects.items()
            if key.startswith(ledger_prefix(hour.feed, hour.at))
        ]
        return tuple(
            FrozenOutput(out.table, out.etag)
            for out in (entries[-1].outputs if entries else ())
        )

    def _result(self, batch: Manifest, feed: str, at: Hour, rows: Rows) -> HourResult:
        files = []
        for table, lines in rows.items():
            key = f"{staging_prefix(batch.batch_id, '1')}{table}/{at.path}/p"
            body = json.dumps(lines).encode()
            etag = self._bucket.put(key, body, {})
            files.append(StagedFile(table, key, etag, len(body), len(lines)))
        counts = Counts(1, 1, 0, 0, 0, 1, 1, 0, 0)
        return HourResult(feed, at.dt, at.hour, counts, tuple(files))
