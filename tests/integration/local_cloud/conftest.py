"""The real cloud as a real process, with boto3 as its client."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

ROOT = Path(__file__).parents[3]
JARS = ROOT / ".local" / "jars" / "spark"
ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"}


@dataclass
class Cloud:
    """A running cloud and the ways to it."""

    process: subprocess.Popen[str]
    port: int
    admin_port: int
    s3: Any
    glue: Any

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        return client(service, self.port)

    def admin(self, path: str, method: str = "GET", body: object = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.admin_port}{path}"
        request = urllib.request.Request(url, data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            content: bytes = answer.read()
        return content

    def script(self, name: str, text: str) -> str:
        self.s3.put_object(Bucket="coinlake", Key=f"jobs/{name}.py", Body=text.encode())
        return f"s3://coinlake/jobs/{name}.py"

    def job(self, name: str, text: str, **more: Any) -> str:
        """A job with this script; the smallest size that Glue allows."""
        self.glue.create_job(
            Name=name,
            Role="arn:aws:iam::123456789012:role/glue",
            Command={"Name": "glueetl", "ScriptLocation": self.script(name, text)},
            **{"GlueVersion": "5.1", "WorkerType": "G.1X", "NumberOfWorkers": 2, **more},
        )
        return name

    def run(self, job: str, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        return found

    def ended(self, job: str, run_id: str) -> dict[str, Any]:
        until(lambda: self.run(job, run_id)["JobRunState"] in ENDED)
        return self.run(job, run_id)

    def crawl(self, name: str) -> dict[str, Any]:
        """Start a crawler and wait for its end; its LastCrawl."""
        self.glue.start_crawler(Name=name)
        until(lambda: self.glue.get_crawler(Name=name)["Crawler"]["State"] == "READY")
        last: dict[str, Any] = self.glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]
        return last


def until(condition: Callable[[], object], within_s: float = 120) -> None:
    """Wait until `condition` holds; fail the test when it never does."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.02)


def client(service: str, port: int) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            max_pool_connections=32,
        ),
    )


def spark() -> tuple[str, ...]:
    """What the command line says of Spark."""
    java_home = Path(shutil.which("java") or pytest.fail("java is missing")).resolve()
    return ("--spark-jars", str(JARS), "--java-home", str(java_home.parents[1]))


def start(state: Path, *more: str, program: tuple[str, ...] = ("-m", "local_cloud")) -> Cloud:
    """Start the cloud over `state` and wait for its ready line."""
    return start_bare(state, *spark(), *more, program=program)


def start_bare(state: Path, *more: str, program: tuple[str, ...]) -> Cloud:
    """The same without Spark."""
    command = [sys.executable, *program, "--state-dir", str(state), *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    port = ready["port"]
    return Cloud(process, port, ready["admin_port"], client("s3", port), client("glue", port))


def end(cloud: Cloud) -> int:
    """SIGTERM, and the exit code within the promised five seconds."""
    with suppress(ProcessLookupError):
        os.kill(cloud.process.pid, signal.SIGTERM)
    code = cloud.process.wait(5)
    assert cloud.process.stdout is not None
    cloud.process.stdout.close()
    return code


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One cloud for all tests that leave each other alone."""
    cloud = start(tmp_path_factory.mktemp("cloud"), "--timeout-minute-s", "1")
    cloud.s3.create_bucket(Bucket="coinlake")
    yield cloud
    assert end(cloud) == 0


@pytest.fixture
def clouds(tmp_path: Path) -> Iterator[Callable[..., Cloud]]:
    """Starts clouds over one state folder; what a test leaves alive is killed."""
    started: list[Cloud] = []

    def begin(*more: str) -> Cloud:
        started.append(start(tmp_path / "state", *more))
        return started[-1]

    yield begin
    for cloud in started:
        if cloud.process.poll() is None:
            cloud.process.kill()
            cloud.process.wait()
        assert cloud.process.stdout is not None
        cloud.process.stdout.close()
