"""One exam for the fake store and for real ones: moto and versitygw over HTTP."""

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiobotocore.session import get_session

from coinlake.errors import NotFoundError, PreconditionFailedError, TransientError
from coinlake.s3 import open_store
from coinlake.store import ObjectStore
from coinlake.testing import FakeStore
from local_stack.ports import free_ports


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


@pytest.fixture(
    params=["fake", "moto", pytest.param("versitygw", marks=pytest.mark.needs("versitygw"))]
)
async def store(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ObjectStore]:
    if request.param == "fake":
        yield FakeStore()
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


async def test_what_was_put_comes_back(store: ObjectStore) -> None:
    etag = await store.put("a/b", b"\x00\xff", metadata={"link": "7"})

    head = await store.head("a/b")
    assert await store.get("a/b") == b"\x00\xff"
    assert head is not None
    assert (head.etag, head.size, dict(head.metadata)) == (etag, 2, {"link": "7"})


async def test_what_is_not_there_is_none(store: ObjectStore) -> None:
    assert await store.head("nothing") is None
    assert await store.get("nothing") is None
    await store.delete("nothing")


async def test_only_one_of_many_creators_wins(store: ObjectStore) -> None:
    results = await asyncio.gather(
        *(store.put("one", str(n).encode(), if_none_match=True) for n in range(8)),
        return_exceptions=True,
    )

    winners = [n for n, result in enumerate(results) if isinstance(result, str)]
    losers = [result for result in results if not isinstance(result, str)]
    assert len(winners) == 1
    assert all(
        isinstance(result, PreconditionFailedError | TransientError) for result in losers
    )
    assert await store.get("one") == str(winners[0]).encode()


async def test_a_replacement_needs_the_etag_it_was_planned_with(store: ObjectStore) -> None:
    first = await store.put("head", b"1")
    second = await store.put("head", b"2", if_match=first)

    with pytest.raises(PreconditionFailedError):
        await store.put("head", b"3", if_match=first)

    assert await store.get("head") == b"2"
    assert second != first


async def test_a_replacement_of_nothing_says_that_it_is_gone(store: ObjectStore) -> None:
    with pytest.raises(NotFoundError):
        await store.put("gone", b"1", if_match="0123456789abcdef0123456789abcdef")


async def test_a_listing_is_in_key_order_and_can_start_after_a_key(store: ObjectStore) -> None:
    for key in ("x/c", "x/a", "x/b", "y/a"):
        await store.put(key, key.encode())

    assert [item.key async for item in store.list("x/")] == ["x/a", "x/b", "x/c"]
    assert [item.key async for item in store.list("x/", start_after="x/a")] == ["x/b", "x/c"]
    head = await store.head("x/a")
    listed = [item async for item in store.list("x/a")]
    assert head is not None
    assert (listed[0].etag, listed[0].size) == (head.etag, 3)


async def test_folders_are_listed_one_level_down(store: ObjectStore) -> None:
    for key in ("t/dt=1/h=0/a", "t/dt=1/h=1/a", "t/dt=2/h=0/a", "t/file"):
        await store.put(key, b"")

    assert [folder async for folder in store.list_folders("t/")] == ["t/dt=1/", "t/dt=2/"]


async def test_a_store_that_is_away_is_a_transient_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "exam")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "exam-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    async with open_store("lake") as store:
        with pytest.raises(TransientError):
            await store.get("a")


async def test_a_bucket_that_is_not_there_is_no_missing_object(
    moto_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "exam")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "exam-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    async with open_store("no-such-bucket") as store:
        with pytest.raises(TransientError, match="bucket"):
            await store.get("a")
