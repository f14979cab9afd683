"""A world in memory for the sink's core: a log, a codec without threads, a store that can fail."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from coinlake.contracts.epochs import Epoch
from coinlake.contracts.raw_codec import (
    Decoded,
    Encoded,
    Ending,
    content_sha256,
    decode,
    encode,
    ending,
)
from coinlake.contracts.raw_index import Record
from coinlake.errors import ConflictError, TransientError
from coinlake.testing import FakeStore
from s3_sink.core.found import Found
from s3_sink.core.part import Part, PartLimits, SealReason
from s3_sink.core.partition_state import PartitionState
from s3_sink.core.ports import Commit, LogRange, Partition
from s3_sink.core.start import Start
from s3_sink.core.watermark import Watermark
from s3_sink.loop.finder import Finder
from s3_sink.loop.guard import Guard
from s3_sink.loop.writer import Writer

HOUR_MS = 3_600_000
NOON_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS
PARTITION = Partition("coincap.assets.v1", 0)
TOPIC_ID = UUID(int=7)
LIMITS = PartLimits(max_bytes=1000, max_raw_bytes=4000, max_records=100, max_age_s=60.0)


class MemoryCodec:
    """The contract's codec, at once."""

    async def encode(self, records: Sequence[Record]) -> Encoded:
        return encode(records)

    async def sha256(self, records: Sequence[Record]) -> str:
        return content_sha256(records)

    async def decode(self, body: bytes) -> Decoded:
        return decode(body)

    async def ending(self, body: bytes) -> Ending:
        return ending(body)


class FaultyStore(FakeStore):
    """A store that, now and then, refuses, or applies a PUT and loses the answer."""

    def __init__(self, rng: random.Random | None = None, *, overwrites: bool = False) -> None:
        super().__init__()
        self._rng = rng
        self._overwrites = overwrites
        self.lose_next = 0
        self.failures: list[Exception] = []
        """What the next PUTs raise."""

    async def put(
        self,
        key: str,
        body: bytes,
        *,
        metadata: Mapping[str, str] | None = None,
        if_none_match: bool = False,
        if_match: str | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        if self.failures:
            raise self.failures.pop(0)
        luck = 1.0 if self._rng is None else self._rng.random()
        if luck < 0.1:
            raise TransientError("503 SlowDown")
        if luck < 0.15:
            raise ConflictError("409 ConditionalRequestConflict")
        etag = await super().put(
            key,
            body,
            metadata=metadata,
            if_none_match=if_none_match and not self._overwrites,
            if_match=if_match,
            content_type=content_type,
        )
        if luck < 0.3 or self.lose_next > 0:
            self.lose_next -= 1
            raise TransientError("the connection was closed")
        return etag


@dataclass
class FakeLog:
    """Kafka's side of one topic, with memory."""

    records: list[Record]
    start: int = 0
    commit: Commit | None = None
    reads: int = 0
    id: UUID = TOPIC_ID

    @property
    def end(self) -> int:
        return self.records[-1].offset + 1 if self.records else self.start

    async def range(self, partition: Partition) -> LogRange:
        return LogRange(self.start, self.end)

    async def topic_id(self, topic: str) -> UUID:
        return self.id

    async def starts(self, topic: str) -> Mapping[int, int]:
        return {0: self.start}

    async def first_from(
        self, partition: Partition, offset: int, topic_id: UUID
    ) -> Record | None:
        self.reads += 1
        if topic_id != self.id:
            raise TransientError("unknown topic id")
        kept = (record for record in self.records if record.offset >= max(offset, self.start))
        return next(kept, None)

    async def committed(self, partition: Partition) -> Commit | None:
        return self.commit


@dataclass
class Heard:
    """A report with memory."""

    written_keys: list[str] = field(default_factory=list)
    adopted_keys: list[str] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)
    refused: int = 0

    def written(self, partition: Partition, part: Part, found: Found) -> None:
        self.written_keys.append(str(found.key))

    def adopted(self, partition: Partition, found: Found) -> None:
        self.adopted_keys.append(str(found.key))

    def retried(self, partition: Partition, kind: str, reason: str) -> None:
        self.retries.append(kind)

    def met(self, partition: Partition) -> None:
        self.refused += 1


class _Trusting(Guard):
    """Most tests have a chain without an epoch's record: see `test_bucket_guard`."""

    async def check(self, state: PartitionState, *, doubtful: bool) -> None: ...


@dataclass
class World:
    """One partition, one bucket, one log, and as many sinks as a test wants."""

    store: FaultyStore = field(default_factory=FaultyStore)
    log: FakeLog = field(default_factory=lambda: FakeLog([]))
    heard: Heard = field(default_factory=Heard)
    codec: MemoryCodec = field(default_factory=MemoryCodec)
    waits: list[int] = field(default_factory=list)
    now_s: float = 0.0
    now_ms: int = NOON_MS

    def state(self, link: int = 0, limits: PartLimits = LIMITS, **more: Any) -> PartitionState:
        state = PartitionState(PARTITION, limits, Watermark(**more))
        state.begin(1, link, None)
        return state

    def guard(self) -> Guard:
        return _Trusting(self.store, lambda: self.now_s)

    def writer(self, name: str = "me") -> Writer:
        async def wait(attempt: int) -> None:
            self.waits.append(attempt)

        return Writer(self.store, self.codec, wait, self.heard, self.guard(), name)

    async def start(self, origin: int = 0, epoch: int = 1) -> Start:
        record = Epoch(PARTITION.topic, epoch, {0: origin}, "test", 0)
        finder = Finder(self.store, self.codec, self.log, PARTITION, record, TOPIC_ID)
        return await finder.start(self.now_ms)

    async def write_all(self, state: PartitionState, writer: Writer) -> None:
        while (part := state.first_sealed) is not None:
            await writer.write(state, part)

    async def store_all(self, records: Iterable[Record], size: int = 10, link: int = 0) -> None:
        """Have a well-behaved sink store records in objects of `size`."""
        state = self.state(link, PartLimits(10**9, 10**9, size, 60.0))
        state.add(records, 0.0)
        state.seal(SealReason.SHUTDOWN)
        await self.write_all(state, self.writer("before"))

    def chain(self) -> list[tuple[int, int]]:
        """(link, next) of each object, from metadata alone, by link."""
        spans = [
            (int(one.metadata["link"]), int(one.metadata["next"]))
            for key, one in self.store.objects.items()
            if key.startswith("raw/")
        ]
        return sorted(spans)

    def stored(self) -> list[Record]:
        """All records in the bucket, by offset; doubles stay."""
        found = [
            record
            for key, one in self.store.objects.items()
            if key.startswith("raw/")
            for record in decode(one.body).records
        ]
        return sorted(found, key=lambda record: record.offset)
