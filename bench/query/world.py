"""One local Athena with the lake of the bench in it, and the service before it, each a process."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import boto3
from botocore.config import Config

from bench.query import lake
from bench.sink.provisions import FOLDER, ROOT

KEY = "the-key-of-the-bench"
_READY_S = 120.0


@dataclass(frozen=True, slots=True)
class World:
    """Where everything is, and which processes to account."""

    cloud_port: int
    cloud_pid: int
    service_port: int
    service_pid: int
    probe: Path

    @property
    def environ(self) -> dict[str, str]:
        """What clients of Athena and of the service need."""
        return {
            **_aws(self.cloud_port),
            "QUERY_API_URL": f"http://127.0.0.1:{self.service_port}",
            "QUERY_API_KEY": KEY,
        }

    def athena(self) -> Any:
        """A client of the local Athena."""
        return _client("athena", self.cloud_port)

    def lag(self) -> dict[str, float]:
        """The lags of the service's event loop since the last call: `worst_ms`, `p99_ms`."""
        told = self._probed()
        return {name: told[name] for name in ("samples", "worst_ms", "p99_ms")}

    def looks(self) -> dict[str, float]:
        """When Athena was asked, in s since the epoch, and said first that a query has ended; by id."""
        looks: dict[str, float] = self._probed()["looks"]
        return looks

    def _probed(self) -> Any:
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(self.probe))
            with asked.makefile("rb") as told:
                return json.loads(told.read())


@contextmanager
def open_world(rows: int, settings: Mapping[str, str]) -> Iterator[World]:
    """Started, with `rows` quotes in one hour; ended afterwards, each by its own pid."""
    scratch = Path(tempfile.mkdtemp(prefix="bench-query-", dir=_folder()))
    try:
        with _cloud(scratch) as (cloud_port, cloud_pid):
            environ = _base() | _aws(cloud_port)
            lake.provision(environ)
            lake.publish(_client("s3", cloud_port), _client("glue", cloud_port), rows)
            probe = scratch / "probe"
            with _service({**environ, **settings}, probe, scratch) as (port, pid):
                yield World(cloud_port, cloud_pid, port, pid, probe)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _folder() -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    return FOLDER


@contextmanager
def _cloud(scratch: Path) -> Iterator[tuple[int, int]]:
    java = shutil.which("java")
    if java is None:
        raise RuntimeError("java is missing: install Java 17")
    command = [sys.executable, "-m", "local_cloud", "--state-dir", str(scratch / "cloud")]
    command += ["--spark-jars", str(ROOT / ".local/jars/spark")]
    command += ["--java-home", str(Path(java).resolve().parents[1])]
    with _child(command, _base(), scratch / "cloud.log", "ready") as (pid, told):
        yield int(told["port"]), pid


@contextmanager
def _service(
    environ: Mapping[str, str], probe: Path, scratch: Path
) -> Iterator[tuple[int, int]]:
    keys = [f"bench:read,sql:{hashlib.sha256(KEY.encode()).hexdigest()}"]
    command = [sys.executable, "-m", "bench.query.served", str(probe)]
    own = {"QUERY_API_KEYS": json.dumps(keys), "PYTHONPATH": str(ROOT)}
    log = scratch / "service.log"
    with _child(command, {**environ, **own}, log, "http_listening") as (pid, told):
        yield int(told["port"]), pid


@contextmanager
def _child(
    command: list[str], environ: Mapping[str, str], log: Path, event: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    """A process, and the line of its log that says it is ready."""
    with log.open("wb") as out:
        child = subprocess.Popen(
            command, env=dict(environ), stdout=out, stderr=subprocess.STDOUT
        )
        try:
            with log.open() as read:
                yield child.pid, _told(read, child, event)
        finally:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
            child.wait(60)


def _told(log: IO[str], child: "subprocess.Popen[bytes]", event: str) -> dict[str, Any]:
    ends = time.monotonic() + _READY_S
    while time.monotonic() < ends and child.poll() is None:
        line = log.readline()
        found = json.loads(line) if line.startswith("{") and line.endswith("\n") else {}
        if found.get("event") == event:
            return dict(found)
        if not line:
            time.sleep(0.05)
    raise RuntimeError(f"{child.args!r} did not say {event}: see {log.name}")


def _base() -> dict[str, str]:
    unwanted = ("AWS_", "QUERY_", "COINLAKE_")
    return {name: text for name, text in os.environ.items() if not name.startswith(unwanted)}


def _aws(port: int) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _client(service: str, port: int) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}, read_timeout=300),
    )
