"""Kafka read outside the group: where a log starts and ends, single records, commits."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from coinlake.contracts.raw_index import Record
from coinlake.contracts.topics import MAX_MESSAGE_BYTES
from coinlake.errors import TransientError
from coinlake.kafka import client_options, translated
from coinlake.settings import KafkaSettings
from s3_sink.adapters.records import record_of
from s3_sink.core.ports import Commit, LogRange, Partition

_READ_TIMEOUT_S = 20.0


class KafkaLog:
    """Reads single records with a consumer of its own; one question at a time."""

    def __init__(
        self, reader: AIOKafkaConsumer, admin: AIOKafkaAdminClient, group: str
    ) -> None:
        self._reader = reader
        self._admin = admin
        self._group = group
        self._lock = asyncio.Lock()

    async def range(self, partition: Partition) -> LogRange:
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
        with translated(f"partitions of {topic}"):
            (found,) = await self._admin.describe_topics([topic])
            tps = [TopicPartition(topic, part["partition"]) for part in found["partitions"]]
            starts = await self._reader.beginning_offsets(tps) if tps else {}
        return {tp.partition: offset for tp, offset in starts.items()}

    async def first_from(self, partition: Partition, offset: int) -> Record | None:
        kept = await self.range(partition)
        if offset >= kept.end:
            return None
        tp = TopicPartition(partition.topic, partition.number)
        async with self._lock:
            try:
                with translated(f"read {partition} at {offset}"):
                    self._reader.assign([tp])
                    self._reader.seek(tp, offset)
                    async with asyncio.timeout(_READ_TIMEOUT_S):
                        return await self._first(tp, kept.end)
            finally:
                self._reader.unsubscribe()

    async def committed(self, partition: Partition) -> Commit | None:
        tp = TopicPartition(partition.topic, partition.number)
        with translated(f"commits of {partition}"):
            found = await self._admin.list_consumer_group_offsets(self._group, partitions=[tp])
        commit = found.get(tp)
        if commit is None:
            # A partition that was asked for is in every answer, with -1 where there is no commit;
            # aiokafka drops the answer's own error: the coordinator is loading, or has moved.
            raise TransientError(f"commits of {partition}: the coordinator gives no answer")
        if commit.offset < 0:
            return None
        return Commit(commit.offset, commit.metadata or "")

    async def _first(self, tp: TopicPartition, end: int) -> Record | None:
        while True:
            batches = await self._reader.getmany(tp, timeout_ms=500, max_records=1)
            for records in batches.values():
                return record_of(records[0])
            # Markers of transactions take offsets but are no records.
            if await self._reader.position(tp) >= end:
                return None


@asynccontextmanager
async def open_log(kafka: KafkaSettings, client_id: str, group: str) -> AsyncIterator[KafkaLog]:
    """Raises TransientError where no broker answers."""
    options = client_options(kafka)
    reader = AIOKafkaConsumer(
        **options,
        client_id=f"{client_id}-reader",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
    )
    admin = AIOKafkaAdminClient(**options, client_id=f"{client_id}-admin")
    try:
        with translated("connect to Kafka"):
            await reader.start()
            await admin.start()
        yield KafkaLog(reader, admin, group)
    finally:
        await admin.close()
        await reader.stop()
