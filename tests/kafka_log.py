"""What Kafka holds, read whole from outside, as the stories of the stack compare it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition


@dataclass(frozen=True, slots=True)
class KafkaRecord:
    topic: str
    offset: int
    value: bytes | None
    headers: Mapping[str, str]


def all_records(bootstrap: str, topics: Sequence[str]) -> list[KafkaRecord]:
    """All records of partition 0 of topics up to their present ends, heartbeats too."""
    return asyncio.run(_all_records(bootstrap, topics))


async def _all_records(bootstrap: str, topics: Sequence[str]) -> list[KafkaRecord]:
    partitions = [TopicPartition(topic, 0) for topic in topics]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 << 20,
    )
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        # Not seek_to_beginning: the consumer's own reset to the end may overtake it.
        for partition, start in (await consumer.beginning_offsets(partitions)).items():
            consumer.seek(partition, start)
        found: list[KafkaRecord] = []
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    found += [_record(record) for record in batch]
    finally:
        await consumer.stop()
    return [record for record in found if record.offset < ends[TopicPartition(record.topic, 0)]]


def _record(record: Any) -> KafkaRecord:
    headers = {
        name: (value or b"").decode("utf-8", "replace") for name, value in record.headers
    }
    return KafkaRecord(record.topic, record.offset, record.value, headers)
