"""The published lake in a bucket in memory, with a catalog beside it, and what is done behind their backs."""

from collections import Counter
from dataclasses import dataclass, field

from coinlake.differences import PartitionSeen
from coinlake.errors import TransientError
from coinlake_tools.certifying import Certifier
from coinlake_tools.doctor import Diagnosis, Judgement, diagnose
from coinlake_tools.lake_day import DayReader
from coinlake_tools.lake_requests import CountingStore
from tests.labs.bucket import BucketStore, store_in_memory
from tests.unit.coinlake_tools.published import BUCKET, DT, NEXT, PublishedLake, a_day

NOW_MS = NEXT.start_ms + 3_600_000


async def at_once(_: float) -> None:
    """A wait without waiting."""


@dataclass
class FakeCatalog:
    """The catalog's side, with memory."""

    registered: list[PartitionSeen] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    is_down: bool = False
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    async def partitions(self, table: str, dt: str | None) -> list[PartitionSeen] | None:
        self.asked.append((table, dt))
        if self.is_down:
            raise TransientError(f"GetPartitions {table}: the connection was refused")
        if table in self.missing:
            return None
        return [
            one
            for one in self.registered
            if one.table == table and (dt is None or one.values[0] == dt)
        ]


@dataclass
class Proven:
    """A bucket, a catalog, and the lake that was put into them."""

    made: PublishedLake
    store: BucketStore
    catalog: FakeCatalog

    @property
    def reader(self) -> DayReader:
        return DayReader(self.counting, self.catalog)

    def __post_init__(self) -> None:
        self.counting = CountingStore(self.store, at_once)

    @property
    def requests(self) -> Counter[str]:
        return self.counting.requests

    @property
    def certifier(self) -> Certifier:
        return Certifier(self.counting, self.reader, BUCKET, "coinlake")

    async def doctor(
        self, *days: str, feeds: tuple[str, ...] = ("assets", "rates"), **how: float
    ) -> Diagnosis:
        judgement = Judgement(int(how.pop("now_ms", NOW_MS)), **how)
        return await diagnose(self.reader, BUCKET, days or (DT,), feeds, judgement)

    def delete(self, key: str) -> None:
        del self.store.bucket.objects[key]

    def alter(self, key: str, body: bytes, **metadata: str) -> None:
        """Other bytes under a key, behind everybody's back."""
        self.store.bucket.put(key, body, metadata)

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.store.bucket.objects if key.startswith(prefix))


async def proven(made: PublishedLake | None = None) -> Proven:
    """A day in memory in which nothing differs."""
    lake = made or a_day()
    store = store_in_memory()
    for key, (body, metadata) in lake.objects.items():
        store.bucket.put(key, body, metadata)
    return Proven(lake, store, FakeCatalog(list(lake.partitions)))
