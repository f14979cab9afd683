"""The embedded stack, watched by a real Prometheus and a real Alertmanager, on free ports."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from local_stack.paths import Paths
from local_stack.ports import HOST, free_ports
from local_stack.progress import ProgressLines
from local_stack.record import ApiSource
from local_stack.settings import exported
from local_stack.stack import Stack
from tests.unit.observability.promql import COMPOSE, RUNBOOKS

# The rules are the delivered ones; only these waits are shortened in the copy that the test loads,
# since it stops the sink and cannot wait for minutes.
Shortened = Sequence[tuple[str, str, str]]
"""A rules file, a pattern in it, and what stands there instead."""
SHORTENED: Shortened = (
    # Longer than Prometheus takes to its first scrape, until which every job is absent.
    ("s3-sink.yaml", r"for: \d+m", "for: 8s"),
    ("s3-sink.yaml", r"offset 5m", "offset 20s"),
    ("objectives.yaml", r"interval: \dm", "interval: 5s"),
)


@dataclass(slots=True)
class Told:
    """A receiver of Alertmanager that remembers the last status of each alert."""

    by_labels: dict[frozenset[tuple[str, str]], str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    @property
    def statuses(self) -> dict[str, str]:
        """By name: an alert with several sets of labels rings while one of them does."""
        found: dict[str, str] = {}
        for labels, status in self.by_labels.items():
            name = dict(labels)["alertname"]
            if found.get(name) != "firing":
                found[name] = status
        return found


@dataclass(frozen=True, slots=True)
class Watched:
    """A stack with its Prometheus, asked as Grafana would."""

    stack: Stack
    url: str
    told: Told

    def api(self, path: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=10) as answer:
            body = json.load(answer)
        assert body["status"] == "success", body
        return body["data"]

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The samples of an instant query."""
        found: list[dict[str, Any]] = self.api("query", query=expr)["result"]
        return found

    def ringing(self) -> set[str]:
        return {
            alert["labels"]["alertname"]
            for alert in self.api("alerts")["alerts"]
            if alert["state"] == "firing"
        }

    def wait(self, what: str, until: Callable[[], bool], limit_s: float = 90) -> None:
        end = time.monotonic() + limit_s
        while not until():
            if time.monotonic() > end:
                pytest.fail(
                    f"after {limit_s:.0f} s still waiting for: {what}; ringing: {self.ringing()}"
                )
            time.sleep(0.25)


@contextmanager
def watched_stack(folder: Path, shortened: Shortened = SHORTENED) -> Iterator[Watched]:
    """The stack and who watches it, for the length of a block; rules wait shorter as told."""
    stack = Stack(Paths(folder=folder / "stack"), {}, ProgressLines())
    with ExitStack() as open_:
        open_.callback(stack.down)
        ports = stack.up(ApiSource()).ports
        auditor, prometheus, alertmanager, gossip = free_ports(4)
        told = open_.enter_context(_receiver(folder))
        open_.enter_context(_auditor(stack, folder, auditor))
        _write(folder, {**ports, "auditor": auditor}, alertmanager, told[1], shortened)
        open_.enter_context(_alertmanager(folder, alertmanager, gossip))
        open_.enter_context(_prometheus(folder, prometheus))
        yield Watched(stack, f"http://{HOST}:{prometheus}", told[0])


def _write(
    folder: Path,
    ports: dict[str, int],
    alertmanager: int,
    receiver: int,
    shortened: Shortened,
) -> None:
    """Copies of the delivered files with other addresses and shorter waits, nothing else."""
    shutil.copytree(COMPOSE / "prometheus/rules", folder / "rules")
    for name, pattern, shorter in shortened:
        file = folder / "rules" / name
        text, count = re.subn(pattern, shorter, file.read_text())
        assert count, pattern
        file.write_text(text)
    config = yaml.safe_load((COMPOSE / "prometheus/prometheus.yml").read_text())
    config["global"] |= {
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "evaluation_interval": "1s",
    }
    (target,) = config["alerting"]["alertmanagers"][0]["static_configs"]
    target["targets"] = [f"{HOST}:{alertmanager}"]
    for job in config["scrape_configs"]:
        name = job["job_name"].replace("-", "_")
        if name in ports:
            job["static_configs"] = [{"targets": [f"{HOST}:{ports[name]}"]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    routes = yaml.safe_load((COMPOSE / "alertmanager/alertmanager.yml").read_text())
    routes["route"] |= {"group_wait": "3s", "group_interval": "1s"}
    routes["receivers"][0]["webhook_configs"] = [{"url": f"http://{HOST}:{receiver}/"}]
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(routes))


@contextmanager
def _auditor(stack: Stack, folder: Path, port: int) -> Iterator[None]:
    """The real one, on this stack, more often than once a day."""
    environ = {**os.environ, **exported(stack.running())}
    arguments = (
        *(sys.executable, "-m", "coinlake_tools", "audit", "--every", "5", "--wait", "10"),
        *("--listen", f"{HOST}:{port}"),
    )
    with _process(
        folder / "auditor.log", f"http://{HOST}:{port}/readyz", *arguments, environ=environ
    ):
        yield


@contextmanager
def _prometheus(folder: Path, port: int) -> Iterator[None]:
    # It scrapes itself under the address of its delivered configuration.
    text = (folder / "prometheus.yml").read_text().replace("localhost:9090", f"{HOST}:{port}")
    (folder / "prometheus.yml").write_text(text)
    arguments = (
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address={HOST}:{port}",
        f"--web.user-assets={RUNBOOKS}",
        # From 3.0 on it does so by itself.
        "--enable-feature=expand-external-labels",
    )
    environ = {**os.environ, "RUNBOOKS_URL": f"http://{HOST}:{port}/user"}
    ready = f"http://{HOST}:{port}/-/ready"
    with _process(folder / "prometheus.log", ready, *arguments, environ=environ):
        yield


@contextmanager
def _alertmanager(folder: Path, port: int, gossip: int) -> Iterator[None]:
    arguments = (
        "prometheus-alertmanager",
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/alertmanager",
        f"--web.listen-address={HOST}:{port}",
        f"--cluster.listen-address={HOST}:{gossip}",
        f"--cluster.advertise-address={HOST}:{gossip}",
    )
    with _process(folder / "alertmanager.log", f"http://{HOST}:{port}/-/ready", *arguments):
        yield


@contextmanager
def _process(
    log: Path, ready: str, *arguments: str, environ: Mapping[str, str] | None = None
) -> Iterator[None]:
    with (
        log.open("wb") as out,
        subprocess.Popen(
            arguments, stdout=out, stderr=subprocess.STDOUT, env=environ
        ) as process,
    ):
        try:
            _until_ready(process, ready, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _until_ready(process: subprocess.Popen[bytes], ready: str, log: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(ready, timeout=2):
                return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
    pytest.fail(f"{ready} never answered: {log.read_text()[-3000:]}")


@contextmanager
def _receiver(_: Path) -> Iterator[tuple[Told, int]]:
    told = Told()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for alert in body["alerts"]:
                told.by_labels[frozenset(alert["labels"].items())] = alert["status"]
                name = alert["labels"]["alertname"]
                told.links[name] = alert["annotations"]["runbook_url"]
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer((HOST, 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield told, server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
