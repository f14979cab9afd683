"""The local cloud with real Spark, and a batch in it that can be disturbed at each of its calls."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coinlake.contracts.hours import Hour
from coinlake.contracts.topics import LANDED, PUBLISHED, TOPICS
from coinlake.settings import KafkaSettings
from coinlake.topics import ensure_topics
from tests.integration.etl_runner.conftest import Lake, cloud, lake
from tests.labs.cluster.brokers import own_broker
from tests.labs.cluster.kafka_proxy import KafkaFaults, ProxiedSpec, open_kafka_proxy
from tests.labs.runners import recorded_job
from tests.labs.runners.calls import Call
from tests.labs.runners.glue import job_script
from tests.labs.runners.lake import Snapshot, put_back
from tests.labs.runners.world import Kafka, World, prepared

__all__ = ["cloud", "lake"]
# Of the recent days, which each pass lists: what is older has its turn once in many.
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d")
SEEN = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SEEN] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in terminalreporter.config.stash.get(SEEN, []):
        terminalreporter.write_line(line)


Fault = Callable[[str, str], None]
"""Says what was seen of a row: its id, and the words."""


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Fault:
    """Prints one line per fault at the end of the run."""

    def say(row: str, seen: str) -> None:
        request.config.stash[SEEN].append(f"FAULT {row}: {seen}")

    return say


@dataclass(frozen=True)
class Batch:
    """A batch in its world: the lake before it, the calls that it makes undisturbed."""

    world: World
    start: Snapshot
    calls: list[Call]


@pytest.fixture(scope="package")
def kafka(tmp_path_factory: pytest.TempPathFactory, full_size: bool) -> Iterator[Kafka | None]:
    """A broker with a door that can be held; in `make test` there is none, and no announcement."""
    if not full_size:
        yield None
        return
    folder, faults = tmp_path_factory.mktemp("runner-broker"), KafkaFaults()
    with own_broker(folder, folder / "broker.log") as broker:
        assert isinstance(broker.spec, ProxiedSpec)
        settings = KafkaSettings(bootstrap_servers=broker.bootstrap)
        asyncio.run(ensure_topics(settings, [TOPICS[LANDED], TOPICS[PUBLISHED]]))
        with open_kafka_proxy(broker.spec, faults):
            yield Kafka(broker.bootstrap, broker.spec.proxied, faults)


@pytest.fixture(scope="package")
def batch(
    lake: Lake,
    kafka: Kafka | None,
    tmp_path_factory: pytest.TempPathFactory,
    full_size: bool,
) -> Iterator[Batch]:
    """At full size one hour of the batch is new and one is published already; else it is new."""
    hours = {Hour(YESTERDAY, "10"): "new"}
    if full_size:
        hours[Hour(YESTERDAY, "11")] = "late"
    world = World(lake, tmp_path_factory.mktemp("runners"), kafka, hours)
    with job_script(lake, Path(recorded_job.__file__).read_bytes()):
        yield Batch(world, *prepared(world))


@pytest.fixture(scope="module")
def first_batch(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    """A batch of one hour, in an empty lake whose tables no crawl has found yet."""
    hours = {Hour(YESTERDAY, "12"): "new"}
    world = World(lake, tmp_path_factory.mktemp("first"), None, hours, is_first=True)
    put_back(lake, Snapshot({}, dict.fromkeys(world.tables, ())))
    with job_script(lake, Path(recorded_job.__file__).read_bytes()):
        yield Batch(world, *prepared(world))


Worlds = Callable[[dict[str, list[int]]], World]
"""A world with these hours of yesterday, and the counts that a reader may see of each."""


@pytest.fixture
def worlds(lake: Lake, kafka: Kafka | None, tmp_path: Path) -> Worlds:
    """Makes worlds in the lake of all tests, each with hours of its own."""

    def make(counts: dict[str, list[int]]) -> World:
        hours = {Hour(YESTERDAY, hour): f"hour {hour}" for hour in counts}
        return World(
            lake,
            tmp_path,
            kafka,
            hours,
            counts=dict(zip(hours, counts.values(), strict=True)),
        )

    return make
