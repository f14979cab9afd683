"""The stores that take the exam: the bucket in memory, and real servers over HTTP."""

import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiobotocore.session import get_session

from coinlake.s3 import open_store
from coinlake.store import ObjectStore
from local_stack.ports import free_ports
from tests.integration.local_cloud.conftest import end, start_bare
from tests.labs.bucket import store_in_memory

VERSITYGW = pytest.param("versitygw", marks=pytest.mark.needs("versitygw"))


@contextmanager
def _moto() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def _versitygw(binary: str, folder: Path) -> Iterator[str]:
    (port,) = free_ports(1)
    environment = {**os.environ, "ROOT_ACCESS_KEY": "exam", "ROOT_SECRET_KEY": "exam-secret"}
    process = subprocess.Popen(
        [binary, "--port", f"127.0.0.1:{port}", "posix", str(folder)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


@pytest.fixture(scope="module")
def versitygw_endpoint(
    tmp_path_factory: pytest.TempPathFactory, versitygw: str
) -> Iterator[str]:
    with _versitygw(versitygw, tmp_path_factory.mktemp("versitygw")) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def moto_endpoint() -> Iterator[str]:
    with _moto() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def cloud_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The local cloud: moto behind a front that looks at what moto ignores."""
    state = tmp_path_factory.mktemp("cloud")
    cloud = start_bare(state, program=("-m", "local_cloud"))
    yield f"http://127.0.0.1:{cloud.port}"
    assert end(cloud) == 0


@pytest.fixture(params=["memory", "moto", "cloud", VERSITYGW])
async def store(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ObjectStore]:
    if request.param == "memory":
        yield store_in_memory()
        return
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue(f"{request.param}_endpoint"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "exam")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "exam-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = f"exam-{time.monotonic_ns()}"
    async with get_session().create_client("s3") as client:
        await client.create_bucket(Bucket=bucket)
    async with open_store(bucket) as opened:
        yield opened
