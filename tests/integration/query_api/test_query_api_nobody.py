"""Nobody pays for nobody: clients that vanish, services that stop, through the production runner."""

import asyncio
import contextlib
import json
import random
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest

from query_api.app import run
from query_api.config import Settings
from tests.integration.query_api.conftest import (
    SQL_KEY,
    Api,
    Cloud,
    StartApi,
    key_item,
    until,
)
from tests.integration.query_api.queries import alive, endless, post


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SQL_KEY}\r\n\r\n".encode()


def vanish(client: socket.socket) -> None:
    """Reset: not a polite end, but a client that is gone."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@contextlib.asynccontextmanager
async def in_process(cloud: Cloud, patch: pytest.MonkeyPatch, **more: str) -> Any:
    """The whole service in this process, so that its tasks can be counted; gives its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    keys = json.dumps([key_item("analyst", "read,sql", SQL_KEY)])
    own = {"QUERY_API_KEYS": keys, "QUERY_API_HTTP__PORT": str(port)}
    for name, value in {**cloud.environ, **own, **more}.items():
        patch.setenv(name, value)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        service = tasks.create_task(run(Settings(), stop))
        try:
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.1)
            yield port
        finally:
            stop.set()
            await service


@pytest.mark.parametrize("seed", [1])
async def test_of_two_hundred_clients_that_vanish_no_query_and_no_task_is_left(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    limits = {
        "QUERY_API_LIMITS__MAX_SQL_PER_KEY": "500",
        "QUERY_API_LIMITS__MAX_QUEUED": "500",
        "QUERY_API_LEDGER_IDLE_S": "86400",
    }
    async with in_process(cloud, monkeypatch, **limits) as port:
        # Whatever comes with the first request is there.
        assert await asyncio.to_thread(status_of, port, get("/v1/assets?limit=3")) == 200
        before = names_of_tasks()
        clients = [asyncio.create_task(leave(port, rng, number)) for number in range(200)]
        await asyncio.gather(*clients)
        began_s = time.monotonic()
        while left := names_of_tasks() - before:
            assert time.monotonic() < began_s + 30, f"tasks are left: {left}"
            await asyncio.sleep(0.1)
        while await asyncio.to_thread(alive, cloud):
            assert time.monotonic() < began_s + 30, "a query runs for nobody"
            await asyncio.sleep(0.1)
        fine = await asyncio.to_thread(status_of, port, get("/v1/assets?limit=4"))

    assert fine == 200


def status_of(port: int, request: bytes) -> int:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(30)
        client.sendall(request)
        return int(client.recv(4096).split()[1])


def names_of_tasks() -> set[str]:
    """All tasks but those of connections that are open, and this test's."""
    return {
        f"{task.get_name()} {task.get_coro()}"
        for task in asyncio.all_tasks()
        if task is not asyncio.current_task()
    }


async def leave(port: int, rng: random.Random, number: int) -> None:
    """One client that is gone at a random moment: while sending, queueing, running, or after."""
    request = post(endless(f"caller {number % 40}"))
    if number % 4 == 0:
        request = get(
            f"/v1/assets/bitcoin/quotes?limit={1 + number % 50}&from=2026-11-22&to=2026-11-23"
        )
    await asyncio.sleep(rng.uniform(0, 2))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    whole = rng.random() < 0.9
    writer.write(request if whole else request[: rng.randrange(len(request))])
    await asyncio.sleep(rng.uniform(0, 1.5))
    client = writer.get_extra_info("socket")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


def test_one_of_two_sharing_clients_leaves_and_the_query_goes_on_for_the_other(
    start_api: StartApi, cloud: Cloud
) -> None:
    api = start_api()
    sql = endless("two clients")
    with socket.create_connection(("127.0.0.1", api.port)) as leaves:
        leaves.sendall(post(sql))
        until(lambda: alive(cloud))
        (mine,) = alive(cloud)
        with socket.create_connection(("127.0.0.1", api.port)) as stays:
            stays.sendall(post(sql))
            until(lambda: shared(api) >= 1)
            vanish(leaves)
            until(lambda: 'status="499"' in api.ask("/metrics", None).text)
            after = alive(cloud)
            vanish(stays)

    assert after == [mine]
    until(lambda: not alive(cloud))


def shared(api: Api) -> float:
    lines = api.ask("/metrics", None).text.splitlines()
    # Not `…_created`, a time, which is always large.
    name = "query_api_queries_shared_total "
    return float(next(one.removeprefix(name) for one in lines if one.startswith(name)))


def test_one_of_two_sharing_callers_cancels_and_the_other_goes_on(
    start_api: StartApi, cloud: Cloud
) -> None:
    api = start_api()
    sql = endless("two callers")
    first, second = api.sql(sql, wait=0), api.sql(sql, wait=0)
    until(lambda: alive(cloud))

    deleted = api.ask(first.headers["Location"], api.sql_key, "DELETE")
    mine = api.ask(first.headers["Location"], api.sql_key).json()
    others = api.ask(second.headers["Location"] + "?wait=1", api.sql_key)
    running = len(alive(cloud))
    api.ask(second.headers["Location"], api.sql_key, "DELETE")

    assert deleted.json()["state"] == mine["state"] == "CANCELLED"
    assert mine["problem"]["type"] == "urn:coinlake:problem:cancelled"
    assert others.status_code == 202
    assert running == 1
    until(lambda: not alive(cloud), 5)


def test_a_replica_that_stops_a_query_leaves_the_other_one_with_another(
    start_api: StartApi, cloud: Cloud
) -> None:
    salt = {"QUERY_API_ATHENA__TOKEN_SALT": "the salt of two replicas"}
    one, two = start_api(**salt), start_api(**salt)
    sql = endless("two replicas")
    with socket.create_connection(("127.0.0.1", one.port)) as leaves:
        leaves.sendall(post(sql))
        until(lambda: alive(cloud))
        (first,) = alive(cloud)
        where = two.sql(sql, wait=0).headers["Location"]
        until(lambda: two.ask("/status", None).json()["queries"]["running"] == 1)
        shared_by_both = alive(cloud)
        vanish(leaves)
        until(lambda: alive(cloud) not in ([], [first]))
        (second,) = alive(cloud)
        still = two.ask(where, two.sql_key)
        two.ask(where, two.sql_key, "DELETE")

    assert shared_by_both == [first] != [second]
    assert still.status_code == 202


def test_a_service_that_stops_with_open_queries_stops_them_and_exits_clean(
    start_api: StartApi, cloud: Cloud
) -> None:
    more = {
        "QUERY_API_LIMITS__MAX_SQL_PER_KEY": "20",
        "QUERY_API_LIMITS__MAX_RUNNING": "20",
    }
    api = start_api(**more)
    for number in range(20):
        assert api.sql(endless(f"open {number}"), wait=0).status_code == 202
    until(lambda: len(alive(cloud)) == 20)

    code = api.process.end(within_s=20)

    assert code == 0
    assert alive(cloud) == []


@pytest.fixture(autouse=True)
def _nothing_is_left(cloud: Cloud) -> Iterator[None]:
    yield
    until(lambda: not alive(cloud))
