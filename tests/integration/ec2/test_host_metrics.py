"""What rules and boards name of the host and its broker is really told by the programs that tell it."""

import asyncio
import os
import re
import shlex
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coinlake.kafka import open_producer
from local_stack.ports import free_ports
from tests.conftest import TOOLS
from tests.integration.ec2.brokers import HostBroker
from tests.unit.observability.host_series import BROKER, FACTS, HOST

UNIT = Path(__file__).resolve().parents[3] / "deploy/ec2/systemd/coinlake-node-exporter.service"
# As systemd 252 prints them: a service that runs, one that waits for its next start, one that gave up.
SHOWN = """Id=coinlake-kafka.service
ActiveState=active
SubState=running
NRestarts=1

Id=coinlake-proxy.service
ActiveState=inactive
SubState=dead
NRestarts=0

Id=coinlake-credentials@s3-sink.service
ActiveState=activating
SubState=auto-restart
NRestarts=7

Id=coinlake-credentials@s3-sink.timer
ActiveState=active
SubState=waiting

Id=coinlake-ingestor.service
ActiveState=failed
SubState=failed
NRestarts=0
"""
SYSTEMCTL = f"""#!/bin/sh
case $1 in
  show) cat <<'SHOWN'
{SHOWN}SHOWN
  ;;
  list-units) echo "chronyd.service loaded failed failed NTP client/server" ;;
esac
"""


def series(text: str) -> dict[str, list[dict[str, str]]]:
    """The labels of each series of a scrape, by its name."""
    found: dict[str, list[dict[str, str]]] = {}
    for name, labels in re.findall(r"^(\w+)(\{.*\})? \S+$", text, re.M):
        found.setdefault(name, []).append(dict(re.findall(r'(\w+)="([^"]*)"', labels)))
    return found


def told(text: str, line: str) -> float:
    (value,) = re.findall(rf"^{re.escape(line)} (\S+)$", text, re.M)
    return float(value)


@contextmanager
def node_exporter(volume: Path, texts: Path) -> Iterator[str]:
    """The real one with its unit's collectors, on this machine's kernel; where it listens."""
    (line,) = re.findall(r"^ExecStart=(.*)$", UNIT.read_text().replace("\\\n", ""), re.M)
    words = shlex.split(line.replace("$$", "$"))
    own = words[words.index("${NODE_EXPORTER_IMAGE}") + 1 :]
    kept = [word for word in own if not word.startswith("--path.") and "=" not in word]
    (port,) = free_ports(1)
    program = TOOLS["node_exporter"]()
    assert program is not None
    command = [program, *kept, f"--web.listen-address=127.0.0.1:{port}"]
    command += [f"--collector.filesystem.mount-points-include=^{volume}$"]
    command += [f"--collector.textfile.directory={texts}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
        try:
            yield f"http://127.0.0.1:{port}/metrics"
        finally:
            running.terminate()


def scrape(address: str) -> str:
    end = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address) as answer:
                text: str = answer.read().decode()
                return text
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.1)


@pytest.fixture
def facts(broker: HostBroker, users: str, tmp_path: Path) -> Path:
    """The file that libexec/host-metrics writes, with this machine's broker and a recorded systemd."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/systemctl").write_text(SYSTEMCTL)
    (tmp_path / "bin/systemctl").chmod(0o755)
    held = tmp_path / "run/aws/s3-sink/credentials.json"
    held.parent.mkdir(parents=True)
    held.write_text('{"Version": 1, "Expiration": "2100-01-01T00:00:00+00:00"}')
    environ = {
        **broker.environ,
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
        "COINLAKE_RUN": str(tmp_path / "run"),
    }
    (broker.base / "etc/kafka/ca.pem").write_bytes((broker.secrets / "ca.pem").read_bytes())
    script = UNIT.parents[1] / "libexec" / "host-metrics"
    done = subprocess.run([script], env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in (tmp_path / "run/metrics").iterdir()] == ["host.prom"]
    return tmp_path / "run/metrics"


@pytest.mark.needs("node_exporter")
@pytest.mark.needs("root")
@pytest.mark.needs("jq")
def test_every_metric_of_the_host_that_is_named_is_really_told(
    facts: Path, tmp_path: Path
) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", volume], check=True)
    try:
        with node_exporter(volume, facts) as address:
            text = scrape(address)
            (volume / "half").write_bytes(bytes(4 * 1024**2))
            filled = scrape(address)
            subprocess.run(["mount", "-o", "remount,ro", volume], check=True)
            read_only = scrape(address)
    finally:
        subprocess.run(["umount", volume], check=True)

    found = series(text)
    wanted = {**HOST, **FACTS}
    assert set(wanted) - set(found) == set()
    for name, labels in wanted.items():
        assert labels >= {label for one in found[name] for label in one}, name
    place = f'{{device="tmpfs",device_error="",fstype="tmpfs",mountpoint="{volume}"}}'
    assert told(filled, f"node_filesystem_avail_bytes{place}") == 4 * 1024**2
    assert told(text, f"node_filesystem_readonly{place}") == 0
    assert told(read_only, f"node_filesystem_readonly{place}") == 1
    assert told(text, "node_textfile_scrape_error") == 0


@pytest.mark.needs("jq")
def test_the_facts_are_those_of_units_certificates_and_credentials(
    facts: Path, broker: HostBroker
) -> None:
    text = (facts / "host.prom").read_text()

    failed = dict(re.findall(r'^coinlake_unit_failed{unit="(\S+)"} (\d)$', text, re.M))
    assert failed == {
        "coinlake-kafka.service": "0",
        "coinlake-proxy.service": "0",
        "coinlake-credentials@s3-sink.service": "1",
        "coinlake-credentials@s3-sink.timer": "0",
        "coinlake-ingestor.service": "1",
        "chronyd.service": "1",
    }
    restarts = 'coinlake_unit_restarts_total{unit="coinlake-credentials@s3-sink.service"}'
    assert told(text, restarts) == 7
    ends = {
        name: told(text, f'coinlake_certificate_end_timestamp_seconds{{certificate="{name}"}}')
        for name in ("kafka", "kafka-ca")
    }
    left = {name: (end - time.time()) / 86_400 for name, end in ends.items()}
    assert 396 < left["kafka"] <= 397
    assert 3649 < left["kafka-ca"] <= 3650
    ended = told(text, 'coinlake_credentials_end_timestamp_seconds{container="s3-sink"}')
    assert ended == 4_102_444_800
    bound = (broker.config / "server.properties").read_text()
    assert f"log.retention.bytes={told(text, 'coinlake_kafka_retention_bytes'):.0f}\n" in bound


def test_every_metric_of_the_broker_that_is_named_is_really_told(
    broker: HostBroker, topics: list[str]
) -> None:
    async def sent() -> None:
        async with open_producer(broker.settings("ingestor"), "test") as producer:
            await producer.send("coincap.assets.v1", key=b"k", value=b"v", headers=())

    asyncio.run(sent())

    found = series(broker.scrape())
    assert set(BROKER) - set(found) == set()
    for name, labels in BROKER.items():
        assert labels >= {label for one in found[name] for label in one}, name
    assert {"Produce"} <= {one["request"] for one in found["kafka_request_errors_total"]}
    assert "coincap.assets.v1" in {one["topic"] for one in found["kafka_log_size_bytes"]}
