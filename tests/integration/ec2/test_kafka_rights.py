"""The broker's settings of the EC2 host on a real broker: each service may do its own, no more."""

import asyncio
import re
import subprocess
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from coinlake.contracts.topics import LANDED, PUBLISHED, TOPICS
from coinlake.errors import TransientError
from coinlake.kafka import client_options, open_producer, open_tail
from coinlake.settings import KafkaSettings
from coinlake.topics import describe, ensure_topics
from tests.integration.ec2.brokers import HostBroker

ASSETS = "coincap.assets.v1"
GROUP = "coinlake-s3-sink"
EC2 = Path(__file__).resolve().parents[3] / "deploy" / "ec2"


async def _send(settings: KafkaSettings, topic: str, value: bytes = b"v") -> int:
    async with open_producer(settings, "test") as producer:
        async with asyncio.timeout(30):
            return await producer.send(topic, key=b"k", value=value, headers=())


async def _first_as_member(settings: KafkaSettings, group: str) -> object:
    """The first record of the prices that a member of a group gets."""
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=group)
    consumer.subscribe([ASSETS])
    try:
        async with asyncio.timeout(30):
            await consumer.start()
            return await consumer.getone()
    finally:
        await consumer.stop()


async def _tailed(settings: KafkaSettings, topic: str) -> None:
    """Read a topic from its end on until something is wrong."""
    async with asyncio.timeout(30), open_tail(settings, [topic], "test") as tail:
        while True:
            await tail.poll(1.0)


def test_the_tools_make_every_topic_of_the_contract(topics: list[str]) -> None:
    assert sorted(topics) == sorted(TOPICS)


async def test_the_ingestor_produces_to_each_of_its_topics(
    broker: HostBroker, topics: list[str]
) -> None:
    settings = broker.settings("ingestor")

    for topic in TOPICS:
        if topic in (LANDED, PUBLISHED, "coincap.history.v1"):
            with pytest.raises(TransientError, match="TopicAuthorizationFailed"):
                await _send(settings, topic)
        else:
            assert await _send(settings, topic) >= 0


async def test_the_sink_reads_commits_and_announces(
    broker: HostBroker, topics: list[str]
) -> None:
    await _send(broker.settings("ingestor"), ASSETS, b"a price")
    settings = broker.settings("s3-sink")

    assert await ensure_topics(settings, [TOPICS[ASSETS], TOPICS[LANDED]]) == []
    assert (await describe(settings, [ASSETS]))[ASSETS]["cleanup.policy"] == "delete"
    by_hand = {"auto_offset_reset": "earliest", "enable_auto_commit": False}
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=GROUP, **by_hand)
    consumer.subscribe([ASSETS])
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            record = await consumer.getone()
        partition = TopicPartition(ASSETS, record.partition)
        await consumer.commit({partition: (record.offset + 1, "raw/key")})
        committed = await consumer.committed(partition)
    finally:
        await consumer.stop()
    assert record.value is not None
    assert committed == record.offset + 1
    assert await _send(settings, LANDED) >= 0


async def test_the_sink_writes_no_prices_and_joins_no_other_group(
    broker: HostBroker, topics: list[str]
) -> None:
    settings = broker.settings("s3-sink")

    with pytest.raises(TransientError, match="TopicAuthorizationFailed"):
        await _send(settings, ASSETS)
    with pytest.raises(GroupAuthorizationFailedError):
        await _first_as_member(settings, "another")


async def test_the_runner_hears_of_objects_and_reads_no_prices(
    broker: HostBroker, topics: list[str]
) -> None:
    settings = broker.settings("etl-runner")

    async with open_tail(settings, [LANDED], "test") as tail:
        await _send(broker.settings("s3-sink"), LANDED, b"landed")
        async with asyncio.timeout(30):
            while not (heard := await tail.poll(1.0)):
                pass
    assert heard[0].value == b"landed"
    assert await _send(settings, PUBLISHED) >= 0
    with pytest.raises((TransientError, TopicAuthorizationFailedError)):
        await _tailed(settings, ASSETS)


