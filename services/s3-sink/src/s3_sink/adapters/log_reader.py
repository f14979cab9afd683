"""Kafka read outside the group: topics and their ids, where a log starts and ends, single records."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from aiokafka import AIOKafkaClient, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from coinlake.consumer import Consumer
from coinlake.contracts.raw_index import Record
from coinlake.errors import TransientError
from coinlake.kafka import client_options, starting, translated
from coinlake.log_reading import Group, described, read_batches
from coinlake.rebootstrap import rebootstrapping
from coinlake.settings import KafkaSettings
from coinlake.topic_state import TopicState
from coinlake.topic_states import topic_states
from s3_sink.core.ports import Commit, LogRange, Partition


class KafkaLog:
    """Asks brokers by aiokafka's clients."""

    def __init__(
        self,
        client: AIOKafkaClient,
        reader: Consumer,
        admin: AIOKafkaAdminClient,
        group: str,
    ) -> None:
        self._client = client
        self._reader = reader
        self._admin = admin
        self._group = group

    async def topics(self, names: Sequence[str]) -> Mapping[str, TopicState]:
        """Raises TransientError, ConfigError."""
        return await topic_states(self._client, names)

    async def topic_id(self, topic: str) -> UUID:
        return (await self._state(topic)).id

    async def range(self, partition: Partition) -> LogRange:
        # aiokafka waits for one that is missing until it is there
        # (aiokafka 0.14, consumer/fetcher.py: _retrieve_offsets).
        await self._state(partition.topic)
        return await self._range(partition)

    async def _range(self, partition: Partition) -> LogRange:
        tp = TopicPartition(partition.topic, partition.number)
        with translated(f"range of {partition}"):
            starts = await self._reader.beginning_offsets([tp])
            ends = await self._reader.end_offsets([tp])
            return LogRange(starts[tp], ends[tp])

    async def ends(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Where the log of each partition ends, in one question. Raises TransientError."""
        tps = {TopicPartition(one.topic, one.number): one for one in partitions}
        if not tps:
            return {}
        with translated("ends of the log"):
            ends = await self._reader.end_offsets(list(tps))
            return {tps[tp]: end for tp, end in ends.items()}

    async def starts(self, topic: str) -> Mapping[int, int]:
        state = await self._state(topic)
        with translated(f"partitions of {topic}"):
            tps = [TopicPartition(topic, number) for number in state.leaders]
            starts = await self._reader.beginning_offsets(tps) if tps else {}
        return {tp.partition: offset for tp, offset in starts.items()}

    async def first_from(
        self, partition: Partition, offset: int, topic_id: UUID
    ) -> Record | None:
        topic = await self._state(partition.topic)
        if topic.id != topic_id:
            raise TransientError(f"{partition}: the topic has been re-created")
        kept = await self._range(partition)
        while offset < kept.end:
            # One record is enough; the batch that it is in may unpack to any size.
            found = await read_batches(
                self._client, topic, partition.number, offset, max_bytes=1, room=1
            )
            if len(found.records):
                return found.records[0]
            # Markers of transactions take offsets but are no records.
            offset = found.position
        return None

    async def committed(self, partition: Partition) -> Commit | None:
        tp = TopicPartition(partition.topic, partition.number)
        with translated(f"commits of {partition}"):
            found = await self._admin.list_consumer_group_offsets(self._group, partitions=[tp])
        commit = found.get(tp)
        if commit is None:
            # A partition that was asked for is in every answer, with -1 where there is no commit;
            # aiokafka drops the answer's own error: the coordinator is loading, or has moved
            # (aiokafka 0.14, admin/client.py: list_consumer_group_offsets).
            raise TransientError(f"commits of {partition}: the coordinator does not answer")
        if commit.offset < 0:
            return None
        return Commit(commit.offset, commit.metadata or "")

    async def readers(self) -> Collection[Partition] | None:
        """All partitions that the group's members read; None while that is being settled."""
        group = await self._settled()
        if group is None:
            return None
        with translated(f"shares of {self._group}"):
            # A member that the leader did not know of has no share, which is no bytes at all
            # (Kafka's ClassicGroupMember: EMPTY_ASSIGNMENT).
            shares = [
                ConsumerProtocolMemberAssignment.decode(share)
                for share in group.shares
                if share
            ]
        return [
            Partition(topic, number)
            for share in shares
            for topic, numbers in share.assignment
            for number in numbers
        ]

    async def members(self) -> Collection[str] | None:
        """The ids of the group's members; None while it is being settled who they are."""
        group = await self._settled()
        return None if group is None else group.members

    async def _settled(self) -> Group | None:
        group = await described(self._admin, self._group)
        return group if group.state == "Stable" else None

    async def _state(self, topic: str) -> TopicState:
        state = (await self.topics([topic]))[topic]
        if state.trouble is not None:
            raise TransientError(f"topic {topic} {state.trouble}")
        return state


@asynccontextmanager
async def open_log(kafka: KafkaSettings, client_id: str, group: str) -> AsyncIterator[KafkaLog]:
    """Raises TransientError where no broker answers."""
    options = client_options(kafka)
    client = AIOKafkaClient(**options, client_id=f"{client_id}-log")
    reader = Consumer(
        **options,
        client_id=f"{client_id}-reader",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
    )
    admin = AIOKafkaAdminClient(**options, client_id=f"{client_id}-admin")
    rebootstrapping(client)
    rebootstrapping(reader)
    rebootstrapping(admin)
    try:
        async with starting():
            await client.bootstrap()
            await reader.start()
            await admin.start()
        yield KafkaLog(client, reader, admin, group)
    finally:
        await admin.close()
        await reader.stop()
        await client.close()
