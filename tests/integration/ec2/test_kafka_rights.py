"""The broker's settings of the EC2 host on a real broker: each service may do its own, no more."""

import asyncio
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)
from pydantic import SecretStr

from coinlake.contracts.topics import LANDED, PUBLISHED, TOPICS
from coinlake.errors import TransientError
from coinlake.kafka import client_options, open_producer, open_tail
from coinlake.settings import KafkaSettings
from coinlake.topics import describe, ensure_topics
from local_stack import jars, processes
from local_stack.java import find_java
from local_stack.paths import Paths
from local_stack.ports import free_ports

ASSETS = "coincap.assets.v1"
GROUP = "coinlake-s3-sink"
EC2 = Path(__file__).resolve().parents[3] / "deploy" / "ec2"
# Rights of an older release, and of somebody's hand.
STALE = (
    f"--allow-principal User:ingestor --operation Read --topic {LANDED}",
    "--allow-principal User:gone --operation DescribeConfigs --topic coin"
    " --resource-pattern-type prefixed",
    "--deny-principal User:tools --operation Alter --cluster",
)
PROGRAMS = {
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
}


@dataclass(frozen=True)
class Secured:
    """The running broker: its TLS listener, and what the host keeps of its secrets."""

    port: int
    secrets: Path
    said: str
    """What libexec/kafka-users said on it, when it had rights that are not in the table."""
    acls: Callable[..., str]
    """Run kafka-acls as the administrator."""

    def settings(self, user: str, password: str | None = None) -> KafkaSettings:
        known = (self.secrets / f"{user}.password").read_text().strip()
        return KafkaSettings(
            bootstrap_servers=f"localhost:{self.port}",
            security_protocol="SASL_SSL",
            sasl_username=user,
            sasl_password=SecretStr(password or known),
            ssl_cafile=str(self.secrets / "ca.pem"),
        )


