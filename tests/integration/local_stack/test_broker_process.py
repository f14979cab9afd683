"""A real broker process: up, used, killed, started again, stopped."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import UnknownTopicOrPartitionError

from coinlake.contracts.topics import TOPICS
from coinlake.settings import KafkaSettings
from coinlake.topics import describe, ensure_topics
from local_stack import processes, topic_counts
from local_stack.broker import Broker, start_broker
from local_stack.errors import StackError

TOPIC = "coincap.assets.v1"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with start_broker(tmp_path_factory.mktemp("kafka")) as started:
        yield started


async def send(broker: Broker, *values: bytes | None) -> list[int]:
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all") as producer:
        return [(await producer.send_and_wait(TOPIC, value, b"key")).offset for value in values]


async def test_the_contracts_topics_are_created_with_their_settings(broker: Broker) -> None:
    kafka = KafkaSettings(bootstrap_servers=broker.bootstrap)

    await ensure_topics(kafka, TOPICS.values())
    again = await ensure_topics(kafka, TOPICS.values())

    assert again == []
    assert (await describe(kafka, [TOPIC]))[TOPIC].items() >= TOPICS[TOPIC].config().items()


async def test_what_was_acknowledged_is_there_after_a_kill(broker: Broker) -> None:
    await ensure_topics(KafkaSettings(bootstrap_servers=broker.bootstrap), TOPICS.values())
    offsets = await send(broker, b"one", b"two")

    broker.kill()
    broker.start()

    async with AIOKafkaConsumer(
        TOPIC, bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        read = [await consumer.getone() for _ in offsets]
    assert [(record.offset, record.value) for record in read] == [(0, b"one"), (1, b"two")]


async def test_topics_do_not_come_into_being_by_being_used(broker: Broker) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap, request_timeout_ms=2000
    ) as producer:
        with pytest.raises(UnknownTopicOrPartitionError):
            await producer.send_and_wait("no.such.topic", b"x")


def test_counting_a_topic_tells_answers_from_heartbeats(tmp_path: Path) -> None:
    async def fill(broker: Broker) -> None:
        await ensure_topics(KafkaSettings(bootstrap_servers=broker.bootstrap), TOPICS.values())
        await send(broker, b"abc", None, b"de", None)

    with start_broker(tmp_path / "kafka") as broker:
        asyncio.run(fill(broker))

        (counted,) = topic_counts.count(broker.bootstrap, [TOPIC])

    assert (counted.values, counted.heartbeats, counted.bytes) == (2, 2, 5)
    assert counted.next_value == 3


def test_a_port_that_is_taken_is_named_rather_than_shared(
    broker: Broker, tmp_path: Path
) -> None:
    port = broker.spec.port

    with (
        pytest.raises(StackError, match=f"port {port} is taken"),
        start_broker(tmp_path / "second", port),
    ):
        pass


def test_a_broker_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    # A storage folder that claims to be formatted and is not.
    (tmp_path / "log" / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=x\n")

    with pytest.raises(StackError, match="did not start") as raised, start_broker(tmp_path):
        pass

    assert "broker.log" in str(raised.value)
    assert len(str(raised.value).splitlines()) > 1


def test_a_stopped_broker_leaves_no_process_behind(tmp_path: Path) -> None:
    with start_broker(tmp_path / "kafka") as broker:
        process = broker.process
        assert process is not None
        assert processes.alive(process)

    assert not processes.alive(process)
