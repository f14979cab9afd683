"""One odd answer costs itself: refusals, limits, huge bodies, idle connections, over real HTTP."""

import asyncio
import json
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.integration.ingestor.conftest import Simulator, StartIngestor, Topics
from tests.integration.ingestor.odd_api import good, odd_api

pytestmark = pytest.mark.timeout(120)

ONLY_ASSETS = {
    "INGESTOR_FEEDS__RATES__PAGES": "0",
    "INGESTOR_FEEDS__EXCHANGES__PAGES": "0",
    "INGESTOR_FEEDS__MARKETS__PAGES": "0",
    "INGESTOR_FEEDS__ASSETS__PAGES": "1",
}
EXCHANGES = "exchanges?limit=100&offset=0"


def _published(status: Any) -> dict[str, int]:
    return {feed: counts["published"] for feed, counts in status["feeds"].items()}


async def test_a_page_that_alone_is_refused_stops_no_other_and_is_told(
    simulator: Simulator, topics: Topics, start_ingestor: StartIngestor
) -> None:
    del topics
    challenge = "<html>Just a moment...</html>"
    await simulator.script("/v3/exchanges", count=1_000, status=403, body=challenge)
    ingestor = await start_ingestor()
    told = await ingestor.until("/readyz", lambda body: "refuses" in body["needs"]["api_key"])
    before = _published(await ingestor.json("/status"))
    after = await ingestor.until(
        "/status",
        lambda status: all(
            count >= before[feed] + 3
            for feed, count in _published(status).items()
            if feed != "exchanges"
        ),
    )
    await ingestor.until_metric(f'ingestor_page_refused{{page="{EXCHANGES}"}} 1.0')
    await ingestor.until_metric("ingestor_key_refused 0.0")
    ingestor.process.end()

    assert EXCHANGES in told["needs"]["api_key"]
    assert after["pages"][EXCHANGES]["paused_ms"] > 30_000
    assert ingestor.process.lines("key_refused") == []
    asked = [one for one in await simulator.ledger() if one["path"] == "/v3/exchanges"]
    assert len(asked) == 2


@pytest.mark.full_size
async def test_one_far_retry_after_holds_no_feed_back_for_longer_than_a_probe(
    simulator: Simulator, topics: Topics, start_ingestor: StartIngestor
) -> None:
    del topics
    limited = {"status": 429, "body": "slow", "headers": {"Retry-After": "86400"}}
    await simulator.script("/v3/rates", count=1, **limited)
    ingestor = await start_ingestor(INGESTOR_POLL__KEY_PROBE_S="3")
    status = await ingestor.until(
        "/status", lambda status: min(_published(status).values()) >= 2, 30
    )
    ingestor.process.end()

    (line,) = ingestor.process.lines("rate_limited")
    assert (line["page"], line["said_twice"]) == ("rates", False)
    assert status["feeds"]["rates"]["rejected"] == 1


async def test_what_two_answers_limit_is_told_and_outlasts_a_restart(
    simulator: Simulator, topics: Topics, start_ingestor: StartIngestor
) -> None:
    del topics
    limited = {"status": 429, "body": "slow", "headers": {"Retry-After": "86400"}}
    await simulator.script("/v3/", count=1_000, **limited)
    ingestor = await start_ingestor()
    told = await ingestor.until("/readyz", lambda body: "429" in str(body["needs"]["api_key"]))
    await ingestor.until_metric("ingestor_rate_limited 1.0")
    await asyncio.sleep(2)  # a heartbeat writes it down
    ingestor.process.end()
    asked = len(await simulator.ledger())
    ingestor = await start_ingestor()
    again = await ingestor.until("/readyz", lambda body: "429" in str(body["needs"]["api_key"]))
    await asyncio.sleep(2)
    ingestor.process.end()

    assert not told["ready"]
    assert not again["ready"]
    assert 2 <= asked <= 5
    assert len(await simulator.ledger()) == asked


