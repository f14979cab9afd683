"""What the core asks of the outside world, in its own words."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from coinlake.contracts.raw_codec import Decoded, Encoded, Ending
from coinlake.contracts.raw_index import Record
from coinlake.topic_state import TopicState
from s3_sink.core.commit import Commit as Commit
from s3_sink.core.found import Found
from s3_sink.core.part import Part
from s3_sink.core.start import Start


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """One partition of a topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.number}"


@dataclass(frozen=True, slots=True)
class LogRange:
    """The offsets that Kafka still has: from `start`, up to but without `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll gave: records per partition, and partitions that asked for too much.

    `gone` are those whose topic is not there, or is another one by now. `heard` tells of each
    partition that was asked for what keeps it from being read, None where nothing does.
    `positions` are those behind all that was read, markers of transactions too.
    """

    records: Mapping[Partition, Sequence[Record]]
    out_of_range: tuple[Partition, ...] = ()
    gone: tuple[Partition, ...] = ()
    heard: Mapping[Partition, str | None] = field(default_factory=dict)
    positions: Mapping[Partition, int] = field(default_factory=dict)


class Head(Protocol):
    """What the store tells of an object without sending it. `size` in bytes."""

    @property
    def etag(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def metadata(self) -> Mapping[str, str]: ...


class Entry(Protocol):
    """One line of a listing."""

    @property
    def key(self) -> str: ...


class Store(Protocol):
    """The bucket. Raises TransientError, PreconditionFailedError (412), ConflictError (409)."""

    async def put(
        self,
        key: str,
        body: bytes,
        *,
        metadata: Mapping[str, str] | None = None,
        if_none_match: bool = False,
        if_match: str | None = None,
        content_type: str = "application/octet-stream",
    ) -> str: ...
    async def head(self, key: str) -> Head | None: ...
    async def get(self, key: str) -> bytes | None: ...
    def list(self, prefix: str, start_after: str | None = None) -> AsyncIterator[Entry]: ...
    def list_folders(self, prefix: str) -> AsyncIterator[str]: ...


class Log(Protocol):
    """Kafka read outside the group: ranges and single records. Raises TransientError."""

    async def topic_id(self, topic: str) -> UUID:
        """Which topic it is that has this name now."""
        ...

    async def range(self, partition: Partition) -> LogRange: ...
    async def starts(self, topic: str) -> Mapping[int, int]:
        """The first offset of each partition of a topic."""
        ...

    async def first_from(
        self, partition: Partition, offset: int, topic_id: UUID
    ) -> Record | None:
        """The first record of that topic at or after an offset that Kafka still has; None at the
        log's end."""
        ...

    async def committed(self, partition: Partition) -> Commit | None:
        """What the group has committed; None where it never did."""
        ...


class RecordSource(Protocol):
    """The membership in the consumer group."""

    async def poll(self, timeout_s: float) -> Polled:
        """Records of partitions that are not paused. Raises TransientError."""
        ...

    def seek(self, partition: Partition, offset: int, topic_id: UUID) -> None:
        """Read on from an offset of that topic, and of no other of its name."""
        ...

    def pause(self, partition: Partition) -> None: ...
    def resume(self, partition: Partition) -> None: ...
    async def commit(self, commits: Mapping[Partition, Commit]) -> None:
        """Raises TransientError, also where the partition has gone to another member."""
        ...


class Codec(Protocol):
    """Encoding, hashing and decoding, off the event loop."""

    async def encode(self, records: Sequence[Record]) -> Encoded: ...
    async def sha256(self, records: Sequence[Record]) -> str: ...
    async def decode(self, body: bytes) -> Decoded:
        """Raises RawFormatError."""
        ...

    async def ending(self, body: bytes) -> Ending:
        """Raises RawFormatError."""
        ...


Wait = Callable[[int], Awaitable[None]]
"""Wait before try number n + 1 (n from 0): backoff with jitter lives outside."""


class Report(Protocol):
    """Hears what the writer meets; metrics and logs are behind it."""

    def written(self, partition: Partition, part: Part, found: Found) -> None:
        """A part of ours has landed, seen at once or on a later look."""
        ...

    def adopted(self, partition: Partition, found: Found) -> None:
        """Another writer's object holds the place; the position is its end."""
        ...

    def retried(self, partition: Partition, kind: str, reason: str) -> None:
        """A try failed and comes again: `conflict`, `transient` or `vanished`."""
        ...

    def met(self, partition: Partition) -> None:
        """The store refused to create (412): somebody was there first, perhaps we."""
        ...


class CommitReport(Protocol):
    """Hears how commits go."""

    def committed(self, seconds: float) -> None: ...
    def commit_failed(self, reason: str) -> None: ...


class Observer(Report, CommitReport, Protocol):
    """Hears what the writer and the loop meet."""

    def started(self, partition: Partition, start: Start) -> None: ...
    def stopped(self, partition: Partition, reason: str) -> None: ...
    def left(self, partition: Partition) -> None: ...
    def polled(self, trouble: str | None) -> None: ...
    def read(self, partition: Partition, trouble: str | None) -> None: ...
    def assigned(self, partitions: int) -> None: ...


class Cluster(Protocol):
    """What the watch asks. Raises TransientError."""

    async def topics(self, names: Sequence[str]) -> Mapping[str, TopicState]: ...
    async def readers(self) -> Collection[Partition] | None: ...


class GroupMembers(Protocol):
    """What is asked. Raises TransientError."""

    async def members(self) -> Collection[str] | None: ...


class Owner(Protocol):
    """Hears which partitions come and go."""

    async def revoked(self, partitions: Collection[Partition]) -> None: ...
    def assigned(self, partitions: Collection[Partition]) -> None: ...


class Kafka(Protocol):
    """What is asked. Everything raises TransientError."""

    async def ends(self, partitions: Collection[Partition]) -> Mapping[Partition, int]: ...
    async def range(self, partition: Partition) -> LogRange: ...
    async def committed(self, partition: Partition) -> Commit | None: ...
    async def topic_id(self, topic: str) -> UUID: ...
    async def first_from(
        self, partition: Partition, offset: int, topic_id: UUID
    ) -> Record | None: ...
