"""The membership in the consumer group, on aiokafka, and what is fetched as a member."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from aiokafka import (
    AIOKafkaClient,
    ConsumerRebalanceListener,
    TopicPartition,
)

from coinlake import logs
from coinlake.consumer import Consumer
from coinlake.kafka import client_options, starting, translated
from coinlake.rebootstrap import rebootstrapping
from coinlake.settings import KafkaSettings
from s3_sink.adapters import fetch
from s3_sink.core.ports import Commit, Owner, Partition, Polled

log = logs.get(__name__)

# How long a member that is dead may take to close.
_CLOSE_S = 5.0
# A member that is pushed out again and again gets a new id each time.
_IDS = 1_000
# A broker that has just come back may not know the topic yet: the group's leader then assigns
# nothing, without an error, and looks again when its metadata is this old; the default is five
# minutes (aiokafka 0.14, coordinator/assignors/roundrobin.py: assign; consumer/consumer.py).
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


class GroupSource:
    """Polls, seeks, pauses and commits. Partitions come paused: the owner starts them."""

    def __init__(self, make: Callable[[], Consumer], fetcher: fetch.Fetcher) -> None:
        self._make = make
        self._consumer = make()
        self._fetcher = fetcher
        self._joined: tuple[Collection[str], Owner] | None = None
        self._ids: deque[str] = deque(maxlen=_IDS)

    async def open(self) -> None:
        """Connect. Raises TransientError where no broker answers."""
        with translated("connect to Kafka"):
            await self._consumer.start()

    async def close(self) -> None:
        await self._consumer.stop()

    def join(self, topics: Collection[str], owner: Owner) -> None:
        """Subscribe; from now on the owner hears of partitions."""
        self._joined = topics, owner
        listener = _Listener(self._consumer, self._fetcher, owner, self._been)
        self._consumer.subscribe(topics=list(topics), listener=listener)

    @property
    def ids(self) -> Collection[str]:
        """The newest ids that the coordinator gave us as a member, this one among them."""
        return self._ids

    def _been(self, member_id: str) -> None:
        if member_id not in self._ids:
            self._ids.append(member_id)

    async def poll(self, timeout_s: float) -> Polled:
        if self._joined is not None and _is_dead(self._consumer):
            await self._join_anew(*self._joined)
        try:
            # It gives no records, but tells the coordinator that we live, and waits for a
            # rebalance without a limit, which may take a minute
            # (aiokafka 0.14, consumer/fetcher.py: fetched_records).
            async with asyncio.timeout(timeout_s + 1.0):
                with translated("group"):
                    await self._consumer.getmany(timeout_ms=0)
        except TimeoutError:
            return Polled({})
        fetched = await self._fetcher.poll(timeout_s)
        return Polled(
            {_ours(tp): records for tp, records in fetched.records.items()},
            tuple(_ours(tp) for tp in fetched.out_of_range),
            tuple(_ours(tp) for tp in fetched.gone),
            {_ours(tp): trouble for tp, trouble in fetched.heard.items()},
            {_ours(tp): position for tp, position in fetched.positions.items()},
        )

    async def _join_anew(self, topics: Collection[str], owner: Owner) -> None:
        """A new member in the place of one that is dead: it would answer each poll with its end."""
        log.error("membership_lost", reason="the client's group task has ended")
        held = self._fetcher.partitions()
        await owner.revoked([_ours(tp) for tp in held])
        self._fetcher.remove(held)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._consumer.stop()
        self._consumer = self._make()
        await self.open()
        self.join(topics, owner)

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


def _is_dead(consumer: Consumer) -> bool:
    """Whether a task that keeps the membership has ended, as both do after an answer that they do
    not know (aiokafka 0.14, consumer/group_coordinator.py: _coordination_routine, _do_heartbeat);
    nothing starts them again, and each poll tells the same error."""
    coordinator = consumer._coordinator
    keeping = getattr(coordinator, "_coordination_task", None)
    beating = getattr(coordinator, "_heartbeat_task", None)
    return keeping is None or keeping.done() or (beating is not None and _has_failed(beating))


def _has_failed(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """aiokafka calls it inside its rebalance; it must neither raise nor be slow on assignment
    (aiokafka 0.14, consumer/group_coordinator.py: _on_join_complete)."""

    def __init__(
        self,
        consumer: Consumer,
        fetcher: fetch.Fetcher,
        owner: Owner,
        been: Callable[[str], None],
    ) -> None:
        self._consumer = consumer
        self._fetcher = fetcher
        self._owner = owner
        self._been = been

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._owner.revoked([_ours(tp) for tp in revoked])
        self._fetcher.remove(revoked)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._been(self._consumer._coordinator.member_id)
        # No await before this loop: with a position and paused, aiokafka fetches nothing and
        # never falls back to the committed offset, which is not to be trusted
        # (aiokafka 0.14, consumer/fetcher.py: _get_actions_per_node).
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
    rebootstrapping(client)

    def make() -> Consumer:
        consumer = Consumer(
            **options,
            client_id=membership.client_id,
            group_id=membership.group,
            group_instance_id=membership.instance_id,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=int(membership.session_timeout_s * 1000),
            heartbeat_interval_ms=min(3000, int(membership.session_timeout_s * 1000 / 3)),
            # The default is the session timeout, and a flush on revoke needs its time
            # (aiokafka 0.14, consumer/consumer.py: rebalance_timeout_ms).
            rebalance_timeout_ms=int(membership.rebalance_timeout_s * 1000),
            metadata_max_age_ms=_METADATA_MAX_AGE_MS,
        )
        return rebootstrapping(consumer)

    limits = fetch.FetchLimits(
        membership.fetch_bytes, membership.request_bytes, membership.unpacked_bytes
    )
    with ThreadPoolExecutor(1, thread_name_prefix="fetch") as pool:
        fetcher = fetch.Fetcher(client, pool, limits)
        source = GroupSource(make, fetcher)
        try:
            async with starting():
                await client.bootstrap()
                client.set_topics(membership.topics)
            await source.open()
            yield source
        finally:
            await source.close()
            await fetcher.close()
            await client.close()


def _ours(tp: TopicPartition) -> Partition:
    return Partition(tp.topic, tp.partition)


def _theirs(partition: Partition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.number)
