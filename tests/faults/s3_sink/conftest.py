"""Real Kafka, two S3 servers, and the choice of rows: one of each family, or every one on both.

Without COINLAKE_FULL_SIZE=1 only tests marked `representative("moto")` or `("versitygw")` run, on
that store; with it (the campaign) every row runs on both. `-k versitygw` picks a store.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from local_stack.broker import Broker
from tests.integration.ingestor.conftest import http, simulator, start_ingestor, topics
from tests.labs.cluster import stores
from tests.labs.cluster.brokers import own_broker
from tests.labs.cluster.disks import small_disk
from tests.labs.cluster.kafka_proxy import KafkaFaults, ProxiedSpec, open_kafka_proxy
from tests.labs.cluster.lab import CREDENTIALS, Lab

__all__ = ["http", "simulator", "start_ingestor", "topics"]
HERE = Path(__file__).parent
SEEN = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "representative(store): runs in `make test`, there")
    config.stash[SEEN] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("COINLAKE_FULL_SIZE") == "1":
        return
    kept = [item for item in items if HERE not in item.path.parents or _represents(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _represents(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("representative")
    return mark is not None and f"[{mark.args[0]}" in item.name


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in terminalreporter.config.stash.get(SEEN, []):
        terminalreporter.write_line(line)


Fault = Callable[[str, str], None]
"""Says what was seen of a row: its id, and the words."""


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Fault:
    """Prints one line per fault at the end of the run."""
    store = request.getfixturevalue("store_name")

    def say(row: str, seen: str) -> None:
        request.config.stash[SEEN].append(f"FAULT {row} {store}: {seen}")

    return say


@pytest.fixture(
    params=["moto", pytest.param("versitygw", marks=pytest.mark.needs("versitygw"))]
)
def store_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="package")
def kafka_faults() -> KafkaFaults:
    return KafkaFaults()


@pytest.fixture(scope="package")
def broker(
    tmp_path_factory: pytest.TempPathFactory, kafka_faults: KafkaFaults
) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("faulty-broker")
    # Kafka looks for what has expired every five minutes; a test will not wait that long.
    expiry = {"log_retention_check_interval_ms": "300"}
    with own_broker(folder, folder / "broker.log", **expiry) as broker:
        assert isinstance(broker.spec, ProxiedSpec)
        with open_kafka_proxy(broker.spec, kafka_faults):
            yield broker


@pytest.fixture(scope="package")
def proxied(broker: Broker) -> str:
    """The broker's address behind the proxy that `kafka_faults` steers."""
    assert isinstance(broker.spec, ProxiedSpec)
    return broker.spec.proxied


@pytest.fixture(scope="package")
def moto_store() -> Iterator[stores.Address]:
    with pytest.MonkeyPatch.context() as patch, stores.moto() as address:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield address


@pytest.fixture(scope="package")
def versitygw_store(
    tmp_path_factory: pytest.TempPathFactory, versitygw: str
) -> Iterator[stores.Address]:
    with stores.versitygw(versitygw, tmp_path_factory.mktemp("versitygw")) as address:
        yield address


@pytest.fixture
def store(request: pytest.FixtureRequest, store_name: str) -> stores.Address:
    """The address of the S3 server of this run."""
    address: stores.Address = request.getfixturevalue(f"{store_name}_store")
    return address


@pytest.fixture
def lab(broker: Broker, store: stores.Address, tmp_path: Path) -> Iterator[Lab]:
    with ExitStack() as open_, suppress(ProcessLookupError):
        yield Lab(broker.bootstrap, store, tmp_path, open_)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 64) as folder:
        yield folder


@pytest.fixture
def open_() -> Iterator[ExitStack]:
    with ExitStack() as open_:
        yield open_
