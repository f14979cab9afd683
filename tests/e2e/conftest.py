"""The whole stack, really running, in a folder of its own; and a look at each of its stages."""

import asyncio
import gzip
import hashlib
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
from aiokafka import AIOKafkaProducer

from coinlake.contracts.raw_codec import decode
from coinlake.contracts.topics import copied_by_the_sink
from local_stack.paths import Paths
from local_stack.progress import ProgressLines
from local_stack.stack import Stack
from tests.e2e import odd
from tests.e2e.terminal import TUTORIAL, Terminal, blocks, without_keys
from tests.kafka_log import KafkaRecord, all_records

FEEDS = ("assets", "rates", "exchanges", "markets")
# The hours of `past_body` and of `odd_values`; what is polled lies in none of them.
PAST_DT, PAST_HOUR = "2026-01-02", "03"
PAST_MS = int(datetime(2026, 1, 2, 3, 4, tzinfo=UTC).timestamp() * 1000)
POLLED = f"dt not in ('{PAST_DT}', '{odd.DT}')"


@dataclass(frozen=True, slots=True)
class Rows:
    """An answer of Athena: values as Athena prints them, None for null."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    scanned_bytes: int

    @property
    def one(self) -> str | None:
        (row,) = self.rows
        return row[0]


class Lake:
    """A running stack, seen from outside: Kafka, S3, Athena and HTTP as any client sees them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        lines = stack.paths.env.read_text().splitlines()
        self.env = dict(line.split("=", 1) for line in lines)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.env["AWS_ENDPOINT_URL"],
            region_name=self.env["AWS_DEFAULT_REGION"],
            aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
        )

    @cached_property
    def s3(self) -> Any:
        return self.client("s3")

    @cached_property
    def athena(self) -> Any:
        return self.client("athena")

    def status(self, service: str) -> Any:
        return self.http(f"{self.env[f'{service}_URL']}/status")

    def http(self, url: str, body: Any = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
        return json.loads(text) if text else None

    def simulator(self, path: str, body: Any = None, method: str | None = None) -> Any:
        return self.http(f"{self.env['SIMULATOR_ADMIN_URL']}{path}", body, method)

    def served(self) -> list[dict[str, Any]]:
        """The simulator's ledger: every body that it served completely."""
        url = f"{self.env['SIMULATOR_ADMIN_URL']}/ledger?since=0"
        with urllib.request.urlopen(url, timeout=30) as response:
            entries = [json.loads(line) for line in response.read().splitlines()]
        return [entry for entry in entries if entry["complete"]]

    def body(self, sha256: str) -> bytes:
        url = f"{self.env['SIMULATOR_ADMIN_URL']}/bodies/{sha256}"
        with urllib.request.urlopen(url, timeout=30) as response:
            body: bytes = response.read()
        return body

    def wait(self, what: str, until: Callable[[], bool], limit_s: float = 180) -> float:
        """Poll until true; the seconds that it took. Fails with what it waited for."""
        started = time.monotonic()
        while not until():
            if time.monotonic() - started > limit_s:
                pytest.fail(f"after {limit_s:.0f} s still waiting for: {what}")
            time.sleep(0.25)
        return time.monotonic() - started

    # ---- Kafka
    def records(self, topics: tuple[str, ...] = copied_by_the_sink()) -> list[KafkaRecord]:
        """All records of topics up to their present ends, heartbeats too."""
        return all_records(self.env["KAFKA_BOOTSTRAP_SERVERS"], topics)

    def produce(self, topic: str, values: Sequence[bytes | None], timestamp_ms: int) -> None:
        """Publish values without headers, as any other producer might."""
        asyncio.run(self._produce(topic, values, timestamp_ms))

    async def _produce(
        self, topic: str, values: Sequence[bytes | None], timestamp_ms: int
    ) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self.env["KAFKA_BOOTSTRAP_SERVERS"], acks="all"
        )
        await producer.start()
        try:
            for value in values:
                await producer.send_and_wait(topic, value, timestamp_ms=timestamp_ms)
        finally:
            await producer.stop()

    # ---- S3
    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.env["COINLAKE_BUCKET"], Prefix=prefix
        )
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def get(self, key: str) -> bytes:
        found = self.s3.get_object(Bucket=self.env["COINLAKE_BUCKET"], Key=key)
        body: bytes = found["Body"].read()
        return body

    def raw_lines(self, prefix: str = "raw/") -> Counter[str]:
        """How often each value is in the raw zone, by its hash, as gunzip sees it."""
        lines: Counter[str] = Counter()
        for key in self.keys(prefix):
            for line in gzip.decompress(self.get(key)).split(b"\n")[:-1]:
                lines[hashlib.sha256(line).hexdigest()] += 1
        return lines

    # ---- SQL
    def sql(self, statement: str) -> Rows:
        """Run a statement in Athena, as any client does."""
        started = self.athena.start_query_execution(
            QueryString=statement,
            QueryExecutionContext={"Database": self.env["COINLAKE_DATABASE"]},
            WorkGroup="coinlake",
        )["QueryExecutionId"]
        while True:
            execution = self.athena.get_query_execution(QueryExecutionId=started)
            status = execution["QueryExecution"]["Status"]
            if status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                break
            time.sleep(0.1)
        assert status["State"] == "SUCCEEDED", status.get("StateChangeReason")
        rows: list[tuple[str | None, ...]] = []
        columns: tuple[str, ...] = ()
        for page in self.athena.get_paginator("get_query_results").paginate(
            QueryExecutionId=started
        ):
            info = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            columns = tuple(column["Name"] for column in info)
            rows += [
                tuple(cell.get("VarCharValue") for cell in row["Data"])
                for row in page["ResultSet"]["Rows"]
            ]
        scanned = execution["QueryExecution"]["Statistics"]["DataScannedInBytes"]
        # Athena's first row is the header.
        return Rows(columns, tuple(rows[1:]), scanned)

    def query(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """Ask the query service with its key."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.env['QUERY_API_URL']}{path}", data=data, method=method
        )
        request.add_header("Authorization", f"Bearer {self.env['QUERY_API_KEY']}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    # ---- the stages
    def all_values_in_raw(self) -> bool:
        """Whether each value of Kafka is in the raw zone (heartbeats may wait for their hour)."""
        wanted = {(r.topic, r.offset) for r in self.records() if r.value is not None}
        return wanted <= self.raw_records().keys()

    def raw_records(self) -> Counter[tuple[str, int]]:
        """How often each Kafka record is in the raw zone, by topic and offset."""
        found: Counter[tuple[str, int]] = Counter()
        for name in self.keys("raw/"):
            topic = name.split("/")[1]
            found.update((topic, record.offset) for record in decode(self.get(name)).records)
        return found

    def settle(self, *only: tuple[str, str, str]) -> None:
        """Wait until what Kafka holds is in the raw zone and published: all hours, or `only`."""
        self.wait("every value in the raw zone", self.all_values_in_raw)
        self.wait("no hour waits", lambda: self.ledger_is_level(set(only)), 240)

    def ledger_is_level(self, only: set[tuple[str, str, str]]) -> bool:
        """Whether the newest version of each hour was made from all its raw objects."""
        raw: dict[tuple[str, str, str], set[str]] = {}
        for key in self.keys("raw/"):
            _, topic, dt, hour, _ = key.split("/")
            at = (topic.removeprefix("coincap.").removesuffix(".v1"), dt[3:], hour[5:])
            if at in only or (not only and at[0] in FEEDS):
                raw.setdefault(at, set()).add(key)
        heads: dict[tuple[str, str, str], str] = {}
        for key in self.keys("ledger/"):
            _, feed, dt, hour, _ = key.split("/")
            heads[feed[5:], dt[3:], hour[5:]] = key  # in rising order of versions
        return bool(raw) and all(
            at in heads and self._made_from(heads[at], keys) for at, keys in raw.items()
        )

    def _made_from(self, head: str, keys: set[str]) -> bool:
        """Whether a version was made from these objects; those without values need no run."""
        inputs = {item["key"] for item in json.loads(self.get(head))["inputs"]}
        return inputs <= keys and not any(
            record.value is not None
            for key in keys - inputs
            for record in decode(self.get(key)).records
        )


def processes_of(folder: Path) -> list[str]:
    """Command lines of living processes that work in or name a folder."""
    listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True)
    mine = str(os.getpid())
    return [
        line
        for line in listed.stdout.splitlines()
        if str(folder) in line and line.split()[0] != mine and "<defunct>" not in line
    ]


def new_stack(folder: Path, environ: Mapping[str, str] = os.environ) -> Stack:
    """A stack of this clone that keeps its things in `folder`."""
    return Stack(Paths(folder=folder), environ, ProgressLines())


@pytest.fixture(scope="package")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """The shell of somebody who follows the tutorial."""
    opened = Terminal(tmp_path_factory.mktemp("clone"), without_keys())
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="package")
def lake(terminal: Terminal) -> Iterator[Lake]:
    """One stack for all stories, told in the order of their files: the tutorial's."""
    for block in blocks(TUTORIAL, "1. Run it"):
        terminal.types(block)
    try:
        yield Lake(new_stack(terminal.local))
    finally:
        (stop,) = blocks(TUTORIAL, "6. Stop")
        terminal.types(stop)
        assert "nothing was running" in terminal.types(stop)
        assert processes_of(terminal.local) == []


@pytest.fixture(scope="package")
def past_body(lake: Lake) -> bytes:
    """A served answer, once more in a past hour of its own, `PAST_DT` and `PAST_HOUR`."""
    served = next(e for e in lake.served() if e["path"] == "/v3/assets" and e["status"] == 200)
    body = lake.body(served["sha256"])
    lake.produce("coincap.assets.v1", [body], PAST_MS)
    return body


@pytest.fixture(scope="package")
def odd_values(lake: Lake) -> list[bytes]:
    """Answers of no sense, in a past hour of their own: `odd.DT` and `odd.HOUR`."""
    lake.produce(odd.TOPIC, odd.VALUES, odd.PAST_MS)
    return list(odd.VALUES)


@pytest.fixture(scope="package")
def settled(lake: Lake, past_body: bytes, odd_values: list[bytes]) -> None:
    """The ingestor stopped and everything published, the past hours in the same runs."""
    lake.stack.stop("ingestor")
    lake.settle()
