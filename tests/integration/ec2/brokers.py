"""The EC2 host's broker on this machine: its own scripts and settings, and Kafka's programs."""

import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from coinlake.settings import KafkaSettings
from local_stack import class_archive, jars, processes
from local_stack.java import find_java
from local_stack.paths import Paths
from local_stack.ports import free_ports

EC2 = Path(__file__).resolve().parents[3] / "deploy" / "ec2"
PROGRAMS = {
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
}


@dataclass(frozen=True)
class HostBroker:
    """A running broker: its TLS listener, its metrics, and what the host keeps of its secrets."""

    base: Path
    inside: int
    outside: int
    metrics: int
    environ: Mapping[str, str]
    """What the scripts of libexec are told."""

    @property
    def secrets(self) -> Path:
        return self.base / "var" / "secrets" / "kafka"

    @property
    def config(self) -> Path:
        return self.base / "etc" / "kafka" / "broker"

    @property
    def log(self) -> Path:
        return self.base / "var" / "kafka" / "log"

    def settings(self, user: str, password: str | None = None) -> KafkaSettings:
        known = (self.secrets / f"{user}.password").read_text().strip()
        return KafkaSettings(
            bootstrap_servers=f"localhost:{self.inside}",
            security_protocol="SASL_SSL",
            sasl_username=user,
            sasl_password=SecretStr(password or known),
            ssl_cafile=str(self.secrets / "ca.pem"),
        )

    def script(self, name: str, *arguments: str, prefix: tuple[str, ...] = ()) -> str:
        """Run a script of libexec; what it printed."""
        return self._ran([*prefix, str(EC2 / "libexec" / name), *arguments])

    def program(self, name: str, *arguments: str) -> str:
        """Run one of Kafka's programs as the administrator."""
        command = [f"{self.environ['KAFKA_RUN']}{name}", *arguments]
        command += ["--bootstrap-server", self.environ["KAFKA_SERVER"]]
        return self._ran([*command, "--command-config", f"{self.config}/admin.properties"])

    def scrape(self) -> str:
        """What the agent tells Prometheus."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics") as answer:
            text: str = answer.read().decode()
        return text

    def _ran(self, command: list[str]) -> str:
        done = subprocess.run(command, env=self.environ, capture_output=True, text=True)
        log = (self.base / "broker.log").read_text()[-2000:]
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{log}"
        return done.stdout


@contextmanager
def host_broker(base: Path, further: str = "") -> Iterator[HostBroker]:
    """The broker of a host whose data volume is `base/var`; `further` are lines of its settings.

    Changed in the host's own settings: ports and folders, which are this test's.
    """
    local, controller, inside, outside, metrics = free_ports(5)
    (base / "var").mkdir(exist_ok=True)
    agent = jars.fetch(Paths(), jars.AGENT, lambda _: None)
    folder, home = jars.fetch(Paths(), jars.KAFKA, lambda _: None), find_java().home
    # Twenty programs of a second each: most of it is the start of Java.
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"]
    quick += class_archive.starting_from(folder, home)
    java = [str(home / "bin" / "java"), "-Xmx384m", *quick]
    plain = [*java, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{folder}/*"]
    environ = {
        "PATH": "/usr/bin:/bin",
        "COINLAKE_VAR": str(base / "var"),
        "COINLAKE_ETC": str(base / "etc"),
        "COINLAKE_GROUP": "root",
        "COINLAKE_KAFKA_AGENT": str(next(agent.glob("*.jar"))),
        "KAFKA_RUN": f"{_programs(base, plain)}/",
        "KAFKA_CONFIG": str(base / "etc" / "kafka" / "broker"),
        "KAFKA_SERVER": f"127.0.0.1:{local}",
        "KAFKA_TLS": f"localhost:{outside}",
    }
    broker = HostBroker(base, inside, outside, metrics, environ)
    (base / "broker.log").touch()
    broker.script("kafka-secrets", "localhost")
    broker.script("kafka-config", "localhost", str(broker.config))
    ports = {9092: local, 9093: controller, 9094: inside, 9095: outside}
    properties = broker.config / "server.properties"
    properties.write_text(f"{_moved(properties.read_text(), broker, ports)}{further}")
    cluster = (broker.config / "cluster.id").read_text().strip()
    formatting = ["kafka.tools.StorageTool", "format", "--standalone", "--ignore-formatted"]
    formatting += ["--cluster-id", cluster, "--config", str(properties)]
    subprocess.run([*plain, *formatting], env=environ, check=True, capture_output=True)
    watched = f"-javaagent:{broker.config}/agent.jar={metrics}:{broker.config}/agent.yaml"
    command = [*plain[:1], watched, *plain[1:], "kafka.Kafka", str(properties)]
    running = processes.spawn(command, environ, base / "broker.log")
    try:
        yield broker
    finally:
        processes.stop(running, 15)


def _moved(text: str, broker: HostBroker, ports: Mapping[int, int]) -> str:
    for old, new in ports.items():
        text = text.replace(f":{old}", f":{new}")
    text = text.replace("INSIDE://kafka:", "INSIDE://localhost:")
    text = text.replace("0.0.0.0:", "127.0.0.1:")
    text = text.replace("/etc/kafka/broker/", f"{broker.config}/")
    return text.replace("/var/lib/kafka", str(broker.log.parent))


def _programs(base: Path, java: list[str]) -> Path:
    """A folder with Java's programs for the container's scripts."""
    folder = base / "bin"
    folder.mkdir()
    for name, main in PROGRAMS.items():
        command = " ".join(f"'{part}'" for part in [*java, main])
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)
    return folder
