"""A missing topic is asked for about once a second, and told in a line or two a minute."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from coinlake import kafka
from coinlake.contracts.topics import LANDED, TOPICS
from coinlake.errors import TransientError
from coinlake.settings import KafkaSettings
from coinlake.topics import ensure_topics
from local_stack.broker import Broker
from tests.labs.cluster.brokers import own_broker
from tests.labs.cluster.kafka_proxy import KafkaFaults, ProxiedSpec, open_kafka_proxy
from tests.labs.cluster.lab import Lab

pytestmark = pytest.mark.timeout(240)

METADATA = 3
"""The key of Kafka's Metadata API."""
SECONDS = 8
CLIENTS = 5
"""Of a sink: producer, reader, admin, fetcher, member of the group."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Broker]:
    with own_broker(tmp_path / "kafka", tmp_path / "broker.log") as broker:
        yield broker


@pytest.fixture
def faults(own: Broker) -> Iterator[KafkaFaults]:
    assert isinstance(own.spec, ProxiedSpec)
    faults = KafkaFaults()
    with open_kafka_proxy(own.spec, faults):
        yield faults


@pytest.fixture
def own_lab(own: Broker, sink_s3: tuple[str, int], tmp_path: Path) -> Iterator[Lab]:
    with ExitStack() as open_, suppress(ProcessLookupError):
        yield Lab(own.bootstrap, sink_s3, tmp_path, open_)


def _proxied(broker: Broker) -> str:
    assert isinstance(broker.spec, ProxiedSpec)
    return broker.spec.proxied


async def _delete(broker: Broker, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic])
    finally:
        await admin.close()


def _as_aiokafka_does(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(kafka, "rebootstrapping", lambda owner: owner)


@pytest.mark.full_size
@pytest.mark.parametrize("is_defended", [True, False], ids=["defended", "control"])
async def test_a_record_for_a_topic_that_has_gone_makes_no_producer_spin(
    own: Broker, faults: KafkaFaults, monkeypatch: pytest.MonkeyPatch, is_defended: bool
) -> None:
    if not is_defended:
        _as_aiokafka_does(monkeypatch)
    await ensure_topics(KafkaSettings(bootstrap_servers=own.bootstrap), [TOPICS[LANDED]])
    settings = KafkaSettings(bootstrap_servers=_proxied(own))

    async with kafka.open_producer(settings, "test") as producer:
        await producer.send(LANDED, key=None, value=b"1")
        await _delete(own, LANDED)
        before = faults.seen[METADATA]
        with pytest.raises((TransientError, TimeoutError)):
            async with asyncio.timeout(SECONDS):
                await producer.send(LANDED, key=None, value=b"2")
        asked = faults.seen[METADATA] - before

    if is_defended:
        assert asked <= 2 * SECONDS + 5
    else:
        assert asked > 20 * SECONDS


@pytest.mark.full_size(but="announcements-]")
@pytest.mark.parametrize("armed", ["", "without=rebootstrap without=folding"])
@pytest.mark.parametrize("which", ["announcements", "records"])
async def test_a_sink_whose_topic_has_gone_asks_and_writes_little(
    own: Broker, faults: KafkaFaults, own_lab: Lab, which: str, armed: str
) -> None:
    lab = own_lab
    await lab.create()
    await lab.numbers(0, 5)
    sink = lab.sink(armed, KAFKA_BOOTSTRAP_SERVERS=_proxied(own))
    await lab.until_stored(sink, 5)

    await _delete(own, LANDED if which == "announcements" else lab.topic)
    if which == "announcements":
        await lab.numbers(5, 5)
        await lab.until_stored(sink, 10)
    await asyncio.sleep(3)  # what the change itself costs is over
    asked, lines = faults.seen[METADATA], len(sink.log.read_text().splitlines())
    began_s = time.monotonic()
    await asyncio.sleep(SECONDS)
    asked = faults.seen[METADATA] - asked
    lines = len(sink.log.read_text().splitlines()) - lines
    took_s = time.monotonic() - began_s
    assert sink.end() == 0

    if armed:
        # A producer with a record for it spins; what reads it writes.
        assert (asked if which == "announcements" else 2 * lines) > 20 * SECONDS
    else:
        assert asked <= 1.3 * CLIENTS * took_s
        assert lines <= 40
