"""The ledger against what clients really received, and the rest of the admin port."""

import asyncio
import hashlib
import json
import socket
import struct
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

KEY = {"Authorization": "Bearer simulator"}
FROZEN = ["--clock-start", "2026-11-22T17:59:59.123Z", "--clock-rate", "0"]


async def test_every_received_body_is_in_the_ledger_and_can_be_had_again(
    simulator: Any,
) -> None:
    paths = [
        "/v3/assets",
        "/v3/rates",
        "/v3/markets?limit=500",
        "/v3/asdf",
        "/v3/assets/bitcoin",
    ]
    bodies = [(await simulator.get(path))[1] for path in paths for _ in range(3)]

    entries = await simulator.ledger()

    assert [entry["seq"] for entry in entries] == list(range(1, 16))
    assert [entry["sha256"] for entry in entries] == [
        hashlib.sha256(body).hexdigest() for body in bodies
    ]
    assert all(entry["complete"] for entry in entries)
    for entry, body in zip(entries, bodies, strict=True):
        url = f"{simulator.admin}/bodies/{entry['sha256']}"
        async with simulator.session.get(url) as response:
            assert await response.read() == body


async def test_many_clients_at_once_are_each_booked_once(simulator: Any) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(simulator.get(f"/v3/assets?offset={n}")) for n in range(40)]
    received = sorted(hashlib.sha256(task.result()[1]).hexdigest() for task in tasks)

    entries = await simulator.ledger()
    summary = await simulator.ask("/ledger/summary")

    assert sorted(entry["sha256"] for entry in entries) == received
    assert (summary["complete"], summary["by_feed"]) == (40, {"assets": 40})


async def test_a_client_that_never_reads_and_goes_away_is_incomplete(
    start: Callable[..., Any],
) -> None:
    async with start("--assets", "2000") as simulator:
        _, whole, _ = await simulator.get("/v3/assets?limit=2000")
        await _abort(simulator, "/v3/assets?limit=2000")
        await simulator.until(simulator.served, 2)
        entries = await simulator.ledger()

    assert len(whole) > 600_000
    assert [entry["complete"] for entry in entries] == [True, False]
    assert entries[1]["bytes"] > 600_000


async def test_a_client_that_goes_away_before_the_answer_is_incomplete(simulator: Any) -> None:
    await simulator.tell(
        "/script", {"path_prefix": "/v3/assets", "delay_ms": 700, "body": "{}"}
    )
    await _abort(simulator, "/v3/assets")
    await simulator.until(simulator.served, 1)
    entries = await simulator.ledger()

    assert [(entry["complete"], entry["scripted"]) for entry in entries] == [(False, True)]


async def _abort(simulator: Any, path: str) -> None:
    """Ask, wait until it is being answered, and drop the line without reading."""
    host, port = simulator.base.removeprefix("http://").split(":")
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # Zero lingering: close() resets the connection rather than saying goodbye.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.connect((host, int(port)))
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer simulator\r\n\r\n"
        line.sendall(request.encode())
        await simulator.until(simulator.in_flight, 1)


async def test_the_clock_can_be_set_and_stopped_and_history_follows(simulator: Any) -> None:
    status, clock = await simulator.tell("/clock", {"now_ms": 1_795_370_399_123, "rate": 0})
    first = await simulator.get("/v3/assets")
    second = await simulator.get("/v3/assets")

    assert (status, clock) == (200, {"now_ms": 1_795_370_399_123, "rate": 0.0})
    assert first[1] == second[1]
    assert json.loads(first[1])["timestamp"] == 1_795_370_399_123

    await simulator.tell("/clock", {"now_ms": 1_795_370_399_123 + 3_600_000})
    _, history, _ = await simulator.get("/v3/assets/bitcoin/history?interval=h1")
    assert json.loads(history)["data"][-1]["time"] == 1_795_370_400_000


async def test_another_seed_changes_prices_and_the_first_one_brings_them_back(
    start: Callable[..., Any],
) -> None:
    async with start(*FROZEN) as simulator:
        _, first, _ = await simulator.get("/v3/assets")
        await simulator.tell("/seed", {"seed": 7})
        _, second, _ = await simulator.get("/v3/assets")
        await simulator.tell("/seed", {"seed": 42})
        _, third, _ = await simulator.get("/v3/assets")

    assert first != second
    assert first == third


async def test_a_script_answers_the_next_requests_and_is_booked(simulator: Any) -> None:
    step = {
        "path_prefix": "/v3/assets",
        "count": 2,
        "status": 429,
        "body": "<html>",
        "content_type": "text/html",
        "headers": {"Retry-After": "7"},
    }
    status, _ = await simulator.tell("/script", step)

    answers = [await simulator.get("/v3/assets") for _ in range(3)]
    entries = await simulator.ledger()

    assert status == 201
    assert [answer[0] for answer in answers] == [429, 429, 200]
    assert answers[0][1] == b"<html>"
    assert answers[0][2]["Retry-After"] == "7"
    assert answers[0][2]["Content-Type"] == "text/html"
    assert [entry["scripted"] for entry in entries] == [True, True, False]
    assert entries[0]["sha256"] == hashlib.sha256(b"<html>").hexdigest()


async def test_a_script_can_cut_the_line_and_be_deleted(simulator: Any) -> None:
    await simulator.tell("/script", {"path_prefix": "/", "body": "x" * 1000, "close": True})
    with pytest.raises(aiohttp.ClientPayloadError):
        await simulator.get("/v3/assets")

    await simulator.tell("/script", {"path_prefix": "/", "count": 1000, "status": 500})
    async with simulator.session.delete(simulator.admin + "/script") as deleted:
        assert json.loads(await deleted.read()) == {"script": []}

    assert (await simulator.get("/v3/assets"))[0] == 200
    assert [entry["complete"] for entry in await simulator.ledger()] == [False, True]


async def test_evicted_bodies_are_gone_and_unknown_ones_were_never_there(
    start: Callable[..., Any],
) -> None:
    async with start("--bodies-max-bytes", "30000") as simulator:
        for path in ("/v3/rates", "/v3/exchanges?limit=60"):
            await simulator.get(path)
        first, second = await simulator.ledger()
        asked = [first["sha256"], second["sha256"], "0" * 64]
        statuses = [
            (await simulator.session.get(f"{simulator.admin}/bodies/{name}")).status
            for name in asked
        ]

    assert statuses == [410, 200, 404]


async def test_requests_tell_how_a_client_called(simulator: Any) -> None:
    await simulator.get("/v3/assets?limit=1", {**KEY, "User-Agent": "probe/1"})
    async with simulator.session.get(simulator.admin + "/requests") as response:
        (call,) = [json.loads(line) for line in (await response.read()).splitlines()]

    assert (call["path"], call["query"], call["status"]) == ("/v3/assets", "limit=1", 200)
    assert (call["auth"], call["user_agent"], call["key"]) == ("header", "probe/1", "simulator")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/clock", {"now_ms": "soon"}),
        ("/clock", {"now_ms": True}),
        ("/clock", {"rate": -1}),
        ("/clock", {"now": 1}),
        ("/seed", {}),
        ("/seed", []),
        ("/script", {"count": 0}),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_reason(
    simulator: Any, path: str, value: object
) -> None:
    status, answer = await simulator.tell(path, value)

    assert status == 400
    assert answer["error"]


async def test_it_is_healthy_and_knows_what_it_does_not_have(simulator: Any) -> None:
    assert await simulator.ask("/healthz") == {"status": "ok"}
    async with simulator.session.get(simulator.admin + "/nothing") as response:
        assert response.status == 404
        assert "error" in json.loads(await response.read())
