"""The end of a run is judged three times: by its own eyes, by the audit, and by the ledger's own check."""

import random
from collections import defaultdict
from dataclasses import replace

from coinlake.contracts.cloud import CURATED_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import curated_key
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RAW_PREFIX, parse_raw_key
from coinlake.contracts.raw_meta import parse_raw_meta
from coinlake.differences import Difference, PartitionSeen
from coinlake_tools.audit import Audit
from coinlake_tools.chain_audit import Finding
from coinlake_tools.doctor import Judgement, diagnose
from coinlake_tools.lake_day import DayReader
from etl_runner.core.hours import FeedHour
from s3_sink.core.ports import Partition
from tests.labs.bucket import BucketStore, Faults, Stored
from tests.labs.sim.operator import ReadOnlyLog
from tests.labs.sim_chain.glue import records_of
from tests.labs.sim_chain.ingestor import WITH_TABLES
from tests.labs.sim_chain.oracle import FEED_OF
from tests.labs.sim_chain.world import World
from tests.labs.sim_runner.catalog import CatalogServer

BUCKET = "lake"


class _Catalog:
    """The catalog as the doctor asks it."""

    def __init__(self, server: CatalogServer) -> None:
        self._server = server

    async def partitions(self, table: str, dt: str | None) -> list[PartitionSeen] | None:
        if table not in self._server.tables:
            return None
        return [
            PartitionSeen(
                table, (at.dt, at.hour), f"s3://{BUCKET}/{CURATED_PREFIX}{table}/{at.path}"
            )
            for name, at in sorted(self._server.partitions)
            if name == table and dt in (None, at.dt)
        ]


class Judges:
    """Each says what it has to say of bucket, broker and catalog as they are now."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = BucketStore(world.bucket, Faults())

    # Own eyes.

    def raw_lacks(self) -> list[str]:
        """What Kafka has and not exactly one raw object, or one has otherwise."""
        world, found = self._world, []
        stored: defaultdict[Partition, list[Record]] = defaultdict(list)
        for key, there in world.bucket.objects.items():
            named = parse_raw_key(key) if key.startswith(RAW_PREFIX) else None
            if named is not None:
                stored[Partition(named.topic, named.partition)] += records_of(there.body)
        for partition in world.broker.partitions:
            ours = sorted(stored[partition], key=lambda one: one.offset)
            sent = world.broker.logs[partition].records
            wanted = max((one.offset + 1 for one in sent if one.value is not None), default=0)
            offsets = [one.offset for one in ours]
            if offsets != list(range(len(offsets))) or len(offsets) < wanted:
                found.append(f"{partition}: raw has {offsets}, Kafka [0, {wanted})")
            elif tuple(ours) != tuple(sent[: len(ours)]):
                found.append(f"{partition}: raw holds what Kafka does not have")
        return found

    def tables_lack(self) -> list[str]:
        """Hours whose published rows are not the answers that Kafka has of them."""
        world, found = self._world, []
        wanted = world.oracle.of_hours()
        for hour in sorted({*wanted, *world.oracle.heads}):
            rows = world.oracle.published(hour.feed, hour.at)
            if rows != wanted.get(hour, set()):
                lacking = len(wanted.get(hour, set()) - rows)
                found.append(f"{hour}: {len(rows)} rows, {lacking} answers are missing")
            found += [
                f"{hour}: {table} has no partition"
                for table in TABULAR[hour.feed].published
                if (table, hour.at) not in world.catalog.partitions
            ]
        return found

    def open_hours(self) -> list[str]:
        """Hours whose newest version is not made from all that raw has of them."""
        raw: defaultdict[FeedHour, set[str]] = defaultdict(set)
        for key, there in self._world.bucket.objects.items():
            named, meta = parse_raw_key(key), parse_raw_meta(there.metadata)
            feed = None if named is None else FEED_OF.get(named.topic)
            if named is not None and feed is not None and meta is not None and meta.values:
                raw[FeedHour(feed, named.hour)].add(key)
        heads = self._world.oracle.heads
        return [
            str(hour)
            for hour in sorted({*raw, *heads})
            if {one.key for one in (heads[hour].inputs if hour in heads else ())} != raw[hour]
        ]

    # The project's.

    async def audit(self) -> tuple[Finding, ...]:
        """`coinlake audit --deep`."""
        audit = Audit(
            self._store,
            ReadOnlyLog(self._world.broker),
            deep=True,
            wait_s=0.0,
            now_ms=self._world.now_ms,
        )
        verdict = await audit.run((), lambda _: None)
        return verdict.findings

    async def doctor(self) -> list[Difference]:
        """`coinlake doctor`, which takes nothing for normal here: all hours are at rest."""
        reader = DayReader(self._store, _Catalog(self._world.catalog))
        hours = {*self._world.oracle.heads, *self._world.oracle.of_hours()}
        days = sorted({hour.at.dt for hour in hours})
        judgement = Judgement(self._world.now_ms())
        found = await diagnose(reader, BUCKET, days, WITH_TABLES, judgement)
        return found.found


class Damage:
    """One thing that is damaged on purpose: the project's judges must say so, and then it is mended."""

    def __init__(self, world: World, judges: Judges, rng: random.Random) -> None:
        self._world = world
        self._judges = judges
        self._rng = rng

    async def to_raw(self) -> None:
        """A raw object is gone, holds another's bytes, lies about itself, or lies there twice."""
        objects = self._world.bucket.objects
        keys = [key for key in objects if parse_raw_key(key) is not None]
        if not keys:
            return
        key = self._rng.choice(keys)
        kept, kind = objects[key], self._rng.randrange(4)
        meta = parse_raw_meta(kept.metadata)
        assert meta is not None
        added = ""
        match kind:
            case 0:
                if not meta.values:
                    return  # Heartbeats alone: nobody can tell that they were stored before.
                del objects[key]
            case 1:
                body = objects[self._rng.choice(keys)].body
                if body == kept.body:
                    return
                objects[key] = replace(kept, body=body)
            case 2:
                longer = replace(meta, next_offset=meta.next_offset + 1).encode()
                objects[key] = replace(kept, metadata=longer)
            case _:
                named = parse_raw_key(key)
                assert named is not None
                added = str(replace(named, link=named.link + 1_000))
                objects[added] = kept
        await self._heard_by_audit(kind, key)
        objects[key] = kept
        if added:
            del objects[added]

    async def _heard_by_audit(self, kind: int, key: str) -> None:
        if not await self._judges.audit():
            self._world.oracle.blame("blind", f"the audit does not see damage {kind} of {key}")
        else:
            self._world.reached("audit saw the damage")

    async def to_tables(self) -> None:
        """An hour's published object is gone or another, its partition or its first version is gone."""
        world, heads = self._world, self._world.oracle.heads
        if not heads:
            return
        hour = self._rng.choice(sorted(heads))
        table = TABULAR[hour.feed].published[0]
        key, objects = curated_key(table, hour.at), world.bucket.objects
        kept, kind = objects[key], self._rng.randrange(4)
        raw = heads[hour].inputs[0].key
        kept_raw = objects[raw]
        match kind:
            case 0:
                del objects[key]
            case 1:
                objects[key] = Stored(b"[]", "another", kept.metadata, kept.last_modified_ms)
            case 2:
                world.catalog.partitions.discard((table, hour.at))
            case _:
                del objects[raw]
        if not await self._judges.doctor():
            world.oracle.blame("blind", f"the doctor does not see damage {kind} of {hour}")
        else:
            world.reached("doctor saw the damage")
        objects[key], objects[raw] = kept, kept_raw
        world.catalog.partitions.add((table, hour.at))