def _moved(config: Path, data: Path, ports: list[int]) -> None:
    """The host's own settings with this test's ports and folders, and nothing else changed."""
    local, controller, inside, outside = ports
    text = (config / "server.properties").read_text()
    for old, new in ((9092, local), (9093, controller), (9094, inside), (9095, outside)):
        text = text.replace(f":{old}", f":{new}")
    text = text.replace("INSIDE://kafka:", "INSIDE://localhost:")
    text = text.replace("0.0.0.0:", "127.0.0.1:")
    text = text.replace("/etc/kafka/broker/", f"{config}/").replace("/var/lib/kafka", str(data))
    (config / "server.properties").write_text(text)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, ec2: Path) -> Iterator[Secured]:
    base = tmp_path_factory.mktemp("kafka")
    config, secrets = base / "config", base / "var" / "secrets" / "kafka"
    environ = {"PATH": "/usr/bin:/bin", "COINLAKE_VAR": str(base / "var")}
    for command in (["kafka-secrets", "localhost"], ["kafka-config", "localhost", str(config)]):
        subprocess.run([ec2 / "libexec" / command[0], *command[1:]], env=environ, check=True)
    ports = free_ports(4)
    _moved(config, base / "data", ports)
    folder = jars.fetch(Paths(), jars.KAFKA, lambda _: None)
    java = [str(find_java().home / "bin" / "java"), "-Xmx384m", "-XX:TieredStopAtLevel=1"]
    java += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{folder}/*"]
    properties = str(config / "server.properties")
    cluster = (config / "cluster.id").read_text().strip()
    formatting = ["kafka.tools.StorageTool", "format", "--standalone", "--ignore-formatted"]
    formatting += ["--cluster-id", cluster, "--config", properties]
    subprocess.run([*java, *formatting], env=environ, check=True, capture_output=True)
    running = processes.spawn([*java, "kafka.Kafka", properties], environ, base / "broker.log")
    try:
        told = _programs(base, java, f"127.0.0.1:{ports[0]}", environ)

        def acls(*arguments: str) -> str:
            command = [f"{told['KAFKA_RUN']}kafka-acls.sh", *arguments]
            command += ["--bootstrap-server", told["KAFKA_SERVER"]]
            command += ["--command-config", f"{base / 'config'}/admin.properties"]
            return _ran(command, told, base / "broker.log")

        # The administrator's programs wait for the broker by themselves, a minute long.
        for stale in STALE:
            acls("--add", *stale.split())
        said = _ran([str(ec2 / "libexec" / "kafka-users")], told, base / "broker.log")
        yield Secured(ports[2], secrets, said, acls)
    finally:
        processes.stop(running, 15)


def _programs(
    base: Path, java: list[str], server: str, environ: dict[str, str]
) -> dict[str, str]:
    """What libexec/kafka-users is told, with Java's programs for the container's scripts."""
    bin_dir = base / "bin"
    bin_dir.mkdir()
    for name, main in PROGRAMS.items():
        command = " ".join(f"'{part}'" for part in [*java, main])
        (bin_dir / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (bin_dir / name).chmod(0o755)
    return environ | {
        "KAFKA_RUN": f"{bin_dir}/",
        "KAFKA_CONFIG": str(base / "config"),
        "KAFKA_SERVER": server,
    }


def _ran(command: list[str], environ: dict[str, str], log: Path) -> str:
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{log.read_text()[-2000:]}"
    return done.stdout


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


@pytest.fixture(scope="module")
def topics(broker: Secured) -> list[str]:
    """Made by the tools' own user, as the bootstrap does."""
    return asyncio.run(ensure_topics(broker.settings("tools"), TOPICS.values()))


def test_the_tools_make_every_topic_of_the_contract(topics: list[str]) -> None:
    assert sorted(topics) == sorted(TOPICS)


async def test_the_ingestor_produces_to_each_of_its_topics(
    broker: Secured, topics: list[str]
) -> None:
    settings = broker.settings("ingestor")

    for topic in TOPICS:
        if topic in (LANDED, PUBLISHED, "coincap.history.v1"):
            with pytest.raises(TransientError, match="TopicAuthorizationFailed"):
                await _send(settings, topic)
        else:
            assert await _send(settings, topic) >= 0


async def test_the_sink_reads_commits_and_announces(broker: Secured, topics: list[str]) -> None:
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
    broker: Secured, topics: list[str]
) -> None:
    settings = broker.settings("s3-sink")

    with pytest.raises(TransientError, match="TopicAuthorizationFailed"):
        await _send(settings, ASSETS)
    with pytest.raises(GroupAuthorizationFailedError):
        await _first_as_member(settings, "another")


async def test_the_runner_hears_of_objects_and_reads_no_prices(
    broker: Secured, topics: list[str]
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


async def test_the_ingestor_reads_nothing(broker: Secured, topics: list[str]) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        await _first_as_member(broker.settings("ingestor"), GROUP)


@pytest.mark.parametrize("user", ["ingestor", "s3-sink", "etl-runner", "auditor", "tools"])
async def test_nobody_makes_or_deletes_topics_that_are_not_theirs(
    broker: Secured, topics: list[str], user: str
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
    broker: Secured, topics: list[str]
) -> None:
    wrong = broker.settings("ingestor", password="wrong")
    in_clear = KafkaSettings(bootstrap_servers=f"localhost:{broker.port}")
    over_tls = KafkaSettings(
        bootstrap_servers=f"localhost:{broker.port}",
        security_protocol="SSL",
        ssl_cafile=str(broker.secrets / "ca.pem"),
    )

    for settings in (wrong, in_clear, over_tls):
        with pytest.raises((TransientError, KafkaError)):
            async with asyncio.timeout(30):
                await _send(settings, ASSETS)


def test_a_right_that_is_not_in_the_table_was_taken_back_and_named(broker: Secured) -> None:
    taken = [line.split(": ")[-1] for line in broker.said.splitlines() if "taking" in line]
    left = re.findall(r"User:([\w-]+), host=\*, operation=(\w+), perm", broker.acls("--list"))
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
    broker: Secured, topics: list[str], another_authority: Path
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
