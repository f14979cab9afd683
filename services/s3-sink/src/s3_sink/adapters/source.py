"""The membership in the consumer group, on aiokafka, and what is fetched as a member."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from aiokafka import (
    AIOKafkaClient,
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    TopicPartition,
)

from coinlake.kafka import client_options, starting, translated
from coinlake.rebootstrap import rebootstrapping
from coinlake.settings import KafkaSettings
from s3_sink.adapters import fetch
from s3_sink.core.ports import Commit, Partition, Polled

# A broker that has just come back may not know the topic yet: the group's leader then assigns
# nothing, without an error, and looks again when its metadata is this old; aiokafka's default is
# five minutes.
_METADATA_MAX_AGE_MS = 10_000


@dataclass(frozen=True, slots=True)
class Membership:
    """How to be a member. Times in seconds, sizes in bytes."""

    topics: tuple[str, ...]
    group: str
    instance_id: str | None
    client_id: str
    session_timeout_s: float
    rebalance_timeout_s: float
    fetch_bytes: int
    request_bytes: int
    unpacked_bytes: int


class Owner(Protocol):
    """Hears which partitions come and go."""

    async def revoked(self, partitions: Collection[Partition]) -> None: ...
    def assigned(self, partitions: Collection[Partition]) -> None: ...


class GroupSource:
    """Polls, seeks, pauses and commits. Partitions come paused: the owner starts them."""

    def __init__(self, consumer: AIOKafkaConsumer, fetcher: fetch.Fetcher) -> None:
        self._consumer = consumer
        self._fetcher = fetcher

    def join(self, topics: Collection[str], owner: Owner) -> None:
        """Subscribe; from now on the owner hears of partitions."""
        listener = _Listener(self._consumer, self._fetcher, owner)
        self._consumer.subscribe(topics=list(topics), listener=listener)

    async def poll(self, timeout_s: float) -> Polled:
        try:
            # It gives no records, but tells the coordinator that we live, and waits for a
            # rebalance without a limit, which may take a minute.
            async with asyncio.timeout(timeout_s + 1.0):
                with translated("group"):
                    await self._consumer.getmany(timeout_ms=0)
        except TimeoutError:
            return Polled({})
        with translated("poll"):
            fetched = await self._fetcher.poll(timeout_s)
        return Polled(
            {_ours(tp): records for tp, records in fetched.records.items()},
            tuple(_ours(tp) for tp in fetched.out_of_range),
            tuple(_ours(tp) for tp in fetched.gone),
            {_ours(tp): trouble for tp, trouble in fetched.heard.items()},
            {_ours(tp): position for tp, position in fetched.positions.items()},
        )

    def seek(self, partition: Partition, offset: int, topic_id: UUID) -> None:
        self._fetcher.seek(_theirs(partition), offset, topic_id)

    def pause(self, partition: Partition) -> None:
        self._fetcher.pause(_theirs(partition))

    def resume(self, partition: Partition) -> None:
        self._fetcher.resume(_theirs(partition))

    async def commit(self, commits: Mapping[Partition, Commit]) -> None:
        offsets = {
            _theirs(p): (commit.offset, commit.metadata) for p, commit in commits.items()
        }
        with translated("commit"):
            await self._consumer.commit(offsets)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """aiokafka calls it inside its rebalance; it must neither raise nor be slow on assignment."""

    def __init__(
        self, consumer: AIOKafkaConsumer, fetcher: fetch.Fetcher, owner: Owner
    ) -> None:
        self._consumer = consumer
        self._fetcher = fetcher
        self._owner = owner

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._owner.revoked([_ours(tp) for tp in revoked])
        self._fetcher.remove(revoked)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        # No await before this loop: with a position and paused, aiokafka fetches nothing and
        # never falls back to the committed offset, which is not to be trusted.
        for tp in assigned:
            self._consumer.pause(tp)
            self._consumer.seek(tp, 0)
        self._fetcher.add(assigned)
        self._owner.assigned([_ours(tp) for tp in assigned])


@asynccontextmanager
async def open_source(
    kafka: KafkaSettings, membership: Membership
) -> AsyncIterator[GroupSource]:
    """A consumer that has not joined yet. Raises TransientError where no broker answers."""
    options = client_options(kafka)
    client = AIOKafkaClient(**options, client_id=f"{membership.client_id}-fetcher")
    consumer = AIOKafkaConsumer(
        **options,
        client_id=membership.client_id,
        group_id=membership.group,
        group_instance_id=membership.instance_id,
        enable_auto_commit=False,
        auto_offset_reset="none",
        session_timeout_ms=int(membership.session_timeout_s * 1000),
        heartbeat_interval_ms=min(3000, int(membership.session_timeout_s * 1000 / 3)),
        # aiokafka's default is the session timeout, and a flush on revoke needs its time.
        rebalance_timeout_ms=int(membership.rebalance_timeout_s * 1000),
        metadata_max_age_ms=_METADATA_MAX_AGE_MS,
    )
    rebootstrapping(client)
    rebootstrapping(consumer)
    limits = fetch.Limits(
        membership.fetch_bytes, membership.request_bytes, membership.unpacked_bytes
    )
    with ThreadPoolExecutor(1, thread_name_prefix="fetch") as pool:
        fetcher = fetch.Fetcher(client, pool, limits)
        try:
            async with starting():
                await client.bootstrap()
                client.set_topics(membership.topics)
                await consumer.start()
            yield GroupSource(consumer, fetcher)
        finally:
            await consumer.stop()
            await fetcher.close()
            await client.close()


def _ours(tp: TopicPartition) -> Partition:
    return Partition(tp.topic, tp.partition)


def _theirs(partition: Partition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.number)
