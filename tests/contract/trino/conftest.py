"""A real Trino for comparisons: Athena engine v3 is Trino. Fetched through Maven, once."""

import fcntl
import json
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / ".local" / "trino"
VERSION = "476"
# None of Trino's bundled plugins is needed for a query without tables; each costs start-up.
_SERVER = f"trino-server-core-{VERSION}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave: Trino's types and values, or the name of its error."""

    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Trino:
    url: str

    def query(self, sql: str) -> Answer:
        """Run one statement to its end."""
        request = urllib.request.Request(
            f"{self.url}/v1/statement", data=sql.encode(), headers={"X-Trino-User": "exam"}
        )
        page, rows, types = _load(request), [], ()
        while True:
            if "error" in page:
                return Answer((), (), page["error"]["errorName"])
            rows += [tuple(row) for row in page.get("data", [])]
            types = tuple(column["type"] for column in page.get("columns", [])) or types
            if "nextUri" not in page:
                return Answer(types, tuple(rows))
            page = _load(page["nextUri"])


def _load(request: urllib.request.Request | str) -> Any:
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def _fetch() -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    home = FOLDER / _SERVER
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (home / "done").is_file():
            return home
        subprocess.run(
            [
                "mvn", "-q", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy",
                f"-Dartifact=io.trino:trino-server-core:{VERSION}:tar.gz",
                f"-DoutputDirectory={FOLDER}",
            ],
            check=True,
        )  # fmt: skip
        with tarfile.open(FOLDER / f"{_SERVER}.tar.gz") as archive:
            wanted = [item for item in archive if "/plugin/" not in item.name]
            archive.extractall(FOLDER, members=wanted, filter="data")
        (home / "plugin").mkdir(exist_ok=True)
        (home / "done").touch()
    return home


@pytest.fixture(scope="session")
def trino(jdk24: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trino]:
    """A single-node Trino without catalogs, on loopback."""
    home = _fetch()
    data = tmp_path_factory.mktemp("trino")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = data / "config.properties"
    config.write_text(
        f"coordinator=true\nnode-scheduler.include-coordinator=true\n"
        f"http-server.http.port={port}\ndiscovery.uri=http://127.0.0.1:{port}\n"
        f"plugin.dir={home / 'plugin'}\ncatalog.config-dir={data / 'catalog'}\n"
        "web-ui.enabled=false\n"
    )
    (data / "catalog").mkdir()
    node = {"environment": "exam", "id": "one", "data-dir": str(data), "bind-ip": "127.0.0.1",
            "internal-address": "127.0.0.1"}  # fmt: skip
    with (data / "trino.log").open("w") as log:
        process = subprocess.Popen(
            [
                f"{jdk24}/bin/java", "-Xmx1500M", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "--add-modules=jdk.incubator.vector", f"-Dconfig={config}",
                *(f"-Dnode.{name}={value}" for name, value in node.items()),
                "-cp", f"{home}/lib/*", "io.trino.server.TrinoServer",
            ],
            cwd=data,
            stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    server = Trino(f"http://127.0.0.1:{port}")
    try:
        _wait_until_it_answers(server, process, data / "trino.log")
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_it_answers(server: Trino, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"Trino ended: {log.read_text()[-2000:]}")
        try:
            if server.query("select 1").rows == ((1,),):
                return
        except OSError:
            pass  # it does not listen yet
        time.sleep(0.3)
    raise TimeoutError(f"Trino did not answer: {log.read_text()[-2000:]}")
