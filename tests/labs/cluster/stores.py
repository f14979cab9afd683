"""The two S3 servers of the tests: moto in this process, versitygw as its own."""

import logging
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moto.server import ThreadedMotoServer

from local_stack.ports import free_ports
from tests.labs.cluster.proxy import ACCESS_KEY, SECRET_KEY

Address = tuple[str, int]


@contextmanager
def moto() -> Iterator[Address]:
    """moto's S3."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line per request helps nobody
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()
    finally:
        server.stop()


@contextmanager
def versitygw(binary: str, folder: Path) -> Iterator[Address]:
    """versitygw on a folder."""
    (port,) = free_ports(1)
    data = folder / "data"
    data.mkdir()
    with (folder / "versitygw.log").open("wb") as log:
        process = subprocess.Popen(
            [binary, "--port", f"127.0.0.1:{port}", "posix", str(data)],
            env={"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY},
            stdout=log,
            stderr=log,
        )
    try:
        _answers(port)
        yield "127.0.0.1", port
    finally:
        process.kill()  # a stop in good order would wait for connections that stay open
        process.wait()


def _answers(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/").close()
        except urllib.error.HTTPError as refused:
            refused.close()  # without a signature: it is there
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
