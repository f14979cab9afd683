"""A single-node Trino on loopback, as a process that ends with its block."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local_stack.ports import free_ports
from tests.trino_lab.client import Trino

_START_S = 120


@contextmanager
def running_trino(
    jdk: str,
    home: Path,
    data: Path,
    catalogs: Mapping[str, str] | None = None,
    heap: str = "1500M",
    lasting: bool = False,
) -> Iterator[Trino]:
    """Start the server of `home` with these catalogs (name to properties); end it after.

    `lasting`: for thousands of statements, and slower to begin with.
    """
    (data / "catalog").mkdir(parents=True)
    for name, properties in (catalogs or {}).items():
        (data / "catalog" / f"{name}.properties").write_text(properties)
    (port,) = free_ports(1)
    with (data / "trino.log").open("w") as log:
        process = subprocess.Popen(
            _command(jdk, home, data, port, heap, lasting),
            cwd=data,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = Trino(f"http://127.0.0.1:{port}")
    try:
        _wait_until_it_answers(server, process, data / "trino.log")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)


def _command(
    jdk: str, home: Path, data: Path, port: int, heap: str, lasting: bool
) -> list[str]:
    config = data / "config.properties"
    config.write_text(
        f"coordinator=true\nnode-scheduler.include-coordinator=true\n"
        f"http-server.http.port={port}\ndiscovery.uri=http://127.0.0.1:{port}\n"
        f"plugin.dir={home / 'plugin'}\ncatalog.config-dir={data / 'catalog'}\n"
        "web-ui.enabled=false\n"
    )
    node = {
        "environment": "exam",
        "id": "one",
        "data-dir": str(data),
        "bind-ip": "127.0.0.1",
        "internal-address": "127.0.0.1",
    }
    return [
        f"{jdk}/bin/java",
        f"-Xmx{heap}",
        "-XX:+UseSerialGC",
        # The compiler that starts soonest is also the one whose code is slowest.
        *(() if lasting else ("-XX:TieredStopAtLevel=1",)),
        # The laptop's own zone must not show in an answer.
        "-Duser.timezone=UTC",
        "--add-modules=jdk.incubator.vector",
        f"-Dconfig={config}",
        *(f"-Dnode.{name}={value}" for name, value in node.items()),
        "-cp",
        f"{home}/lib/*",
        "io.trino.server.TrinoServer",
    ]


def _wait_until_it_answers(server: Trino, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
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
