"""A broker that comes back at another address, behind a bootstrap address that stays good."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coinlake import kafka
from coinlake.contracts.topics import GAPS, TOPICS
from coinlake.errors import TransientError
from coinlake.settings import KafkaSettings
from coinlake.topics import ensure_topics
from local_stack.ports import free_ports
from tests.integration.ingestor.conftest import Simulator, StartIngestor, Topics
from tests.labs.cluster.moving import Advertised, MovingBroker, moving_broker

pytestmark = pytest.mark.timeout(240)

WITHIN_S = 30.0
# What counts here is when Kafka is reached again, not how fast a full journal is sent.
CALM = {
    f"INGESTOR_FEEDS__{feed}__INTERVAL_S": "3"
    for feed in ("ASSETS", "RATES", "EXCHANGES", "MARKETS")
}


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[MovingBroker]:
    with moving_broker(tmp_path / "broker") as moving:
        yield moving


def _settings(moving: MovingBroker) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=moving.bootstrap)


def _all_is_sent(status: Any) -> bool:
    return status["journal"]["pending_records"] == 0 and not any(status["needs"].values())


@pytest.mark.full_size
@pytest.mark.parametrize("is_silent", [False, True], ids=["refuses", "silent"])
async def test_the_ingestor_follows_a_broker_to_its_new_address(
    moving: MovingBroker,
    start_ingestor: StartIngestor,
    simulator: Simulator,
    is_silent: bool,
) -> None:
    await ensure_topics(_settings(moving), TOPICS.values())
    topics = Topics(moving.bootstrap)
    await topics.remember_ends()
    ingestor = await start_ingestor(**CALM, KAFKA_BOOTSTRAP_SERVERS=moving.bootstrap)
    await ingestor.until("/status", _all_is_sent)

    await asyncio.to_thread(moving.move, is_silent=is_silent)
    moved_s = time.monotonic()
    await ingestor.until("/readyz", lambda body: body["ready"], WITHIN_S)
    took_s = time.monotonic() - moved_s
    await ingestor.until("/status", _all_is_sent, 60)
    assert (await ingestor.get("/healthz"))[0] == 200
    assert ingestor.process.end() == 0

    assert took_s < WITHIN_S
    read = [one for one in await topics.read() if one.value is not None and one.topic != GAPS]
    kept = {one.headers["poll_id"]: one.headers["sha256"] for one in read}
    served = [entry["sha256"] for entry in await simulator.ledger()]
    assert sorted(kept.values()) == sorted(served)


async def _lead_astray(moving: MovingBroker) -> None:
    """From now on the bootstrap address answers, and names an address where nobody is."""
    spec, (nobody,) = moving.broker.spec, free_ports(1)
    await asyncio.to_thread(moving.stop)
    astray = Advertised(
        spec.jars_dir, spec.java_home, spec.data_dir, spec.port, spec.controller_port, nobody
    )
    await asyncio.to_thread(moving.start, astray)


@pytest.mark.full_size
async def test_a_start_that_no_broker_answers_ends_in_time(
    moving: MovingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _lead_astray(moving)
    monkeypatch.setattr(kafka, "_START_S", 4.0)

    with pytest.raises(TransientError, match="no broker has answered for 4 s"):
        async with asyncio.timeout(WITHIN_S), kafka.open_producer(_settings(moving), "test"):
            pytest.fail("it has started")


@pytest.mark.full_size
@pytest.mark.parametrize("is_defended", [True, False], ids=["defended", "control"])
async def test_a_start_finds_the_broker_that_is_named_meanwhile(
    moving: MovingBroker, monkeypatch: pytest.MonkeyPatch, is_defended: bool
) -> None:
    if not is_defended:
        monkeypatch.setattr(kafka, "rebootstrapping", lambda owner: owner)
    spec = moving.broker.spec
    await _lead_astray(moving)
    monkeypatch.setattr(kafka, "_START_S", 60.0 if is_defended else 25.0)

    async def start() -> None:
        async with kafka.open_producer(_settings(moving), "test"):
            pass

    starting = asyncio.create_task(start())
    await asyncio.sleep(1)
    await asyncio.to_thread(moving.stop)
    await asyncio.to_thread(moving.start, replace(spec))
    (done,), _ = await asyncio.wait([starting], timeout=70)

    assert (done.exception() is None) is is_defended
