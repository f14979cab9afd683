"""Lakes to look at, services over them, and a browser."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.integration.query_api.conftest import SQL_KEY, Cloud, Process, key_item
from tests.integration.query_page.lakes import open_cloud
from tests.labs import page_lake
from tests.labs.browser import Browser, browser, driver
from tests.labs.page_lake import LakePlan

HOUR_MS = 3_600_000


@dataclass
class Service:
    """A running query-api and where it is; `log` has the lines that it has said so far."""

    process: Process
    url: str

    def ended(self) -> list[str]:
        """Stop it; every line that it has said."""
        assert self.process.end() == 0
        return list(self.process.lines.queue)


StartService = Callable[..., Service]


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with open_cloud(tmp_path_factory.mktemp("cloud")) as made:
        yield made


@contextmanager
def _service(cloud: Cloud, name: str, settings: dict[str, str]) -> Iterator[Service]:
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


@pytest.fixture(scope="package")
def start(cloud: Cloud) -> Iterator[Callable[..., Service]]:
    """Starts services over a lake of this cloud, by the lake's name."""
    opened = []

    def begin(name: str = "coinlake", **settings: str) -> Service:
        context = _service(cloud, name, settings)
        opened.append(context)
        return context.__enter__()

    yield begin
    for context in opened:
        context.__exit__(None, None, None)


def _filled(cloud: Cloud, plan: LakePlan) -> None:
    page_lake.provision(
        cloud.environ | {"COINLAKE_BUCKET": plan.name, "COINLAKE_DATABASE": plan.name}
    )
    if plan.hours:
        page_lake.fill(cloud.client("s3"), cloud.client("glue"), plan)


@pytest.fixture(scope="package")
def fresh(cloud: Cloud, start: StartService) -> Service:
    """Four hours of 30 assets and the hour that runs; one hour has rows in quarantine, one is late."""
    plan = LakePlan(time.time_ns() // 1_000_000, odd={1: "late", 2: "quarantined"})
    _filled(cloud, plan)
    return start()


@pytest.fixture(scope="package")
def stale(cloud: Cloud, start: StartService) -> Service:
    """A lake whose pipeline has stood for three hours."""
    plan = LakePlan(time.time_ns() // 1_000_000, hours=1, assets=5, name="stale")
    _filled(cloud, replace(plan, behind_ms=3 * HOUR_MS))
    return start("stale")


@pytest.fixture(scope="package")
def bare(cloud: Cloud, start: StartService) -> Service:
    """A lake that was provisioned, and in which nothing has come."""
    _filled(cloud, LakePlan(0, hours=0, name="bare"))
    return start("bare")


@pytest.fixture(scope="package")
def driver_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with driver(tmp_path_factory.mktemp("driver")) as port:
        yield port


@pytest.fixture
def page(driver_port: int, tmp_path: Path) -> Iterator[Browser]:
    """A browser with an empty profile; what it logged beyond notes is an error of the test."""
    with browser(driver_port, tmp_path / "profile") as opened:
        opened.prefer("light")
        opened.resize(1440, 900)
        yield opened
