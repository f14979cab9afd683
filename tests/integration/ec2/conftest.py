"""Where the EC2 files are, and real programs around them: a broker, a local AWS."""

import asyncio
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from coinlake.contracts.topics import LANDED, TOPICS
from coinlake.topics import ensure_topics
from tests.integration.ec2.brokers import HostBroker, host_broker
from tests.integration.ec2.reading import Reader

ROOT = Path(__file__).resolve().parents[3]
EC2 = ROOT / "deploy" / "ec2"
# Rights of an older release, and of somebody's hand.
STALE = (
    f"--allow-principal User:ingestor --operation Read --topic {LANDED}",
    "--allow-principal User:gone --operation DescribeConfigs --topic coin"
    " --resource-pattern-type prefixed",
    "--deny-principal User:tools --operation Alter --cluster",
)
# Kafka's own waits, minutes long, that a test of what it deletes cannot wait for.
SHORTENED = """
log.retention.check.interval.ms=500
log.initial.task.delay.ms=500
log.segment.delete.delay.ms=500
"""


@pytest.fixture(scope="package")
def ec2() -> Path:
    """The folder deploy/ec2."""
    return EC2


@contextmanager
def moto() -> Iterator[str]:
    """A moto server of its own port, with nothing in it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    # The servers of one process share what is in them.
    with urllib.request.urlopen(f"{endpoint}/moto-api/reset", data=b"") as answer:
        assert answer.status == 200
    try:
        yield endpoint
    finally:
        server.stop()


def environ_of(endpoint: str) -> dict[str, str]:
    """The environment of a program that speaks to that server, and nothing of the person's own."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
    }


@pytest.fixture
def aws_endpoint() -> Iterator[str]:
    """A moto server of the test's own."""
    with moto() as endpoint:
        yield endpoint


@pytest.fixture
def aws_environ(aws_endpoint: str) -> dict[str, str]:
    """The environment of a program that speaks to it."""
    return environ_of(aws_endpoint)


@pytest.fixture
def reader(tmp_path: Path, aws_environ: dict[str, str]) -> Reader:
    one = Reader(tmp_path, aws_environ | {"HOME": str(tmp_path)})
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/coinlake-0.1.0.tar.gz").write_bytes(b"a release")
    return one


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostBroker]:
    """The host's broker; where root runs this, on a data volume of half a gibibyte."""
    base = tmp_path_factory.mktemp("kafka")
    volume = base / "var"
    volume.mkdir()
    if os.geteuid() == 0:
        mount = ["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", str(volume)]
        subprocess.run(mount, check=True)
    try:
        with host_broker(base, SHORTENED) as running:
            yield running
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", str(volume)], check=True)


@pytest.fixture(scope="package")
def users(broker: HostBroker) -> str:
    """What libexec/kafka-users said on it, when it had rights that are not in the table."""
    # The administrator's programs wait for the broker by themselves, a minute long.
    for stale in STALE:
        broker.program("kafka-acls.sh", "--add", *stale.split())
    return broker.script("kafka-users")


@pytest.fixture(scope="package")
def topics(broker: HostBroker, users: str) -> list[str]:
    """Made by the tools' own user, as the bootstrap does."""
    return asyncio.run(ensure_topics(broker.settings("tools"), TOPICS.values()))
