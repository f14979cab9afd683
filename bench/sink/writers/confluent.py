"""What a good engineer writes in an afternoon: librdkafka in batches, gzip, boto3, commit.

Tuned as librdkafka's and boto3's pages advise: large fetches, `consume()` of many messages at once,
no payload signing, no second checksum.
"""

import gzip
from typing import Any

import boto3
from botocore.config import Config
from confluent_kafka import Consumer, TopicPartition

from bench.sink.job import Job

_AT_ONCE = 10_000
_MIB = 1024 * 1024


class Copy:
    """The open objects of one consumer."""

    def __init__(self, job: Job, consumer: Any, s3: Any) -> None:
        self._job = job
        self._consumer = consumer
        self._s3 = s3
        self._lines: dict[int, list[bytes]] = {part: [] for part in range(job.partitions)}
        self._sizes = dict.fromkeys(self._lines, 0)
        self._next = dict.fromkeys(self._lines, 0)

    def run(self) -> None:
        """Copy until all values are stored."""
        left = self._job.values
        while left:
            for message in self._consumer.consume(_AT_ONCE, 1.0):
                if message.error() is not None:
                    raise RuntimeError(str(message.error()))
                self._take(message)
                left -= 1
        for partition, lines in self._lines.items():
            if lines:
                self._store(partition)

    def _take(self, message: Any) -> None:
        partition, value = message.partition(), message.value()
        self._lines[partition].append(value)
        self._sizes[partition] += len(value)
        self._next[partition] = message.offset() + 1
        if self._sizes[partition] >= self._job.object_bytes:
            self._store(partition)

    def _store(self, partition: int) -> None:
        lines = self._lines[partition]
        first = self._next[partition] - len(lines)
        self._s3.put_object(
            Bucket=self._job.bucket,
            Key=f"{self._job.topic}/{partition}/{first:020d}.json.gz",
            Body=gzip.compress(b"\n".join(lines) + b"\n", self._job.gzip_level),
        )
        done = TopicPartition(self._job.topic, partition, self._next[partition])
        self._consumer.commit(offsets=[done], asynchronous=False)
        self._lines[partition] = []
        self._sizes[partition] = 0


def main() -> None:
    job = Job.from_environ()
    consumer = Consumer(
        {
            "bootstrap.servers": job.bootstrap,
            "group.id": job.bucket,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "fetch.max.bytes": 64 * _MIB,
            "max.partition.fetch.bytes": 8 * _MIB,
            "queued.max.messages.kbytes": 64 * 1024,
        }
    )
    s3 = boto3.client(
        "s3",
        config=Config(
            s3={"addressing_style": "path", "payload_signing_enabled": False},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    consumer.subscribe([job.topic])
    try:
        Copy(job, consumer, s3).run()
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
