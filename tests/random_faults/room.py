"""The four that work together: each a process of its own, started and ended by name."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coinlake.contracts.headers import POLL_ID
from coinlake.contracts.topics import REJECTED
from coinlake.errors import BadRecordError
from ingestor.core.entries import RecordEntry, unpack
from ingestor.core.feeds import FEEDS
from local_stack.broker import Broker
from local_stack.ports import free_ports
from tests.odd_answers import Plan

KEY = "canary-2f6d9b1e5a7c4083"
SIDE = "side.v1"
"""A topic that the sink is told to copy too, and that comes and goes."""
FED = tuple(feed.topic for feed in FEEDS.values())
TOPICS = (*FED, REJECTED, SIDE)


@dataclass
class Service:
    """A process that answers HTTP on a port of its own, however often it is started."""

    module: tuple[str, ...]
    env: Mapping[str, str]
    port: int
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    ended: list[int] = field(default_factory=list)
    """The exit codes that nobody asked for."""

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.module], env=dict(self.env), stdout=log, stderr=log
            )

    def look(self) -> None:
        """Start it again where it has ended by itself, as systemd does, and remember that."""
        if self.process is not None and self.process.poll() is not None:
            self.ended.append(self.process.returncode)
            self.start()

    def send(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)
            self.process.wait(20)
            self.process = None

    def end(self) -> None:
        if self.process is not None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            self.kill()

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON; (0, None) where it does not answer."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=3
            ) as said:
                return said.status, json.loads(said.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")
        except (OSError, ValueError):
            return 0, None


@dataclass
class Room:
    """Everything of a run. `odd` is what the store's proxy is to answer."""

    broker: Broker
    simulator: Service
    ingestor: Service
    sink: Service
    odd: Plan
    state: Path
    environ: Mapping[str, str]
    journalled: set[bytes] = field(default_factory=set)
    """The polls of answers that were in the journal when somebody looked."""
    damaged: dict[bytes, str] = field(default_factory=dict)
    """The file of each poll that was hit by a fault of ours."""

    def waiting(self) -> list[Path]:
        """The files of answers that wait in the journal."""
        return sorted(self.state.rglob("*.record"))

    def note_journal(self) -> None:
        """Remember what is in the journal, while nobody works on it."""
        for path in self.waiting():
            if (poll := poll_of(path)) is not None:
                self.journalled.add(poll)

    def end(self) -> None:
        for one in (self.ingestor, self.sink, self.simulator):
            one.kill()


def poll_of(path: Path) -> bytes | None:
    """The poll whose answer a file holds; None where it holds none."""
    try:
        filed = unpack(path.read_bytes())
    except (OSError, BadRecordError):
        return None
    if not isinstance(filed.entry, RecordEntry):
        return None
    return dict(filed.entry.record.headers).get(POLL_ID)


def room(
    folder: Path, broker: Broker, proxy: str, odd: Plan, environ: Mapping[str, str]
) -> Room:
    """All services, none of them started yet."""
    api, admin, ingestor, sink = free_ports(4)
    bare = {"PATH": os.environ["PATH"], "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap}
    simulated = (
        "coincap_simulator",
        f"--port={api}",
        f"--admin-port={admin}",
        "--seed=7",
        "--latency-ms=5..40",
        f"--key=canary:simulator:{KEY}",
    )
    polling = {
        **bare,
        "COINCAP_BASE_URL": f"http://127.0.0.1:{api}/v3",
        "COINCAP_API_KEY": KEY,
        "INGESTOR_SOURCE": "simulator",
        "INGESTOR_STATE_DIR": str(folder / "state"),
        "INGESTOR_HTTP__PORT": str(ingestor),
        "INGESTOR_HEARTBEAT_S": "2",
        "INGESTOR_CREDITS__PER_MONTH": "1000000000",
        "INGESTOR_POLL__CALLS_PER_MINUTE": "100000",
        "INGESTOR_FEEDS__ASSETS__INTERVAL_S": "0.5",
        "INGESTOR_FEEDS__ASSETS__LIMIT": "50",
        "INGESTOR_FEEDS__ASSETS__PAGES": "2",
        "INGESTOR_FEEDS__RATES__INTERVAL_S": "0.7",
        "INGESTOR_FEEDS__EXCHANGES__INTERVAL_S": "0.9",
        "INGESTOR_FEEDS__MARKETS__INTERVAL_S": "1.1",
    }
    storing = {
        **bare,
        **environ,
        "AWS_ENDPOINT_URL": proxy,
        "S3_SINK_TOPICS": json.dumps(TOPICS),
        "S3_SINK_GROUP__SESSION_TIMEOUT_S": "6",
        "S3_SINK_FLUSH_DEADLINE_S": "4",
        "S3_SINK_RETRY_CAP_S": "1",
        "S3_SINK_OBJECT__MAX_AGE_S": "1",
        "S3_SINK_HTTP__PORT": str(sink),
    }
    return Room(
        broker,
        Service(simulated, bare, admin, folder / "simulator.log"),
        Service(("ingestor",), polling, ingestor, folder / "ingestor.log"),
        Service(("s3_sink",), storing, sink, folder / "sink.log"),
        odd,
        folder / "state",
        {**bare, **environ},
    )
