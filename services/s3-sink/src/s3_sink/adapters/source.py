"""The membership in the consumer group, on aiokafka."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from coinlake.errors import TransientError
from coinlake.kafka import client_options, translated
from coinlake.settings import KafkaSettings
from s3_sink.adapters.records import record_of
from s3_sink.core.ports import Commit, Partition, Polled

# One poll must not keep the loop from Kafka's heartbeats while it turns records into ours.
_MAX_RECORDS = 5000
_MAX_FETCH_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Membership:
    """How to be a member. Times in seconds, sizes in bytes."""

    group: str
    instance_id: str | None
    client_id: str
    session_timeout_s: float
    rebalance_timeout_s: float
    fetch_bytes: int


class Owner(Protocol):
    """Hears which partitions come and go."""

    async def revoked(self, partitions: Collection[Partition]) -> None: ...
    def assigned(self, partitions: Collection[Partition]) -> None: ...


class GroupSource:
    """Polls, seeks, pauses and commits. Partitions come paused: the owner starts them."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    def join(self, topics: Collection[str], owner: Owner) -> None:
        """Subscribe; from now on the owner hears of partitions."""
        listener = _Listener(self._consumer, owner)
        self._consumer.subscribe(topics=list(topics), listener=listener)

    async def poll(self, timeout_s: float) -> Polled:
        try:
            # getmany waits for a rebalance without a limit, and that may take a minute.
            async with asyncio.timeout(timeout_s + 1.0):
                with translated("poll"):
                    batches = await self._consumer.getmany(
                        timeout_ms=int(timeout_s * 1000), max_records=_MAX_RECORDS
                    )
        except TimeoutError:
            return Polled({})
        except TransientError as error:
            if isinstance(error.__cause__, OffsetOutOfRangeError):
                return Polled({}, tuple(_ours(tp) for tp in error.__cause__.args[0]))
            raise
        return Polled(
            {_ours(tp): [record_of(one) for one in records] for tp, records in batches.items()}
        )

    def seek(self, partition: Partition, offset: int) -> None:
        if self._has(partition):
            self._consumer.seek(_theirs(partition), offset)

    def pause(self, partition: Partition) -> None:
        if self._has(partition):
            self._consumer.pause(_theirs(partition))

    def resume(self, partition: Partition) -> None:
        if self._has(partition):
            self._consumer.resume(_theirs(partition))

    async def commit(self, commits: Mapping[Partition, Commit]) -> None:
        offsets = {
            _theirs(p): (commit.offset, commit.metadata) for p, commit in commits.items()
        }
        with translated("commit"):
            await self._consumer.commit(offsets)

    def _has(self, partition: Partition) -> bool:
        # It may have gone to another member between a decision and its deed.
        return _theirs(partition) in self._consumer.assignment()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """aiokafka calls it inside its rebalance; it must neither raise nor be slow on assignment."""

    def __init__(self, consumer: AIOKafkaConsumer, owner: Owner) -> None:
        self._consumer = consumer
        self._owner = owner

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._owner.revoked([_ours(tp) for tp in revoked])

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        # No await before this loop: with a position and paused, aiokafka fetches nothing and
        # never falls back to the committed offset, which is not to be trusted.
        for tp in assigned:
            self._consumer.pause(tp)
            self._consumer.seek(tp, 0)
        self._owner.assigned([_ours(tp) for tp in assigned])


@asynccontextmanager
async def open_source(
    kafka: KafkaSettings, membership: Membership
) -> AsyncIterator[GroupSource]:
    """A consumer that has not joined yet. Raises TransientError where no broker answers."""
    consumer = AIOKafkaConsumer(
        **client_options(kafka),
        client_id=membership.client_id,
        group_id=membership.group,
        group_instance_id=membership.instance_id,
        enable_auto_commit=False,
        auto_offset_reset="none",
        session_timeout_ms=int(membership.session_timeout_s * 1000),
        heartbeat_interval_ms=min(3000, int(membership.session_timeout_s * 1000 / 3)),
        # aiokafka's default is the session timeout, and a flush on revoke needs its time.
        rebalance_timeout_ms=int(membership.rebalance_timeout_s * 1000),
        max_partition_fetch_bytes=membership.fetch_bytes,
        fetch_max_bytes=_MAX_FETCH_BYTES,
    )
    try:
        with translated("connect to Kafka"):
            await consumer.start()
        yield GroupSource(consumer)
    finally:
        await consumer.stop()


def _ours(tp: TopicPartition) -> Partition:
    return Partition(tp.topic, tp.partition)


def _theirs(partition: Partition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.number)
