"""Glue with memory, and the runner's steps over a bucket in memory."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from prometheus_client import CollectorRegistry

from coinlake.contracts.announcements import Published
from coinlake.contracts.batches import (
    HourResult,
    Manifest,
    Result,
    StagedFile,
    parse_manifest,
)
from coinlake.contracts.datasets import TABULAR, table_named
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import (
    Counts,
    LedgerEntry,
    RuleCount,
    ledger_prefix,
    parse_entry,
    result_key,
    staging_prefix,
)
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta
from coinlake.contracts.tables import Column
from coinlake.differences import PartitionSeen
from coinlake.errors import NotFoundError, TransientError
from coinlake.testing import FakeClock
from coinlake.views.definition import View
from coinlake.views.live import live_view_names
from etl_runner.core.hours import Hours
from etl_runner.core.ports import BusyError
from etl_runner.core.runs import GlueRun
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.parts import StepParts
from etl_runner.loop.tables import TableRegistrar
from etl_runner.metrics import EtlMetrics
from tests.labs.bucket import Bucket, BucketStore, Faults

HOUR = Hour("2026-11-20", "07")


def raw_meta(records: int, complete_to_ms: int | None = None, values: int = 1) -> RawMeta:
    return RawMeta(0, 0, records, records, values, "s", 1, 2, complete_to_ms, "test")


@dataclass
class FakeGlue:
    """The job: a run does at once what the real one does in a minute, unless told otherwise."""

    store: BucketStore
    runs: list[GlueRun] = field(default_factory=list)
    busy: int = 0
    lose_reply: bool = False
    fails_with: str | None = None
    stays: str | None = None
    records_more: int = 0
    is_missing: bool = False
    miscounts: Collection[str] = ()
    never_stops: bool = False
    changes_staged: bool = False
    writes_graffiti: bool = False
    quality: tuple[RuleCount, ...] = ()
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, arguments: Mapping[str, str]) -> str:
        if self.busy:
            self.busy -= 1
            raise BusyError("ConcurrentRunsExceededException")
        run_id = f"jr_{len(self.runs)}"
        batch_id, attempt = arguments["--batch_id"], arguments["--attempt"]
        state = self.stays or ("FAILED" if self.fails_with else "SUCCEEDED")
        self.runs.insert(0, GlueRun(run_id, state, batch_id, attempt, self.fails_with, 20))
        if state == "SUCCEEDED":
            body = self.store.bucket.objects[arguments["--manifest"].split("/", 3)[3]].body
            await self.finish(parse_manifest(body), attempt)
        if self.lose_reply:
            self.lose_reply = False
            raise TransientError("the connection was reset")
        return run_id

    async def finish(self, manifest: Manifest, attempt: str) -> None:
        """Stage a file per table and put the result, as the job does."""
        hours = []
        for hour in manifest.hours:
            files = []
            for table in TABULAR[hour.feed].published:
                key = f"{staging_prefix(manifest.batch_id, attempt)}{table}/{hour.at.path}/p"
                body = f"{manifest.batch_id} {table}".encode()
                etag = await self.store.put(key, body)
                files.append(StagedFile(table, key, etag, len(body), 1))
                if self.changes_staged:
                    await self.store.put(key, body[::-1])
            n = len(hour.inputs) + self.records_more + (hour.feed in self.miscounts)
            counts = Counts(n, n, 0, 0, 0, n, n, 0, 0)
            hours.append(
                HourResult(
                    hour.feed, hour.dt, hour.hour, counts, tuple(files), quality=self.quality
                )
            )
        result = Result(manifest.batch_id, attempt, 1, "dev", 1000, tuple(hours))
        said = b"graffiti" if self.writes_graffiti else result.encode()
        await self.store.put(result_key(manifest.batch_id), said, if_none_match=True)

    async def get(self, run_id: str) -> GlueRun:
        self.asked.set()
        return next(run for run in self.runs if run.run_id == run_id)

    async def recent(self) -> Sequence[GlueRun]:
        if self.is_missing:
            raise NotFoundError("the job is not there")
        return list(self.runs)

    async def stop(self, run_id: str) -> None:
        self.runs = [
            replace(run, state="STOPPING" if self.never_stops else "STOPPED")
            if run.run_id == run_id
            else run
            for run in self.runs
        ]


@dataclass
class FakeCatalog:
    """Tables appear when they are crawled, partitions when they are registered."""

    tables: set[str] = field(default_factory=set)
    partitions: set[tuple[str, Hour]] = field(default_factory=set)
    crawls: int = 0
    lacks: str | None = None
    lacks_for_ever: str | None = None
    hidden: set[str] = field(default_factory=set)
    is_away: bool = False
    views: dict[str, Hour] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)

    async def columns(self, table: str) -> Sequence[Column] | None:
        if table not in self.tables - self.hidden:
            return None
        found = table_named(table).columns
        lacking = {self.lacks, self.lacks_for_ever}
        return [column for column in found if column.name not in lacking]

    async def registered(self, table: str, dt: str) -> Sequence[PartitionSeen]:
        if table not in self.tables - self.hidden:
            raise NotFoundError(table)
        return [
            PartitionSeen(
                table, (hour.dt, hour.hour), f"s3://coinlake/curated/{table}/{hour.path}/"
            )
            for name, hour in self.partitions
            if name == table and hour.dt == dt
        ]

    async def register(
        self, table: str, hours: Iterable[Hour], *, replaces: bool = False
    ) -> None:
        if table not in self.tables - self.hidden:
            raise NotFoundError(table)
        self.partitions |= {(table, hour) for hour in hours}

    async def boundary(self, feed: str) -> Hour | None:
        found = {self.views.get(name) for name in live_view_names(TABULAR[feed])}
        return found.pop() if len(found) == 1 else None

    async def replace(self, view: View) -> None:
        if self.is_away:
            raise TransientError("UpdateTable: 503")
        assert view.boundary is not None
        self.views[view.name] = view.boundary
        self.replaced.append(view.name)

    async def crawl(self) -> None:
        if self.is_away:
            raise TransientError("the crawler is away")
        self.crawls += 1
        self.lacks = None
        self.tables = {table for feed in TABULAR for table in TABULAR[feed].published}


@dataclass
class FakeAnnouncer:
    said: list[Published] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def announce(self, published: Published) -> None:
        self.said.append(published)
        if published.feed == "rates":
            self.heard.set()


@dataclass
class World:
    """A bucket in memory with what the steps need around it."""

    bucket: Bucket
    network: Faults
    store: BucketStore
    glue: FakeGlue
    catalog: FakeCatalog
    announcer: FakeAnnouncer
    lake: LakeReader
    hours: Hours
    metrics: EtlMetrics
    registry: CollectorRegistry
    clock: FakeClock = field(default_factory=FakeClock)
    links: int = 0

    async def land(
        self,
        feed: str = "rates",
        hour: Hour = HOUR,
        complete_to_ms: int | None = None,
        values: int = 1,
        body: bytes | None = None,
    ) -> str:
        key = str(RawKey(TABULAR[feed].topic, hour, 0, 0, self.links))
        self.links += 1
        meta = raw_meta(1, complete_to_ms, values).encode()
        said = f"raw {self.links}".encode() if body is None else body
        await self.store.put(key, said, metadata=meta)
        return key

    @property
    def parts(self) -> StepParts:
        tables = TableRegistrar(self.catalog, self.metrics, self.clock)
        return StepParts(self.lake, "coinlake", self.glue, tables, self.metrics)

    def ledger(self, feed: str = "rates", hour: Hour = HOUR) -> list[LedgerEntry]:
        prefix = ledger_prefix(feed, hour)
        keys = sorted(key for key in self.bucket.objects if key.startswith(prefix))
        return [parse_entry(self.bucket.objects[key].body) for key in keys]

    def counted(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"etl_runner_{name}", labels) or 0.0


def new_world() -> World:
    clock = FakeClock(HOUR.start_ms / 1000 + 86_400)
    bucket = Bucket(now_ms=lambda: int(clock() * 1000))
    network, registry = Faults(), CollectorRegistry()
    store = BucketStore(bucket, network)
    return World(
        bucket,
        network,
        store,
        FakeGlue(store),
        FakeCatalog(),
        FakeAnnouncer(),
        LakeReader(store),
        Hours(),
        EtlMetrics(registry),
        registry,
        clock,
    )