@pytest.mark.full_size
async def test_pages_that_wait_for_others_neither_time_out_nor_pay(
    topics: Topics, start_ingestor: StartIngestor
) -> None:
    del topics

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(1.2)
        return web.Response(body=good(request.path))

    async with odd_api(slow) as api:
        ingestor = await start_ingestor(
            **ONLY_ASSETS
            | {
                "COINCAP_BASE_URL": api.url,
                "INGESTOR_FEEDS__ASSETS__PAGES": "24",
                "INGESTOR_FEEDS__ASSETS__INTERVAL_S": "60",
                "INGESTOR_POLL__TIMEOUT_S": "2",
            }
        )
        status = await ingestor.until(
            "/status",
            lambda status: (
                status["feeds"]["assets"]["polls"] + status["feeds"]["assets"]["failed"] >= 24
            ),
        )
        ingestor.process.end()

    assert (status["feeds"]["assets"]["polls"], status["feeds"]["assets"]["failed"]) == (24, 0)
    assert status["credits"]["spent"] == 24
    starts = sorted(at for at, _ in api.asked)
    assert starts[8] - starts[0] >= 1.0


@pytest.mark.full_size
async def test_an_api_that_cannot_be_reached_costs_nothing_also_at_a_stop(
    topics: Topics, start_ingestor: StartIngestor
) -> None:
    del topics
    with ExitStack() as sockets:
        # A queue that is full answers no SYN: a connection neither comes nor fails.
        server = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            one = sockets.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        port = server.getsockname()[1]
        ingestor = await start_ingestor(
            **ONLY_ASSETS | {"COINCAP_BASE_URL": f"http://127.0.0.1:{port}/v3"}
        )
        status = await ingestor.until(
            "/status", lambda status: status["credits"]["reserved"] > 0
        )
        ingestor.process.end()
        on_disk = json.loads(
            (Path(ingestor.process.log).parent / "state" / "credits.json").read_bytes()
        )

    assert status["credits"]["spent"] == 0
    assert (on_disk["spent"], on_disk["reserved"]) == (0, 0)


@pytest.mark.full_size
async def test_one_huge_answer_raises_a_price_that_falls_again(
    topics: Topics, start_ingestor: StartIngestor
) -> None:
    del topics
    answers = 0

    async def once_huge(request: web.Request) -> web.Response:
        nonlocal answers
        answers += 1
        return web.Response(body=good(request.path, 5_000_000 if answers == 2 else 40_000))

    async with odd_api(once_huge) as api:
        ingestor = await start_ingestor(**ONLY_ASSETS | {"COINCAP_BASE_URL": api.url})
        first = await ingestor.until("/status", lambda s: s["feeds"]["assets"]["failed"] == 1)
        last = await ingestor.until("/status", lambda s: s["feeds"]["assets"]["polls"] >= 23)
        ingestor.process.end()

    (raised,) = (page["credits"] for page in first["pages"].values())
    (fallen,) = (page["credits"] for page in last["pages"].values())
    assert raised <= 2 * 29
    assert fallen == 17
    assert first["credits"]["spent"] > 1_600


async def test_a_server_that_closes_idle_connections_costs_no_poll(
    topics: Topics, start_ingestor: StartIngestor
) -> None:
    del topics
    # Kept, not their ids: an id is given again to a new connection when an old one is gone.
    seen: set[asyncio.Transport] = set()

    async def closes_idle(request: web.Request) -> web.Response:
        transport = request.transport
        assert transport is not None
        if transport in seen:
            transport.abort()
        seen.add(transport)
        return web.Response(body=good(request.path))

    async with odd_api(closes_idle) as api:
        ingestor = await start_ingestor(**ONLY_ASSETS | {"COINCAP_BASE_URL": api.url})
        status = await ingestor.until("/status", lambda s: s["feeds"]["assets"]["polls"] >= 20)
        ingestor.process.end()

    assert status["feeds"]["assets"]["failed"] == 0
    assert status["credits"]["spent"] == status["feeds"]["assets"]["polls"]
    assert len(api.asked) > 20


async def test_a_count_that_cannot_be_written_sets_nothing_aside(
    topics: Topics, start_ingestor: StartIngestor, tmp_path: Path
) -> None:
    del topics
    in_the_way = tmp_path / "state" / "credits.json.new"
    in_the_way.mkdir(parents=True)
    ingestor = await start_ingestor(**ONLY_ASSETS)
    refused = await ingestor.until(
        "/status", lambda status: status["feeds"]["assets"]["missed"] >= 5
    )
    in_the_way.rmdir()
    healed = await ingestor.until(
        "/status", lambda status: status["feeds"]["assets"]["polls"] >= 3
    )
    ingestor.process.end()

    assert (refused["credits"]["reserved"], refused["credits"]["spent"]) == (0, 0)
    assert refused["feeds"]["assets"]["polls"] == 0
    assert healed["credits"]["spent"] < 20 * healed["feeds"]["assets"]["polls"]
