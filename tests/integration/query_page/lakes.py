"""The local cloud of the page's tests and pictures, lakes in it, and services over them."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.query_api.conftest import ROOT, SQL_KEY, Cloud, Process, key_item
from tests.labs import page_lake
from tests.labs.page_lake import FilledLake, LakePlan


@dataclass
class Service:
    """A running query-api and where it is."""

    process: Process
    url: str

    def ended(self) -> list[str]:
        """Stop it; every line that it has said since it listened."""
        assert self.process.end() == 0
        return list(self.process.lines.queue)


@contextmanager
def open_cloud(state: Path) -> Iterator[Cloud]:
    """A cloud in which nothing is yet."""
    java = shutil.which("java")
    assert java is not None, "java is missing"
    command = [sys.executable, "-m", "local_cloud", "--state-dir", str(state)]
    command += ["--spark-jars", str(ROOT / ".local" / "jars" / "spark")]
    command += ["--java-home", str(Path(java).resolve().parents[1])]
    process = Process(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    ready = process.event("ready")
    try:
        yield Cloud(
            f"http://127.0.0.1:{ready['port']}", f"http://127.0.0.1:{ready['admin_port']}"
        )
    finally:
        process.end()


@contextmanager
def open_service(cloud: Cloud, name: str, settings: dict[str, str]) -> Iterator[Service]:
    """The query service over the lake of a name; anybody may read, `SQL_KEY` may ask SQL."""
    own = {
        "COINLAKE_BUCKET": name,
        "COINLAKE_DATABASE": name,
        "QUERY_API_ANONYMOUS_READ": "true",
        "QUERY_API_KEYS": json.dumps([key_item("analyst", "read,sql", SQL_KEY)]),
    }
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "QUERY_"))}
    process = Process(
        subprocess.Popen(
            [sys.executable, "-m", "query_api"],
            env=environ | cloud.environ | own | settings,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    port = process.event("http_listening")["port"]
    try:
        yield Service(process, f"http://127.0.0.1:{port}")
    finally:
        process.end()


def filled(cloud: Cloud, plan: LakePlan) -> FilledLake | None:
    """Provision the lake of the plan's name, and fill it where the plan has hours."""
    names = {"COINLAKE_BUCKET": plan.name, "COINLAKE_DATABASE": plan.name}
    page_lake.provision(cloud.environ | names)
    if not plan.hours:
        return None
    return page_lake.fill(cloud.client("s3"), cloud.client("glue"), plan)


@contextmanager
def polled(lake: FilledLake, every_s: float = 15.0) -> Iterator[None]:
    """Keep a lake alive: an answer now, and one every so often."""
    ended = threading.Event()

    def poll() -> None:
        while True:
            lake.poll(time.time_ns() // 1_000_000)
            if ended.wait(every_s):
                return

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
