"""The loop that most repositories have: aiokafka's `async for`, gzip, aiobotocore, commit."""

import asyncio
import gzip
from collections import defaultdict

from aiobotocore.session import get_session
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.sink.job import Job


async def copy(job: Job) -> None:
    """Copy the topic to the bucket, an object per partition and `object_bytes`."""
    consumer = AIOKafkaConsumer(
        job.topic,
        bootstrap_servers=job.bootstrap,
        group_id=job.bucket,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    lines: dict[int, list[bytes]] = defaultdict(list)
    sizes: dict[int, int] = defaultdict(int)
    left = job.values

    async with consumer, get_session().create_client("s3") as s3:

        async def store(partition: int, next_offset: int) -> None:
            held, lines[partition] = lines[partition], []
            sizes[partition] = 0
            body = gzip.compress(b"\n".join(held) + b"\n", job.gzip_level)
            key = f"{job.topic}/{partition}/{next_offset - len(held):020d}.json.gz"
            await s3.put_object(Bucket=job.bucket, Key=key, Body=body)
            await consumer.commit({TopicPartition(job.topic, partition): next_offset})

        last: dict[int, int] = {}
        if left:
            async for message in consumer:
                partition = message.partition
                lines[partition].append(message.value)
                sizes[partition] += len(message.value)
                last[partition] = message.offset
                if sizes[partition] >= job.object_bytes:
                    await store(partition, message.offset + 1)
                left -= 1
                if not left:
                    break
        for partition, offset in last.items():
            if lines[partition]:
                await store(partition, offset + 1)


if __name__ == "__main__":
    asyncio.run(copy(Job.from_environ()))
