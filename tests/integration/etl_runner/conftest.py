"""The real runner over the real local cloud: Spark runs, crawls and conditional PUTs are real."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import boto3
import pytest
from botocore.config import Config

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry, ledger_prefix, parse_entry
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta
from local_stack.ports import free_ports

BUCKET = "coinlake"
Said = TypeVar("Said")


def until(condition: Callable[[], Said | Literal[False] | None], within_s: float = 150) -> Said:
    """Wait until `condition` is true; what it said. Fails the test when it never is."""
    deadline = time.monotonic() + within_s
    while not (said := condition()):
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.1)
    return said


@dataclass
class Cloud:
    """The local cloud as a process, provisioned by the command `coinlake`."""

    process: subprocess.Popen[str]
    port: int
    admin_port: int

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "COINLAKE_BUCKET": BUCKET,
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )


@dataclass
class Lake:
    """What a test does to the bucket and reads from it."""

    cloud: Cloud
    s3: Any
    glue: Any
    athena: Any
    offsets: dict[str, int] = field(default_factory=dict)

    def land(self, feed: str, hour: Hour, values: list[bytes | None], **more: Any) -> str:
        """Store a raw object as the sink does; the key. Nothing is promised unless told."""
        topic = TABULAR[feed].topic
        link = self.offsets.get(topic, 0)
        at_ms = hour.start_ms + 1000
        records = [
            Record(
                link + n, at_ms + n, f"{feed}?offset=0".encode(), value, more.get("headers", ())
            )
            for n, value in enumerate(values)
        ]
        self.offsets[topic] = link + len(values)
        encoded = encode(records)
        key = str(RawKey(topic, hour, 0, 0, link))
        meta = RawMeta(
            link,
            link,
            self.offsets[topic],
            len(records),
            sum(value is not None for value in values),
            encoded.sha256,
            at_ms,
            records[-1].timestamp_ms,
            more.get("complete_to_ms"),
            "test",
        )
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=encoded.body, Metadata=meta.encode())
        return key

    def ledger(self, feed: str, hour: Hour) -> list[LedgerEntry]:
        """Every committed version of an hour, oldest first."""
        prefix = ledger_prefix(feed, hour)
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return [parse_entry(self.get(item["Key"])) for item in found]

    def get(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def sql(self, statement: str) -> list[list[str | None]]:
        """Rows of a query, without the header."""
        asked = self.athena.start_query_execution(
            QueryString=statement,
            QueryExecutionContext={"Database": "coinlake"},
            WorkGroup="coinlake",
        )["QueryExecutionId"]

        def ended() -> dict[str, Any] | None:
            told = self.athena.get_query_execution(QueryExecutionId=asked)["QueryExecution"]
            status: dict[str, Any] = told["Status"]
            return None if status["State"] in {"QUEUED", "RUNNING"} else status

        status = until(ended)
        assert status["State"] == "SUCCEEDED", status
        rows = self.athena.get_query_results(QueryExecutionId=asked)["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[1:]]


@dataclass
class Runner:
    """`python -m etl_runner` and its HTTP."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}{path}", timeout=10
        ) as answer:
            body = answer.read()
        return body.decode() if path == "/metrics" else json.loads(body)

    def post(self, path: str, body: object) -> int:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def hour(self, feed: str, hour: Hour) -> dict[str, Any]:
        told: dict[str, Any] = self.get("/status")["hours"].get(
            f"{feed}/{hour.dt}/{hour.hour}", {}
        )
        return told

    def listening(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        try:
            self.get("/healthz")
        except OSError:
            return False
        return True


Start = Callable[..., Runner]


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    # The job speaks to S3 by itself: an empty folder of S3A jars does.
    java = Path(shutil.which("java") or pytest.fail("java is missing")).resolve()
    command = [
        sys.executable,
        "-m",
        "local_cloud",
        "--spark-jars",
        str(tmp_path_factory.mktemp("jars")),
    ]
    command += ["--state-dir", str(tmp_path_factory.mktemp("cloud"))]
    command += ["--java-home", str(java.parents[1]), "--python", sys.executable]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        cloud = Cloud(process, said["port"], said["admin_port"])
        provision = [sys.executable, "-m", "coinlake_tools", "provision", "--all"]
        told = subprocess.run(provision, env=cloud.environ, capture_output=True, text=True)
        assert told.returncode == 0, told.stdout + told.stderr
        yield cloud
    finally:
        with process:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


@pytest.fixture(scope="package")
def lake(cloud: Cloud) -> Lake:
    return Lake(cloud, cloud.client("s3"), cloud.client("glue"), cloud.client("athena"))


@pytest.fixture
def start_runner(cloud: Cloud, tmp_path: Path) -> Iterator[Start]:
    """Start runners; they are ended with the test."""
    started: list[Runner] = []

    def start(**settings: str) -> Runner:
        port, nobody = free_ports(2)
        environ = cloud.environ | {
            # No broker: without hints the listing has to find everything.
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{nobody}",
            "ETL_RUNNER_HTTP__PORT": str(port),
            "ETL_RUNNER_MAX_WAIT_S": "0.5",
            "ETL_RUNNER_RECONCILE_S": "1",
            "ETL_RUNNER_POLL_S": "0.3",
            "ETL_RUNNER_RETRY_BASE_S": "0.5",
            **settings,
        }
        log = tmp_path / f"runner-{port}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "etl_runner"], env=environ, stderr=sink
            )
        runner = Runner(process, port, log)
        started.append(runner)
        until(runner.listening, 30)
        return runner

    yield start
    for runner in started:
        if runner.process.poll() is None:
            runner.process.send_signal(signal.SIGTERM)
            assert runner.process.wait(10) == 0
        assert b"Traceback" not in runner.log.read_bytes(), runner.log.read_text()[-4000:]
