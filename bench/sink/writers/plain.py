"""The sink's own ideas in a plain loop: `getmany`, one join, sha256, ISA-L, one PUT, commit.

It promises nothing (no chain, no index, no budget, at least once): how far a byte can be brought by
these libraries without all that, on this machine.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiokafka import AIOKafkaConsumer, TopicPartition
from isal import igzip

from bench.sink.job import Job

_MIB = 1024 * 1024
_CONFIG = AioConfig(
    s3={"addressing_style": "path", "payload_signing_enabled": False},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class Copy:
    """The open objects of one consumer."""

    def __init__(self, job: Job, consumer: AIOKafkaConsumer, s3: Any) -> None:
        self._job = job
        self._consumer = consumer
        self._s3 = s3
        self._lines: dict[TopicPartition, list[bytes]] = defaultdict(list)
        self._sizes: dict[TopicPartition, int] = defaultdict(int)
        self._next: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        """Copy until all values are stored."""
        left = self._job.values
        while left:
            for tp, messages in (await self._consumer.getmany(timeout_ms=1000)).items():
                left -= len(messages)
                await self._take(tp, [message.value for message in messages])
        for tp in self._next:
            if self._lines[tp]:
                await self._store(tp)

    async def _take(self, tp: TopicPartition, values: list[bytes]) -> None:
        self._lines[tp] += values
        self._sizes[tp] += sum(map(len, values))
        self._next[tp] = self._next.get(tp, 0) + len(values)
        if self._sizes[tp] >= self._job.object_bytes:
            await self._store(tp)

    async def _store(self, tp: TopicPartition) -> None:
        lines, self._lines[tp], self._sizes[tp] = self._lines[tp], [], 0
        digest, body = await asyncio.to_thread(_packed, lines, self._job.gzip_level)
        await self._s3.put_object(
            Bucket=self._job.bucket,
            Key=f"{tp.topic}/{tp.partition}/{self._next[tp] - len(lines):020d}.json.gz",
            Body=body,
            Metadata={"sha256": digest},
        )
        await self._consumer.commit({tp: self._next[tp]})


def _packed(lines: Iterable[bytes], level: int) -> tuple[str, bytes]:
    text = b"\n".join((*lines, b""))
    return hashlib.sha256(text).hexdigest(), igzip.compress(text, min(level, 3))


async def copy(job: Job) -> None:
    consumer = AIOKafkaConsumer(
        job.topic,
        bootstrap_servers=job.bootstrap,
        group_id=job.bucket,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2 * _MIB,
    )
    async with consumer, get_session().create_client("s3", config=_CONFIG) as s3:
        await Copy(job, consumer, s3).run()


if __name__ == "__main__":
    asyncio.run(copy(Job.from_environ()))
