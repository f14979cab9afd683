"""The simulated API over real HTTP."""

import asyncio
import gzip
import hashlib
import json
import signal
import sys
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

FROZEN = ["--clock-start", "2026-11-22T17:59:59.123Z", "--clock-rate", "0"]
FEEDS = ["/v3/assets", "/v3/rates", "/v3/exchanges?limit=80", "/v3/markets?limit=500"]
KEY = {"Authorization": "Bearer simulator"}


async def test_two_simulators_with_one_seed_and_clock_serve_the_same_bytes(
    start: Callable[..., Any],
) -> None:
    async with (
        start(*FROZEN) as one,
        start(*FROZEN) as other,
        start(*FROZEN, "--seed", "1") as odd,
    ):
        for path in FEEDS:
            status, body, _ = await one.get(path)
            assert status == 200
            assert (await other.get(path))[1] == body
            assert (await odd.get(path))[1] != body


async def test_the_envelope_keeps_its_order_and_its_media_type(simulator: Any) -> None:
    _, assets, headers = await simulator.get("/v3/assets")
    _, rates, _ = await simulator.get("/v3/rates")

    assert assets.startswith(b'{"timestamp":')
    assert rates.startswith(b'{"data":[')
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert "ETag" not in headers


async def test_the_timestamp_is_between_request_and_receipt(simulator: Any) -> None:
    before = (await simulator.ask("/clock"))["now_ms"]
    _, body, _ = await simulator.get("/v3/assets/bitcoin")
    after = (await simulator.ask("/clock"))["now_ms"]

    assert before <= json.loads(body)["timestamp"] <= after


async def test_gzip_is_transport_only(start: Callable[..., Any]) -> None:
    async with start(*FROZEN) as simulator:
        plain = {**KEY, "Accept-Encoding": "identity"}
        _, whole, identity = await simulator.get("/v3/assets", plain)
        async with aiohttp.ClientSession(auto_decompress=False) as raw:
            packed_as = {**KEY, "Accept-Encoding": "gzip"}
            async with raw.get(simulator.base + "/v3/assets", headers=packed_as) as response:
                packed = await response.read()
                encoding = response.headers["Content-Encoding"]
        entries = await simulator.ledger()

    assert "Content-Encoding" not in identity
    assert encoding == "gzip"
    assert len(packed) < len(whole) / 2
    assert gzip.decompress(packed) == whole
    assert {(e["sha256"], e["bytes"]) for e in entries} == {
        (hashlib.sha256(whole).hexdigest(), len(whole))
    }


async def test_chunked_transfer_gives_the_same_bytes(start: Callable[..., Any]) -> None:
    async with start(*FROZEN) as plain, start(*FROZEN, "--chunked") as chunked:
        for path in FEEDS:
            _, body, headers = await chunked.get(path)
            assert headers["Transfer-Encoding"] == "chunked"
            assert "Content-Length" not in headers
            assert body == (await plain.get(path))[1]


async def test_pages_tile_a_list_over_http(start: Callable[..., Any]) -> None:
    async with start(*FROZEN) as simulator:
        pages = [
            json.loads((await simulator.get(f"/v3/markets?limit=200&offset={offset}"))[1])[
                "data"
            ]
            for offset in range(0, 800, 200)
        ]
        whole = json.loads((await simulator.get("/v3/markets?limit=2000"))[1])["data"]

    assert [row for page in pages for row in page] == whole
    assert pages[-1] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v3/nothing", b'{"error":"Not found"}'),
        ("/v3/exchanges/asdf", b'{"error":"Exchange not found"}'),
        ("/v3/rates/asdf", b'{"error":"Conversion rate not found"}'),
    ],
)
async def test_what_is_not_there_is_404(simulator: Any, path: str, body: bytes) -> None:
    status, got, _ = await simulator.get(path)

    assert (status, got) == (404, body)


async def test_escaped_ids_and_a_slash_at_the_end_are_understood(simulator: Any) -> None:
    status, body, _ = await simulator.get("/v3/rates/icelandic-kr%C3%B3na/")

    assert status == 200
    assert json.loads(body)["data"]["id"] == "icelandic-króna"


