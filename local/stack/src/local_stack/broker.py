"""A real Kafka broker as one process of its own: KRaft, from the jars that Maven fetched."""

import base64
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from local_stack import class_archive, jars, kafka_probe, processes
from local_stack.errors import StackError
from local_stack.java import find_java
from local_stack.paths import Paths
from local_stack.ports import HOST, free_ports, taken

HEAP = "-Xmx512m"
READY_TIMEOUT_S = 60.0
STOP_GRACE_S = 15.0
ARCHIVE_TIMEOUT_S = 180.0
_POLL_S = 0.1
# A JVM that lives for minutes never earns back the second compiler's work.
_QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")


@dataclass(frozen=True, slots=True)
class BrokerSpec:
    """What one broker is made of. `controller_port` is KRaft's own, for nobody else."""

    jars_dir: Path
    java_home: Path
    data_dir: Path
    port: int
    controller_port: int
    # Java's option that has its classes archived at the end; "" to start from such an archive.
    archiving: str = field(default="", kw_only=True)

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def properties_file(self) -> Path:
        return self.data_dir / "server.properties"

    def properties(self) -> dict[str, str]:
        """The broker's settings: one node that is broker and controller, nothing replicated."""
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": f"{HOST}:{self.controller_port}",
            "listeners": (
                f"PLAINTEXT://{self.bootstrap},CONTROLLER://{HOST}:{self.controller_port}"
            ),
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.data_dir / "log"),
            # Topics are made by `coinlake topics`, with the settings of the contract, or not.
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # A killed broker is taken for alive for this long, and cannot come back sooner
            # (KIP-631, broker.session.timeout.ms).
            "broker.session.timeout.ms": "4000",
            "broker.heartbeat.interval.ms": "1000",
        }

    @property
    def heap(self) -> str:
        """The most memory that its Java heap may take, as Java wants it."""
        return HEAP

    def format_arguments(self) -> list[str]:
        """How the format is told whose the storage will be: the only node of a new cluster."""
        return ["--standalone", "-t", new_cluster_id()]

    def java(self, main: str, *arguments: str) -> list[str]:
        """The command line of one of Kafka's Java programs."""
        executable = str(self.java_home / "bin" / "java")
        class_path = str(self.jars_dir / "*")
        quick = [*_QUICK_START, self.heap, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        quick += [self.archiving] if self.archiving else self._archived()
        return [executable, *quick, "-cp", class_path, main, *arguments]

    def _archived(self) -> list[str]:
        return class_archive.starting_from(self.jars_dir, self.java_home)

    def command(self) -> list[str]:
        """The command line of the broker."""
        return self.java("kafka.Kafka", str(self.properties_file))


def environment(spec: BrokerSpec) -> dict[str, str]:
    """The environment of the broker: nothing of the person's own JAVA_* or KAFKA_* settings."""
    return {"PATH": os.environ.get("PATH", os.defpath), "JAVA_HOME": str(spec.java_home)}


def write_properties(spec: BrokerSpec) -> None:
    """Write the settings file that the format and the broker read."""
    spec.data_dir.mkdir(parents=True, exist_ok=True)
    lines = [f"{name}={value}" for name, value in spec.properties().items()]
    spec.properties_file.write_text("\n".join(lines) + "\n")


def format_command(spec: BrokerSpec) -> list[str]:
    """The command line that makes an empty storage folder a broker's."""
    arguments = ["format", *spec.format_arguments(), "-c", str(spec.properties_file)]
    return spec.java("kafka.tools.StorageTool", *arguments)


def is_formatted(spec: BrokerSpec) -> bool:
    """Whether the storage folder was formatted before."""
    return (spec.data_dir / "log" / "meta.properties").is_file()


def prepare(spec: BrokerSpec) -> None:
    """Write the settings and, in a new folder, format the storage (a JVM of its own)."""
    write_properties(spec)
    if is_formatted(spec):
        return
    formatted = subprocess.run(
        format_command(spec), env=environment(spec), capture_output=True, text=True
    )
    if formatted.returncode != 0:
        said = (formatted.stderr or formatted.stdout).strip().splitlines()[-1:]
        raise StackError(f"Kafka's storage could not be formatted: {' '.join(said)}")


def is_ready(spec: BrokerSpec) -> bool:
    """Whether the broker answers a metadata request with itself."""
    try:
        return kafka_probe.brokers(HOST, spec.port) > 0
    except OSError:
        return False


@dataclass(slots=True)
class Broker:
    """A broker that can be stopped, killed and started again on its data and port."""

    spec: BrokerSpec
    log: Path
    process: processes.Running | None = field(default=None)

    @property
    def bootstrap(self) -> str:
        """`host:port`, as KAFKA_BOOTSTRAP_SERVERS wants it."""
        return self.spec.bootstrap

    def start(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Start and wait until it answers. Raises StackError with the end of its log."""
        # Whoever listens there would answer in our place and be taken for us.
        if busy := taken([self.spec.port, self.spec.controller_port]):
            raise StackError(f"The Kafka broker cannot start: port {busy[0]} is taken.")
        prepare(self.spec)
        self.process = processes.spawn(self.spec.command(), environment(self.spec), self.log)
        deadline = time.monotonic() + timeout_s
        while not is_ready(self.spec):
            if not processes.alive(self.process) or time.monotonic() > deadline:
                self.kill()
                raise StackError(
                    f"The Kafka broker did not start; its log {self.log} ends:\n"
                    f"{processes.last_lines(self.log)}"
                )
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """End it in good order (SIGTERM); its data stays."""
        if self.process is not None:
            processes.stop(self.process, STOP_GRACE_S)

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut would."""
        if self.process is not None:
            processes.send(self.process, signal.SIGKILL)
            processes.wait_gone(self.process, 10)


@contextmanager
def start_broker(
    data_dir: Path,
    port: int = 0,
    *,
    jars_dir: Path | None = None,
    java_home: Path | None = None,
) -> Iterator[Broker]:
    """A broker for the length of a block; port 0 takes a free one. For tests and tools.

    Jars come from the clone's `.local/jars/kafka` and are fetched first where they are missing;
    Java 17 is looked for. Raises StackError where it cannot start.
    """
    folder = jars_dir or jars.fetch(Paths(), jars.KAFKA, lambda _: None)
    home = java_home or find_java().home
    chosen, controller = free_ports(2)
    spec = BrokerSpec(folder, home, data_dir, port or chosen, controller)
    broker = Broker(spec, data_dir / "broker.log")
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def ensure_class_archive(paths: Paths, say: Callable[[str], None]) -> None:
    """Have an archive of Kafka's classes for the Java of this machine; a broker runs for it."""
    folder, home = jars.fetch(paths, jars.KAFKA, say), find_java().home

    def make(option: str) -> None:
        with TemporaryDirectory(prefix="coinlake-classes-") as scratch:
            data = Path(scratch)
            port, controller = free_ports(2)
            plain = BrokerSpec(folder, home, data, port, controller)
            prepare(plain)
            broker = Broker(replace(plain, archiving=option), data / "broker.log")
            broker.start(ARCHIVE_TIMEOUT_S)
            assert broker.process is not None
            processes.stop(broker.process, ARCHIVE_TIMEOUT_S)

    class_archive.ensure(folder, home, make, say)


def new_cluster_id() -> str:
    """An id for a new cluster."""
    # Kafka's own ids are 22 characters of URL-safe base64 that do not start with a dash (Kafka 4.3,
    # Uuid.randomUuid).
    return "k" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
