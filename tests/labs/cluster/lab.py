"""A bucket, a topic and a group of their own, with sinks as processes on a real broker and store."""

import asyncio
import json
import os
import re
import subprocess
import sys
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from aiokafka import AIOKafkaClient, AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.protocol.produce import ProduceRequest

from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import Record
from local_stack.ports import free_ports
from tests.labs.cluster.process import SinkProcess
from tests.labs.cluster.proxy import ACCESS_KEY, REGION, SECRET_KEY, Faults, Proxy, open_proxy
from tests.source_path import source_path

ROOT = Path(__file__).resolve().parents[3]
HOUR_MS = 3_600_000
NOON_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS
"""A full hour to count from."""
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_DEFAULT_REGION": REGION,
}


@dataclass(frozen=True)
class RawObject:
    """An object as it lies in the bucket."""

    key: str
    metadata: dict[str, str]
    body: bytes

    @property
    def records(self) -> tuple[Record, ...]:
        return decode(self.body).records


@dataclass
class Lab:
    """A bucket and a group of their own on the shared broker and store."""

    bootstrap: str
    upstream: tuple[str, int]
    folder: Path
    open_: ExitStack
    name: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")
    faults: Faults = field(default_factory=Faults)
    logs: list[Path] = field(default_factory=list)
    topic_name: str = ""
    """A topic that is not the lab's own."""
    log_folder: Path | None = None
    """Where sinks log, if not beside everything else."""
    launcher: tuple[str, ...] = ()
    """Words before the command of a sink."""
    replicas: int = 1
    """Of each partition."""

    def __post_init__(self) -> None:
        self.s3 = boto3.client(
            "s3",
            endpoint_url=f"http://{self.upstream[0]}:{self.upstream[1]}",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
        )
        self.open_.callback(self.s3.close)
        self.s3.create_bucket(Bucket=self.name)
        self.proxy = self.open_.enter_context(open_proxy(self.upstream, self.faults))

    def another_proxy(self) -> Proxy:
        """A proxy for one sink alone, with faults of its own."""
        return self.open_.enter_context(open_proxy(self.upstream))

    @property
    def topic(self) -> str:
        return self.topic_name or f"{self.name}.v1"

    async def create(self, partitions: int = 1, policy: str = "delete", **more: str) -> None:
        """Make the topic; `more` are settings of it, with _ for a dot."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            # The records are older than any retention: Kafka must not expire them meanwhile.
            config = {"retention.ms": "-1", "cleanup.policy": policy}
            config |= {name.replace("_", "."): value for name, value in more.items()}
            new = NewTopic(self.topic, partitions, self.replicas, topic_configs=config)
            # A topic of that name may still be on its way out.
            while (await admin.create_topics([new])).topic_errors[0][1] != 0:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        finally:
            await admin.close()

    async def delete(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.delete_topics([self.topic])
        finally:
            await admin.close()

    async def produce(self, records: Sequence[Record], partition: int = 0) -> None:
        """Send records; their offsets are given by the broker."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", linger_ms=5)
        await producer.start()
        try:
            sent = [
                await producer.send(
                    self.topic,
                    record.value,
                    record.key,
                    partition,
                    record.timestamp_ms,
                    list(record.headers),
                )
                for record in records
            ]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    async def produce_batch(self, topic: str, data: bytes) -> None:
        """A record batch as it is, for what no producer's library sends; partition 0."""
        client = AIOKafkaClient(bootstrap_servers=self.bootstrap)
        await client.bootstrap()
        try:
            client.add_topic(topic)
            tp = TopicPartition(topic, 0)
            while (node := client.cluster.leader_for_partition(tp)) in (None, -1):
                await client.force_metadata_update()
            request = ProduceRequest(None, -1, 10_000, [(topic, [(0, data)])])
            ((_, ((_, code, *_),)),) = (await client.send(node, request)).topics
            assert code == 0
        finally:
            await client.close()

    async def numbers(self, start: int, count: int, partition: int = 0) -> None:
        """Values that tell who they are: `{"n": 7}`, one each ten seconds."""
        await self.produce(
            [
                Record(0, NOON_MS + number * 10_000, b"k", b'{"n": %d}' % number)
                for number in range(start, start + count)
            ],
            partition,
        )

    async def log_end(self, partition: int = 0) -> int:
        """The offset behind the last record."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap)
        await consumer.start()
        try:
            tp = TopicPartition(self.topic, partition)
            ends = await consumer.end_offsets([tp])
        finally:
            await consumer.stop()
        return int(ends[tp])

    async def consume(self, topic: str, count: int) -> list[Record]:
        """The first records of a topic as Kafka has them."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, group_id=None, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            consumer.assign([TopicPartition(topic, 0)])
            got = [await consumer.getone() for _ in range(count)]
        finally:
            await consumer.stop()
        return [Record(r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in got]

    async def commit(self, offset: int, metadata: str = "") -> None:
        """Commit as somebody who is not the sink."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, group_id=self.name, enable_auto_commit=False
        )
        await consumer.start()
        try:
            tp = TopicPartition(self.topic, 0)
            consumer.assign([tp])
            await consumer.commit({tp: (offset, metadata)})
        finally:
            await consumer.stop()

    def sink(self, armed: str = "", /, **settings: str) -> SinkProcess:
        """Start a sink; `armed` is a fault inside of it, see `tests.labs.cluster.armed`."""
        (port,) = free_ports(1)
        environment = {
            "PATH": os.environ["PATH"],
            **source_path(),
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.proxy.url,
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "COINLAKE_BUCKET": self.name,
            "S3_SINK_TOPICS": json.dumps([self.topic]),
            "S3_SINK_GROUP__ID": self.name,
            "S3_SINK_GROUP__SESSION_TIMEOUT_S": "6",
            "S3_SINK_FLUSH_DEADLINE_S": "4",
            "S3_SINK_RETRY_CAP_S": "1",
            "S3_SINK_OBJECT__MAX_AGE_S": "0.3",
            "S3_SINK_HTTP__PORT": str(port),
            "S3_SINK_REPLICATION_FACTOR": str(self.replicas),
            **settings,
        }
        module = ["tests.labs.cluster.armed", *armed.split()] if armed else ["s3_sink"]
        log = (self.log_folder or self.folder) / f"sink-{port}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*self.launcher, sys.executable, "-m", *module],
                env=environment,
                stderr=stream,
                cwd=ROOT,
            )
        self.open_.callback(process.wait)
        self.open_.callback(process.kill)
        self.logs.append(log)
        return SinkProcess(process, port, log)

    async def until_stored(self, sink: SinkProcess, end: int, timeout_s: float = 40.0) -> None:
        """Wait until the chain of partition 0 ends there and Kafka has the commit."""
        name = f"{self.topic}-0"
        await sink.until(lambda: sink.partition(name).get("committed") == end, timeout_s)

    async def until_stopped(self, sink: SinkProcess, timeout_s: float = 40.0) -> str:
        """Wait until partition 0 is stopped; the reason. The sink is not ready then."""
        name = f"{self.topic}-0"
        await sink.until(lambda: sink.partition(name).get("state") == "stopped", timeout_s)
        assert sink.get("/readyz")[0] == 503
        return str(sink.partition(name)["reason"])

    @contextmanager
    def of(self, topic: str) -> Iterator["Lab"]:
        """The lab as if another topic were its own, for the length of a block."""
        own, self.topic_name = self.topic_name, topic
        try:
            yield self
        finally:
            self.topic_name = own

    def objects(self) -> list[RawObject]:
        """Everything below raw/, read without any code of the sink."""
        found = []
        for page in self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix="raw/"
        ):
            for item in page.get("Contents", ()):
                answer = self.s3.get_object(Bucket=self.name, Key=item["Key"])
                found.append(RawObject(item["Key"], answer["Metadata"], answer["Body"].read()))
        return found

    def ends(self) -> dict[int, int]:
        return tiled(self.objects())

    def stored(self, partition: int = 0) -> list[Record]:
        """All records of a partition in offset order, after the proof that nothing is twice."""
        objects = self.objects()
        tiled(objects)
        records = [
            record for one in objects if f"/1-{partition}-" in one.key for record in one.records
        ]
        return sorted(records, key=lambda record: record.offset)


_KEY = re.compile(
    r"raw/(?P<topic>[^/]+)/dt=\d{4}-\d\d-\d\d/hour=\d\d/"
    r"(?P<epoch>\d+)-(?P<partition>\d+)-(?P<link>\d{20})\.json\.gz"
)


def tiled(objects: Sequence[RawObject]) -> dict[int, int]:
    """Prove from keys and metadata alone that each partition is one chain from 0; its ends."""
    spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for one in objects:
        match = _KEY.fullmatch(one.key)
        assert match, f"a stranger in raw/: {one.key}"
        link, following = int(match["link"]), int(one.metadata["next"])
        assert int(one.metadata["link"]) == link, one.key
        assert int(one.metadata["records"]) == following - link, f"{one.key} has holes"
        spans[int(match["partition"])].append((link, following))
    ends = {}
    for partition, pieces in spans.items():
        end = 0
        for link, following in sorted(pieces):
            assert link == end, f"partition {partition}: {link} follows {end}"
            assert following > link
            end = following
        ends[partition] = end
    return ends
