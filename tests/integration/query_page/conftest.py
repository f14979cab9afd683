"""Lakes to look at, services over them, and a browser."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.query_api.conftest import Cloud
from tests.integration.query_page.lakes import Service, filled, open_cloud, open_service, polled
from tests.labs.browser import Browser, browser, driver
from tests.labs.page_lake import LakePlan

HOUR_MS = 3_600_000


StartService = Callable[..., Service]


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with open_cloud(tmp_path_factory.mktemp("cloud")) as made:
        yield made


@pytest.fixture(scope="package")
def start(cloud: Cloud) -> Iterator[Callable[..., Service]]:
    """Starts services over a lake of this cloud, by the lake's name."""
    opened = []

    def begin(name: str = "coinlake", **settings: str) -> Service:
        context = open_service(cloud, name, settings)
        opened.append(context)
        return context.__enter__()

    yield begin
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture(scope="package")
def fresh(cloud: Cloud, start: StartService) -> Iterator[Service]:
    """Four hours of 30 assets and the hour that runs; one hour has rows in quarantine, one is late."""
    plan = LakePlan(time.time_ns() // 1_000_000, odd={3: "late", 2: "quarantined"})
    lake = filled(cloud, plan)
    assert lake is not None
    with polled(lake):
        yield start()


@pytest.fixture(scope="package")
def stale(cloud: Cloud, start: StartService) -> Service:
    """A lake whose pipeline has stood for three hours."""
    plan = LakePlan(time.time_ns() // 1_000_000, hours=1, assets=5, name="stale")
    filled(cloud, replace(plan, behind_ms=3 * HOUR_MS))
    return start("stale")


@pytest.fixture(scope="package")
def bare(cloud: Cloud, start: StartService) -> Service:
    """A lake that was provisioned, and in which nothing has come."""
    filled(cloud, LakePlan(0, hours=0, name="bare"))
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
