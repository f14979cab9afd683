"""Real parts for the ingestor's tests: a Kafka broker, the simulator's and the ingestor's process."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from coinlake.contracts.headers import text_headers
from coinlake.contracts.topics import GAPS, REJECTED, TOPICS
from coinlake.settings import KafkaSettings
from coinlake.topics import ensure_topics
from ingestor.core.feeds import FEEDS
from local_stack.broker import Broker, start_broker
from local_stack.ports import free_ports
from tests.source_path import source_path

CANARY = "canary-7f3a9c51d2e84b06"
ANSWERS = (*(feed.topic for feed in FEEDS.values()), REJECTED)
_ENDED = (GAPS, *ANSWERS)


@dataclass(frozen=True, slots=True)
class Read:
    """A record as a test reads it."""

    topic: str
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]


@dataclass(slots=True)
class Topics:
    """What was written since the test began: the broker is shared, the topics have one name."""

    bootstrap: str
    starts: dict[TopicPartition, int] = field(default_factory=dict)

    async def read(self) -> list[Read]:
        """Every record since the start of the test, by topic and in offset order."""
        return await self._read(self.starts)

    async def remember_ends(self) -> None:
        self.starts = await self._ends()

    async def _ends(self) -> dict[TopicPartition, int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap)
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, 0) for topic in _ENDED]
            return dict(await consumer.end_offsets(partitions))
        finally:
            await consumer.stop()

    async def _read(self, starts: dict[TopicPartition, int]) -> list[Read]:
        ends = await self._ends()
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        await consumer.start()
        found: list[Read] = []
        try:
            consumer.assign(list(ends))
            for partition, start in starts.items():
                consumer.seek(partition, start)
            for partition, end in ends.items():
                while await consumer.position(partition) < end:
                    await self._take(consumer, found)
        finally:
            await consumer.stop()
        return sorted(found, key=lambda read: (read.topic, read.offset))

    async def _take(self, consumer: AIOKafkaConsumer, found: list[Read]) -> None:
        for partition, records in (await consumer.getmany(timeout_ms=500)).items():
            found += [
                Read(
                    partition.topic,
                    record.offset,
                    record.timestamp,
                    record.key,
                    record.value,
                    text_headers(record.headers),
                )
                for record in records
            ]


@dataclass(slots=True)
class Process:
    """A process with its log; `env` holds only what it needs."""

    module: str
    arguments: Sequence[str]
    env: Mapping[str, str]
    log: Path
    popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments],
                env=dict(self.env),
                stdout=log,
                stderr=log,
            )

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it and wait; its exit code."""
        assert self.popen is not None
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        return self.popen.wait(20)

    @property
    def has_ended(self) -> bool:
        return self.popen is not None and self.popen.poll() is not None

    def text(self) -> str:
        return self.log.read_text()

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Its log lines with this event."""
        parsed = [json.loads(line) for line in self.text().splitlines() if line[:1] == "{"]
        return [line for line in parsed if line.get("event") == event]


@dataclass(slots=True)
class Web:
    """A process that answers HTTP."""

    process: Process
    url: str
    http: aiohttp.ClientSession

    async def get(self, path: str) -> tuple[int, bytes]:
        async with self.http.get(self.url + path) as response:
            return response.status, await response.read()

    async def json(self, path: str) -> Any:
        status, body = await self.get(path)
        assert status == 200, body
        return json.loads(body)

    async def post(self, path: str, body: Mapping[str, Any]) -> None:
        async with self.http.post(self.url + path, json=body) as response:
            assert response.status < 300, await response.text()

    async def lines(self, path: str) -> list[dict[str, Any]]:
        status, body = await self.get(path)
        assert status == 200, body
        return [json.loads(line) for line in body.splitlines()]

    async def until(
        self, path: str, holds: Callable[[Any], bool], deadline_s: float = 40.0
    ) -> Any:
        """Ask until the JSON of `path` satisfies `holds`."""
        last: Any = None

        async def look() -> bool:
            nonlocal last
            assert not self.process.has_ended, self.process.text()[-3_000:]
            try:
                last = json.loads((await self.get(path))[1])
            except aiohttp.ClientError:
                return False
            return holds(last)

        await eventually(look, deadline_s, lambda: f"{last} {self.process.text()[-2_000:]}")
        return last

    async def until_metric(self, line: str, deadline_s: float = 10.0) -> None:
        """Look until /metrics has this line; gauges are set once a second."""

        async def look() -> bool:
            return line.encode() in (await self.get("/metrics"))[1].splitlines()

        await eventually(look, deadline_s, lambda: line)


async def eventually(
    look: Callable[[], Awaitable[bool]], deadline_s: float, story: Callable[[], str]
) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + deadline_s
    while not await look():
        if time.monotonic() > deadline:
            pytest.fail(f"did not happen within {deadline_s} s: {story()}")
        await asyncio.sleep(0.05)


StartIngestor = Callable[..., Awaitable[Web]]


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with start_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
async def topics(broker: Broker) -> Topics:
    kafka = KafkaSettings(bootstrap_servers=broker.bootstrap)
    await ensure_topics(kafka, TOPICS.values())
    found = Topics(broker.bootstrap)
    await found.remember_ends()
    return found


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@dataclass(frozen=True, slots=True)
class Simulator:
    """The simulator: where its API is, and its admin surface."""

    base_url: str
    admin: Web

    async def ledger(self) -> list[dict[str, Any]]:
        """Every body that was served whole."""
        return [entry for entry in await self.admin.lines("/ledger") if entry["complete"]]

    async def body(self, sha256: str) -> bytes:
        return (await self.admin.get(f"/bodies/{sha256}"))[1]

    async def script(self, path_prefix: str, **step: Any) -> None:
        """Answer the next requests of a path with this instead."""
        await self.admin.post("/script", {"path_prefix": path_prefix, **step})


@pytest.fixture
async def simulator(tmp_path: Path, http: aiohttp.ClientSession) -> AsyncIterator[Simulator]:
    port, admin_port = free_ports(2)
    arguments = [
        *("--port", str(port), "--admin-port", str(admin_port), "--seed", "7"),
        *("--latency-ms", "5..40", "--key", f"canary:simulator:{CANARY}"),
    ]
    process = Process("coincap_simulator", arguments, _bare_env(), tmp_path / "simulator.log")
    process.start()
    admin = Web(process, f"http://127.0.0.1:{admin_port}", http)
    try:
        await admin.until("/healthz", lambda body: body["status"] == "ok")
        yield Simulator(f"http://127.0.0.1:{port}/v3", admin)
    finally:
        process.end()


@pytest.fixture
async def start_ingestor(
    tmp_path: Path, broker: Broker, simulator: Simulator, http: aiohttp.ClientSession
) -> AsyncIterator[StartIngestor]:
    """Starts ingestors on one state directory, one after the other; settings as keywords."""
    with ExitStack() as ends:

        async def start(module: str = "ingestor", **settings: str) -> Web:
            (port,) = free_ports(1)
            env = {
                **_bare_env(),
                "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap,
                "COINCAP_BASE_URL": simulator.base_url,
                "COINCAP_API_KEY": CANARY,
                "INGESTOR_SOURCE": "simulator",
                "INGESTOR_STATE_DIR": str(tmp_path / "state"),
                "INGESTOR_HTTP__PORT": str(port),
                "INGESTOR_HEARTBEAT_S": "0.5",
                "INGESTOR_CREDITS__PER_MONTH": "1000000000",
                "INGESTOR_POLL__CALLS_PER_MINUTE": "100000",
                "INGESTOR_POLL__BACKOFF_BASE_S": "0.05",
                "INGESTOR_FEEDS__ASSETS__INTERVAL_S": "0.3",
                "INGESTOR_FEEDS__ASSETS__LIMIT": "50",
                "INGESTOR_FEEDS__ASSETS__PAGES": "2",
                "INGESTOR_FEEDS__RATES__INTERVAL_S": "0.5",
                "INGESTOR_FEEDS__EXCHANGES__INTERVAL_S": "0.7",
                "INGESTOR_FEEDS__MARKETS__INTERVAL_S": "0.9",
                **settings,
            }
            process = Process(module, (), env, tmp_path / "ingestor.log")
            process.start()
            ends.callback(process.end, signal.SIGKILL)
            return Web(process, f"http://127.0.0.1:{port}", http)

        yield start


def _bare_env() -> dict[str, str]:
    """Nothing of the developer's own settings."""
    return {"PATH": os.environ.get("PATH", os.defpath), **source_path()}