async def test_only_get_is_served(simulator: Any) -> None:
    async with simulator.session.post(simulator.base + "/v3/assets", headers=KEY) as posted:
        assert posted.status == 404
    async with simulator.session.head(simulator.base + "/v3/assets", headers=KEY) as headed:
        assert headed.status == 404


async def test_keys_come_by_header_or_query_and_the_header_wins(
    start: Callable[..., Any],
) -> None:
    async with start("--key", "poor:prepaid:s3cret", "--bad-key-status", "401") as simulator:
        nothing = {"User-Agent": "x"}
        assert (await simulator.get("/v3/rates", nothing))[0] == 401
        assert (await simulator.get("/v3/rates?apiKey=wrong", nothing))[0] == 401
        assert (await simulator.get("/v3/rates?apiKey=s3cret", nothing))[0] == 200
        assert (await simulator.get("/v3/rates?apiKey=s3cret&limit=1"))[0] == 200
        entries = await simulator.ledger()
        calls_text = await (await simulator.session.get(simulator.admin + "/requests")).text()

    assert [entry["key"] for entry in entries] == [None, None, "poor", "simulator"]
    assert [entry["query"] for entry in entries] == ["", "", "", "limit=1"]
    assert "s3cret" not in calls_text + json.dumps(entries)


async def test_credits_run_out_and_come_back_with_the_month(start: Callable[..., Any]) -> None:
    arguments = ("--plan", "tiny:20:600", "--key", "poor:tiny", "--no-credits-status", "429")
    poor = {"Authorization": "Bearer poor"}
    async with start(*FROZEN, *arguments) as simulator:
        statuses = [(await simulator.get("/v3/assets", poor))[0] for _ in range(3)]
        account = json.loads((await simulator.get("/v3/account", poor))[1])["data"]
        await simulator.tell("/clock", {"now_ms": account["renewsAt"]})
        renewed, _, _ = await simulator.get("/v3/rates/euro", poor)
        after = json.loads((await simulator.get("/v3/account", poor))[1])["data"]

    assert statuses[-1] == 429
    assert account["creditsRemaining"] == 0
    assert renewed == 200
    assert (after["creditsUsed"], after["creditsRemaining"]) == (1, 19)


async def test_a_plan_of_five_calls_a_minute_refuses_the_sixth(
    start: Callable[..., Any],
) -> None:
    slow = {"Authorization": "Bearer slow"}
    async with start(*FROZEN, "--key", "slow:throttled") as simulator:
        statuses = [(await simulator.get("/v3/rates/euro", slow))[0] for _ in range(6)]

    assert statuses == [200] * 5 + [429]


async def test_connections_are_kept_alive(simulator: Any) -> None:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(simulator.base.rpartition(":")[2])
    )
    for _ in range(3):
        writer.write(
            b"GET /v3/rates/euro HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer simulator\r\n\r\n"
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        assert json.loads(await reader.readexactly(length))["data"]["id"] == "euro"
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly_even_amid_an_answer(
    start: Callable[..., Any], name: signal.Signals
) -> None:
    async with start() as simulator:
        await simulator.tell("/script", {"path_prefix": "/", "delay_ms": 600_000})
        async with asyncio.TaskGroup() as group:
            hanging = group.create_task(_until_cut(simulator))
            await simulator.until(simulator.in_flight, 1)
            simulator.process.send_signal(name)
            async with asyncio.timeout(2):
                code = await simulator.process.wait()

    assert code == 0
    assert hanging.result()


async def _until_cut(simulator: Any) -> bool:
    with pytest.raises(aiohttp.ClientError):
        await simulator.get("/v3/assets")
    return True


async def test_a_taken_port_is_said_in_a_sentence(simulator: Any) -> None:
    port = simulator.base.rpartition(":")[2]
    second = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "coincap_simulator",
        "--port",
        port,
        stderr=asyncio.subprocess.PIPE,
    )

    _, error = await second.communicate()

    assert second.returncode == 1
    assert error.startswith(b"coincap_simulator cannot listen:")
