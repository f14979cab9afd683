"""A real broker, a real S3 server, a proxy that fails on demand, and sinks as processes."""

import asyncio
import http.client
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from moto.server import ThreadedMotoServer

from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import Record
from local_stack.broker import Broker, start_broker

HOUR_MS = 3_600_000
NOON_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS
"""A full hour to count from."""
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@dataclass
class Faults:
    """What the proxy does to the next PUTs of raw objects, first come first served."""

    lose_replies: int = 0
    status: int | None = None
    strip_condition: bool = False
    puts: int = 0


class FaultyProxy(BaseHTTPRequestHandler):
    """Passes requests on to the store, or fails them as told."""

    protocol_version = "HTTP/1.1"
    upstream: tuple[str, int]
    faults: Faults

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._forward
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read conditions, not access logs."""

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_raw_put = self.command == "PUT" and "/raw/" in self.path
        self.faults.puts += is_raw_put
        if is_raw_put and self.faults.status is not None:
            self._answer(self.faults.status, [], b"")
            return
        headers = dict(self.headers.items())
        if self.faults.strip_condition:
            headers.pop("If-None-Match", None)
        connection = http.client.HTTPConnection(*self.upstream)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if is_raw_put and self.faults.lose_replies > 0:
            # Applied, but the writer never hears of it.
            self.faults.lose_replies -= 1
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._answer(answer.status, answer.getheaders(), content)

    def _answer(self, status: int, headers: Sequence[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                self.send_header(name, value)
        length = dict(headers).get("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@dataclass
class SinkProcess:
    """One sink, run as in production: `python -m s3_sink` with an environment."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def status(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.get("/status")[1]))
        except OSError:
            return {"partitions": {}, "totals": {}}

    def partition(self, name: str) -> dict[str, Any]:
        return dict(self.status()["partitions"].get(name, {}))

    def metric(self, name: str) -> float:
        try:
            lines = self.get("/metrics")[1].splitlines()
        except OSError:
            return 0.0  # not listening yet
        pattern = re.compile(rf"{name}(\{{.*\}})? ")
        return sum(float(line.split()[-1]) for line in lines if pattern.match(line))

    async def until(self, condition: Callable[[], object], timeout_s: float = 40.0) -> None:
        """Wait for a condition, and show the sink's log where it never comes true."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            alive = self.process.poll() is None
            if time.monotonic() > deadline or not alive:
                raise AssertionError(
                    f"alive={alive} status={self.status()}\n{self.log.read_text()[-4000:]}"
                )
            await asyncio.sleep(0.05)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


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

    def __post_init__(self) -> None:
        self.s3 = boto3.client(
            "s3",
            endpoint_url=f"http://{self.upstream[0]}:{self.upstream[1]}",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            region_name="us-east-1",
        )
        self.open_.callback(self.s3.close)
        self.s3.create_bucket(Bucket=self.name)
        handler = type(
            "Handler", (FaultyProxy,), {"upstream": self.upstream, "faults": self.faults}
        )
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        self.proxy_port = server.server_address[1]
        self.open_.callback(server.server_close)
        self.open_.callback(thread.join)
        self.open_.callback(server.shutdown)

    @property
    def topic(self) -> str:
        return f"{self.name}.v1"

    async def create(self, partitions: int = 1, policy: str = "delete") -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            # The records are older than any retention: Kafka must not expire them meanwhile.
            config = {"retention.ms": "-1", "cleanup.policy": policy}
            new = NewTopic(self.topic, partitions, 1, topic_configs=config)
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

    async def numbers(self, start: int, count: int, partition: int = 0) -> None:
        """Values that tell who they are: `{"n": 7}`, one each ten seconds."""
        await self.produce(
            [
                Record(0, NOON_MS + number * 10_000, b"k", b'{"n": %d}' % number)
                for number in range(start, start + count)
            ],
            partition,
        )

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

    def sink(self, **settings: str) -> SinkProcess:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {
            "PATH": os.environ["PATH"],
            **_CREDENTIALS,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.proxy_port}",
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "COINLAKE_BUCKET": self.name,
            "S3_SINK_TOPICS": json.dumps([self.topic]),
            "S3_SINK_GROUP__ID": self.name,
            "S3_SINK_GROUP__SESSION_TIMEOUT_S": "6",
            "S3_SINK_FLUSH_DEADLINE_S": "4",
            "S3_SINK_RETRY_CAP_S": "1",
            "S3_SINK_BATCH__MAX_AGE_S": "0.3",
            "S3_SINK_HTTP__PORT": str(port),
            **settings,
        }
        log = self.folder / f"sink-{port}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "s3_sink"], env=environment, stderr=stream
            )
        self.open_.callback(process.wait)
        self.open_.callback(process.kill)
        return SinkProcess(process, port, log)

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


@pytest.fixture(scope="session")
def sink_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with start_broker(tmp_path_factory.mktemp("sink-broker")) as broker:
        yield broker


@pytest.fixture(scope="session")
def sink_s3() -> Iterator[tuple[str, int]]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line per request helps nobody
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _CREDENTIALS.items():
            patch.setenv(name, value)
        server.start()
        yield server.get_host_and_port()
        server.stop()


@pytest.fixture
def lab(sink_broker: Broker, sink_s3: tuple[str, int], tmp_path: Path) -> Iterator[Lab]:
    with ExitStack() as open_, suppress(ProcessLookupError):
        yield Lab(sink_broker.bootstrap, sink_s3, tmp_path, open_)