async def test_the_ingestor_reads_nothing(broker: HostBroker, topics: list[str]) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        await _first_as_member(broker.settings("ingestor"), GROUP)


@pytest.mark.parametrize("user", ["ingestor", "s3-sink", "etl-runner", "auditor", "tools"])
async def test_nobody_makes_or_deletes_topics_that_are_not_theirs(
    broker: HostBroker, topics: list[str], user: str
) -> None:
    admin = AIOKafkaAdminClient(**client_options(broker.settings(user)))
    await admin.start()
    try:
        made = await admin.create_topics([NewTopic("mine", 1, 1)])
        gone = await admin.delete_topics([ASSETS])
    finally:
        await admin.close()

    refused = TopicAuthorizationFailedError.errno
    assert [code for _, code, *_ in made.topic_errors] == [refused]
    assert [code for _, code, *_ in gone.topic_error_codes] == [refused]


async def test_a_stranger_and_a_wrong_password_are_refused(
    broker: HostBroker, topics: list[str]
) -> None:
    wrong = broker.settings("ingestor", password="wrong")
    in_clear = KafkaSettings(bootstrap_servers=f"localhost:{broker.inside}")
    over_tls = KafkaSettings(
        bootstrap_servers=f"localhost:{broker.inside}",
        security_protocol="SSL",
        ssl_cafile=str(broker.secrets / "ca.pem"),
    )

    for settings in (wrong, in_clear, over_tls):
        with pytest.raises((TransientError, KafkaError)):
            async with asyncio.timeout(30):
                await _send(settings, ASSETS)


def test_a_right_that_is_not_in_the_table_was_taken_back_and_named(
    broker: HostBroker, users: str
) -> None:
    taken = [line.split(": ")[-1] for line in users.splitlines() if "taking" in line]
    listed = broker.program("kafka-acls.sh", "--list")
    left = re.findall(r"User:([\w-]+), host=\*, operation=(\w+), perm", listed)
    lines = [line.split("\t") for line in (EC2 / "kafka/acls.tsv").read_text().splitlines()]
    planned = [
        (line[0], operation.upper())
        for line in lines
        if len(line) == 4
        for operation in line[1].split(",")
        for _ in line[3].split(",")
    ]

    assert sorted(taken) == [
        "ALLOW User:gone DESCRIBECONFIGS TOPIC coin",
        f"ALLOW User:ingestor READ TOPIC {LANDED}",
        "DENY User:tools ALTER CLUSTER kafka-cluster",
    ]
    # And nothing else was: what is left is the table.
    assert sorted((user, one.replace("_", "")) for user, one in left) == sorted(planned)


@pytest.fixture
def another_authority(tmp_path: Path) -> Path:
    made = tmp_path / "other.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other"]
    request += ["-keyout", str(tmp_path / "key"), "-out", str(made)]
    subprocess.run(request, check=True, capture_output=True)
    return made


async def test_a_client_that_trusts_another_authority_does_not_connect(
    broker: HostBroker, topics: list[str], another_authority: Path
) -> None:
    settings = broker.settings("ingestor").model_copy(
        update={"ssl_cafile": str(another_authority)}
    )

    with pytest.raises(TransientError):
        await _send(settings, ASSETS)


def test_making_the_secrets_again_keeps_them(tmp_path: Path, ec2: Path) -> None:
    environ = {"PATH": "/usr/bin:/bin", "COINLAKE_VAR": str(tmp_path)}

    def made(host: str) -> dict[str, bytes]:
        subprocess.run([ec2 / "libexec" / "kafka-secrets", host], env=environ, check=True)
        folder = tmp_path / "secrets" / "kafka"
        return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "openssl.log"}

    first, again, moved = made("one"), made("one"), made("two")
    assert again == first
    assert moved["ca.pem"] == first["ca.pem"]
    assert moved["broker.pem"] != first["broker.pem"]
    assert all(re.fullmatch(rb"[0-9a-f]{48}\n", v) for n, v in first.items() if "password" in n)
