"""A lake in memory: chains that the real sink's core wrote, and the log that they came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from coinlake.contracts.epochs import Epoch
from coinlake.contracts.headers import heartbeat_headers
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
from coinlake.contracts.raw_layout import epoch_key
from coinlake_tools.audit import Audit
from coinlake_tools.audit_verdict import Verdict
from coinlake_tools.lake_log import Kept
from s3_sink.core.part import PartLimits, SealReason
from s3_sink.core.partition_state import PartitionState
from s3_sink.core.ports import Partition, Report
from s3_sink.core.watermark import Watermark
from s3_sink.loop.guard import Guard
from s3_sink.loop.writer import Writer
from tests.labs.bucket import Bucket, BucketStore, Stored, store_in_memory

HOUR_MS = 3_600_000
NOON_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS
TOPIC = "coincap.assets.v1"
SIZE = 10
TOPIC_ID = UUID(int=7)


@dataclass
class FakeLakeLog:
    """Kafka's side, with memory."""

    logs: dict[int, list[Record]] = field(default_factory=dict)
    starts: dict[int, int] = field(default_factory=dict)
    alive: int = 0
    id: UUID = TOPIC_ID
    committed: dict[int, str] = field(default_factory=dict)

    async def topic_id(self, topic: str) -> UUID | None:
        return self.id if topic == TOPIC else None

    async def commits(self, group: str, topic: str) -> Mapping[int, str]:
        return self.committed

    async def kept(self, topic: str) -> Mapping[int, Kept]:
        if topic != TOPIC:
            return {}
        return {
            number: Kept(self.starts.get(number, 0), records[-1].offset + 1 if records else 0)
            for number, records in self.logs.items()
        }

    async def records(self, topic: str, partition: int, start: int, stop: int) -> list[Record]:
        first = max(start, self.starts.get(partition, 0))
        return [one for one in self.logs[partition] if first <= one.offset < stop]

    async def members(self, group: str) -> int:
        return self.alive


class _Codec:
    async def encode(self, records: Sequence[Record]) -> Encoded:
        return encode(records)

    async def sha256(self, records: Sequence[Record]) -> str:
        return content_sha256(records)

    async def decode(self, body: bytes) -> Decoded:
        return decode(body)

    async def ending(self, body: bytes) -> Ending:
        return ending(body)


class _Deaf(Report):
    """Nobody listens."""

    def written(self, *_: object) -> None: ...
    def adopted(self, *_: object) -> None: ...
    def retried(self, *_: object) -> None: ...
    def met(self, *_: object) -> None: ...


def answers(start: int, stop: int) -> list[Record]:
    """One record each two minutes, every seventh a heartbeat."""
    return [
        Record(n, NOON_MS + n * 120_000, None, None, tuple(heartbeat_headers(NOON_MS + n, "p")))
        if n % 7 == 6
        else Record(n, NOON_MS + n * 120_000, b"k", b'{"n":%d}' % n, (("poll_id", b"%d" % n),))
        for n in range(start, stop)
    ]


@dataclass
class Lake:
    """A topic of two partitions; the first is 95 records long, the second 10."""

    store: BucketStore = field(default_factory=store_in_memory)
    log: FakeLakeLog = field(default_factory=FakeLakeLog)

    @property
    def bucket(self) -> Bucket:
        return self.store.bucket

    async def fill(self) -> None:
        origins = {0: 0, 1: 0}
        epoch = Epoch(TOPIC, 1, origins, "test", 0, TOPIC_ID)
        await self.store.put(epoch_key(TOPIC, 1), epoch.encode())
        for number, count in ((0, 95), (1, 10)):
            self.log.logs[number] = answers(0, count)
            await self.sink(number, self.log.logs[number], 0)

    async def sink(self, number: int, records: Sequence[Record], link: int) -> None:
        """Have the sink's own core store records."""
        state = PartitionState(
            Partition(TOPIC, number), PartLimits(10**9, 10**9, SIZE, 60.0), Watermark()
        )
        told = [one.metadata.get("complete-to") for one in self.bucket.objects.values()]
        promised = max((int(one) for one in told if one), default=None) if link else None
        state.begin(1, link, promised)
        state.add(records, 0.0)
        state.seal(SealReason.SHUTDOWN)
        guard = Guard(self.store, lambda: 0.0)
        guard.begin(state.partition)
        writer = Writer(self.store, _Codec(), self._wait, _Deaf(), guard, "sink")
        while (part := state.first_sealed) is not None:
            await writer.write(state, part)

    async def audit(self, *, deep: bool = False) -> Verdict:
        return await Audit(self.store, self.log, deep=deep, wait_s=0.0).run([], lambda _: None)

    def keys(self, partition: int = 0) -> list[str]:
        """The keys of a partition's objects by link."""
        found = (key for key in self.bucket.objects if f"/1-{partition}-" in key)
        return sorted(found, key=lambda key: key.rsplit("/", 1)[1])

    def alter(self, key: str, body: bytes | None = None, **metadata: str) -> None:
        """Change an object behind everybody's back."""
        old = self.bucket.objects[key]
        told = {**old.metadata, **{name.replace("_", "-"): v for name, v in metadata.items()}}
        self.bucket.objects[key] = Stored(body or old.body, "altered", told, 0)

    def copy(self, key: str, to: str, **metadata: str) -> None:
        self.bucket.objects[to] = self.bucket.objects[key]
        self.alter(to, None, **metadata)

    @staticmethod
    async def _wait(attempt: int) -> None:
        raise AssertionError("the store in memory does not fail")
