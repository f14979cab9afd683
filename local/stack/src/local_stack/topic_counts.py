"""Counts what is in Kafka by reading it: a heartbeat is a record, but no answer."""

import asyncio
from collections.abc import Sequence

from aiokafka import TopicPartition

from coinlake.consumer import Consumer
from coinlake.contracts.headers import POLL_ID
from local_stack.counts import PartitionCount


def count(
    bootstrap: str, topics: Sequence[str], timeout_s: float = 60.0
) -> list[PartitionCount]:
    """Read the topics from their beginning to their end of now. Raises TimeoutError."""
    return asyncio.run(_count(bootstrap, topics, timeout_s))


async def _count(
    bootstrap: str, topics: Sequence[str], timeout_s: float
) -> list[PartitionCount]:
    consumer = Consumer(
        *topics,
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 * 1024 * 1024,
    )
    await consumer.start()
    try:
        async with asyncio.timeout(timeout_s):
            partitions = sorted(consumer.assignment())
            ends = await consumer.end_offsets(partitions)
            return [await _read(consumer, each, ends[each]) for each in partitions]
    finally:
        await consumer.stop()


async def _read(consumer: Consumer, place: TopicPartition, end: int) -> PartitionCount:
    await consumer.seek_to_beginning(place)
    values = size = heartbeats = next_value = 0
    poll_ids: set[bytes | None] = set()
    while await consumer.position(place) < end:
        batches = await consumer.getmany(place, timeout_ms=1000)
        for record in batches.get(place, ()):
            if record.value is None:
                heartbeats += 1
                continue
            values += 1
            size += len(record.value)
            next_value = record.offset + 1
            poll_ids.add(dict(record.headers).get(POLL_ID))
    return PartitionCount(
        place.topic, place.partition, values, size, len(poll_ids), heartbeats, next_value
    )
