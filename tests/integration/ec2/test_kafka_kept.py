"""The host's broker over months: its log stays within the volume, its certificate is renewed."""

import asyncio
import os
import re
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coinlake.contracts.topics import TOPICS
from coinlake.kafka import open_producer
from coinlake.topics import describe
from tests.integration.ec2.brokers import HostBroker

MIB = 1024**2
ASSETS = "coincap.assets.v1"
FILLED = (ASSETS, "coincap.markets.v1", "coincap.rates.v1")
# The certificate's life, and a minute more.
PAST_S = 397 * 86_400 + 60


def told(broker: HostBroker) -> dict[str, int]:
    """The bounds that the host's scripts computed from its volume."""
    text = (broker.config / "server.properties").read_text()
    return {
        name: int(value)
        for name, value in re.findall(r"^log\.(retention|segment)\.bytes=(\d+)$", text, re.M)
    }


def log_bytes(broker: HostBroker, topic: str) -> int:
    return sum(file.stat().st_size for file in (broker.log / f"{topic}-0").glob("*.log"))


@pytest.mark.needs("root")
async def test_topics_that_are_filled_beyond_leave_the_half_of_the_volume_that_is_not_theirs(
    broker: HostBroker, topics: list[str]
) -> None:
    bounds = told(broker)
    volume = os.statvfs(broker.base / "var")
    written = 0
    async with open_producer(broker.settings("ingestor"), "test") as producer:
        for topic in FILLED:
            for _ in range(2 * sum(bounds.values()) // MIB):
                # Chance has nothing to compress.
                await producer.send(topic, key=b"k", value=os.urandom(MIB), headers=())
                written += MIB

    end = time.monotonic() + 60
    longest = sum(bounds.values())
    while any(log_bytes(broker, topic) > longest for topic in FILLED):
        assert time.monotonic() < end, [log_bytes(broker, topic) for topic in FILLED]
        await asyncio.sleep(0.2)
    found = await describe(broker.settings("tools"), TOPICS)
    # No topic has a bound of its own: all follow the broker's.
    assert {one["retention.bytes"] for one in found.values()} == {str(bounds["retention"])}
    assert sum(bounds.values()) * len(TOPICS) <= volume.f_frsize * volume.f_blocks / 2
    # Without the bound the volume would hold all that was written, which is more.
    assert sum(log_bytes(broker, topic) for topic in FILLED) < written / 1.5
    scraped = broker.scrape()
    starts = re.findall(rf'kafka_log_start_offset{{.*topic="{ASSETS}"}} (\S+)', scraped)
    assert [float(start) > 0 for start in starts] == [True]


@pytest.mark.needs("root")
def test_a_larger_volume_means_longer_logs(broker: HostBroker, tmp_path: Path) -> None:
    before = told(broker)
    volume = str(broker.base / "var")

    def bounds(size: str) -> int:
        subprocess.run(["mount", "-o", f"remount,size={size}", volume], check=True)
        broker.script("kafka-config", "localhost", str(tmp_path))
        text = (tmp_path / "server.properties").read_text()
        (kept,) = re.findall(r"^log\.retention\.bytes=(\d+)$", text, re.M)
        return int(kept)

    try:
        assert bounds("1g") > 2 * before["retention"]
    finally:
        assert bounds("512m") == before["retention"]


@contextmanager
def connection(broker: HostBroker, port: int) -> Iterator[ssl.SSLSocket]:
    """A client's TLS connection, which trusts the host's CA and compares names and dates."""
    trusting = ssl.create_default_context(cafile=str(broker.secrets / "ca.pem"))
    with (
        socket.create_connection(("localhost", port), timeout=30) as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        yield secured


def is_answered(secured: ssl.SSLSocket) -> bool:
    """Whether the broker answers ApiVersions, version 0, of correlation 7 (Kafka protocol guide)."""
    secured.sendall(struct.pack(">ihhih", 10, 18, 0, 7, -1))
    return secured.recv(8)[4:] == struct.pack(">i", 7)


def a_new_client(broker: HostBroker, port: int) -> None:
    with connection(broker, port) as new:
        assert is_answered(new)


def shows(broker: HostBroker) -> None:
    """Wait until both listeners show the certificate that the host made last.

    Each of a listener's network threads reads it for itself, and they take connections in turn
    (Kafka 4.3, num.network.threads: 3).
    """
    made = (broker.secrets / "broker.crt").read_text().strip()
    end = time.monotonic() + 60
    for port in (broker.inside, broker.outside):
        seen = 0
        while seen < 6:
            shown = ssl.get_server_certificate(("localhost", port)).strip()
            seen = seen + 1 if shown == made else 0
            assert time.monotonic() < end


@pytest.mark.needs("faketime")
def test_a_certificate_that_has_ended_is_renewed_while_the_broker_runs(
    broker: HostBroker,
) -> None:
    broker.program("kafka-acls.sh", "--list")  # waits until it answers
    authority = (broker.secrets / "ca.pem").read_bytes()
    with connection(broker, broker.inside) as old:
        # Made 397 days ago, by a machine whose clock said so.
        (broker.secrets / "broker.crt").unlink()
        broker.script("kafka-secrets", "localhost", prefix=("faketime", "-f", f"-{PAST_S}s"))
        (broker.config / "broker.pem").write_bytes((broker.secrets / "broker.pem").read_bytes())
        store = f"ssl.keystore.location={broker.config}/broker.pem"
        both = f"listener.name.inside.{store},listener.name.outside.{store}"
        broker.program(
            *("kafka-configs.sh", "--alter", "--entity-type", "brokers"),
            *("--entity-name", "1", "--add-config", both),
        )
        # It reads the file a moment after it has answered.
        shows(broker)
        for port in (broker.inside, broker.outside):
            with pytest.raises(ssl.SSLCertVerificationError, match="has expired"):
                a_new_client(broker, port)

        # What the timer runs.
        broker.script("renew-certificate")
        shows(broker)

        for port in (broker.inside, broker.outside):
            a_new_client(broker, port)
        assert is_answered(old)
    # Whoever trusts the authority goes on trusting it.
    assert (broker.secrets / "ca.pem").read_bytes() == authority


def test_a_renewal_that_was_cut_off_begins_anew(broker: HostBroker) -> None:
    """What says that the certificate is well is written last."""
    served = (broker.secrets / "broker.pem").read_bytes()
    (broker.secrets / "broker.names").unlink()

    broker.script("kafka-secrets", "localhost")

    assert (broker.secrets / "broker.pem").read_bytes() != served
    assert (broker.secrets / "broker.crt").read_bytes() in (
        broker.secrets / "broker.pem"
    ).read_bytes()
