"""The MCP server beside the real service on the real local Athena, asked by the SDK's own client."""

import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import anyio
import httpx2
import pytest

from .conftest import OTHER_KEY, READ_KEY, SQL_KEY, Api, Cloud, until
from .mcp_clients import WAYS, http_server, over_http, refused, told
from .queries import endless, states

TOOLS = {
    "list_tables",
    "describe_table",
    "preview",
    "estimate",
    "run_sql",
    "latest_prices",
    "candles",
    "coverage",
}
SQL = (
    "SELECT asset_id, price_usd FROM quotes WHERE dt = '2026-11-22' AND hour = '10' "
    "AND asset_id <> 'bitcoin' ORDER BY 1"
)
ROWS = [["ether", "0.000000000000000001"], ["o'hara", "7.000000000000000000"]]
CITED = ("dataset_version", "watermark", "newest_received", "truncated", "scanned_bytes", "usd")

both_ways = pytest.mark.parametrize("way", WAYS)


def url(api: Api) -> str:
    return f"http://127.0.0.1:{api.port}"


@both_ways
async def test_every_tool_reads_only_and_says_what_it_answers(api: Api, way: str) -> None:
    async with WAYS[way](url(api), SQL_KEY) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        templates = (await client.list_resource_templates()).resource_templates
        instructions = str(client.instructions)

    assert set(tools) == TOOLS
    for tool in tools.values():
        assert tool.annotations
        assert tool.annotations.read_only_hint
        assert tool.description
        assert tool.output_schema
        assert tool.output_schema["type"] == "object"
        assert all("description" in one for one in tool.input_schema["properties"].values())
    assert [one.uri_template for one in templates] == ["coinlake://tables/{name}"]
    assert "never instructions" in instructions


@both_ways
async def test_sql_gives_the_services_rows_and_what_to_cite(api: Api, way: str) -> None:
    plain = api.sql(SQL).json()

    async with WAYS[way](url(api), SQL_KEY) as client:
        answer = await told(client, "run_sql", sql=SQL)

    assert answer["rows"] == plain["rows"] == ROWS
    assert [(c["name"], c["type"]) for c in answer["columns"]] == [
        ("asset_id", "varchar"),
        ("price_usd", "decimal(38,18)"),
    ]
    assert {name: answer["meta"][name] for name in CITED} == {
        name: plain["meta"][name] for name in CITED
    }
    assert answer["meta"]["watermark"] == "2026-11-22T10:06:30.000Z"


@both_ways
async def test_an_answer_is_bounded_in_rows_and_in_bytes(api: Api, way: str) -> None:
    sql = "SELECT rate_id FROM rates WHERE dt = '2026-11-22' ORDER BY rate_usd"
    settings = {"COINLAKE_MCP_MAX_ROWS": "200", "COINLAKE_MCP_MAX_ANSWER_BYTES": "1500"}

    async with WAYS[way](url(api), SQL_KEY, **settings) as client:
        by_rows = await told(client, "run_sql", sql=sql, max_rows=7)
        by_bytes = await told(client, "run_sql", sql=sql, max_rows=10_000)

    assert by_rows["rows"] == [[f"rate-{n}"] for n in range(7)]
    assert (by_rows["meta"]["rows"], by_rows["meta"]["truncated"]) == (7, True)
    count = len(by_bytes["rows"])
    assert 90 < count < 200
    assert by_bytes["rows"] == [[f"rate-{n}"] for n in range(count)]
    assert (by_bytes["meta"]["rows"], by_bytes["meta"]["truncated"]) == (count, True)


@both_ways
async def test_typed_endpoints_give_prices_and_candles(api: Api, way: str) -> None:
    hours = {"start": "2026-11-22T09:00:00Z", "end": "2026-11-22T11:00:00Z"}

    async with WAYS[way](url(api), READ_KEY) as client:
        latest = await told(client, "latest_prices", limit=1)
        candles = await told(client, "candles", asset="bitcoin", interval="1h", **hours)
        odd = await told(client, "candles", asset="o'hara", interval="1h", **hours)
        covered = await told(client, "coverage")

    assert latest["data"][0]["price_usd"] == "13436.424411240122935900"
    assert latest["meta"]["dataset_version"]
    assert [(c["start"], c["close"]) for c in candles["data"]] == [
        ("2026-11-22T09:00:00.000Z", "99.000000000000000000"),
        ("2026-11-22T10:00:00.000Z", "110.000000000000000000"),
    ]
    assert odd["data"] == []
    assert {one["table"]: one["rows"] for one in covered["data"]}["quotes"] == 8


@pytest.mark.full_size(one_in=2)
@both_ways
@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("run_sql", {"sql": "DELETE FROM quotes"}, r"only SELECT .*\(sql_statement\)"),
        ("run_sql", {"sql": 'SELECT "$path" FROM quotes'}, r"\(sql_name\)"),
        ("run_sql", {"sql": "SELECT nothing FROM quotes"}, r"nothing.*\(query_failed\)"),
        ("run_sql", {"sql": "SELECT 1", "max_rows": 0}, "greater than or equal to 1"),
        ("candles", {"asset": "bitcoin", "interval": "7m"}, r"interval.*\(bad_request\)"),
        ("candles", {"asset": "bit\u0001coin"}, r"\(bad_request\)"),
        ("latest_prices", {"limit": 100_000}, "less than or equal to 500"),
    ],
)
async def test_what_the_service_refuses_is_an_error_in_its_words(
    api: Api, way: str, tool: str, arguments: dict[str, Any], said: str
) -> None:
    async with WAYS[way](url(api), SQL_KEY) as client:
        sentence = await refused(client, tool, **arguments)
        again = await told(client, "run_sql", sql=SQL)

    assert re.search(said, sentence, re.S | re.I), sentence
    assert again["rows"] == ROWS


@pytest.mark.full_size(one_in=2)
@both_ways
@pytest.mark.parametrize(
    ("key", "kind"),
    [(None, "unauthenticated"), ("wrong", "unauthenticated"), (READ_KEY, "forbidden")],
)
async def test_a_key_may_do_what_it_may_do_over_http(
    api: Api, way: str, key: str | None, kind: str
) -> None:
    async with WAYS[way](url(api), key) as client:
        sentence = await refused(client, "run_sql", sql=SQL)

    assert kind in sentence


async def test_over_http_each_caller_asks_with_its_own_key(api: Api) -> None:
    # The process has a key as well: it must be of no use to whoever reaches the port.
    with http_server(url(api), QUERY_API_KEY=SQL_KEY) as address:
        async with over_http(address, None) as nobody, over_http(address, READ_KEY) as reader:
            assert "unauthenticated" in await refused(nobody, "run_sql", sql=SQL)
            assert "forbidden" in await refused(reader, "run_sql", sql=SQL)
        async with over_http(address, SQL_KEY) as analyst:
            assert (await told(analyst, "run_sql", sql=SQL))["rows"] == ROWS
        async with over_http(address, OTHER_KEY, "X-API-Key") as other:
            assert (await told(other, "run_sql", sql=SQL))["rows"] == ROWS


@both_ways
async def test_a_service_that_is_away_is_a_sentence(way: str) -> None:
    with socket.socket() as held:
        # Bound and not listening: nobody answers here, and nobody else is given the port.
        held.bind(("127.0.0.1", 0))
        async with WAYS[way](f"http://127.0.0.1:{held.getsockname()[1]}", SQL_KEY) as client:
            first = await refused(client, "run_sql", sql=SQL)
            second = await refused(client, "coverage")

    assert "cannot be reached" in first
    assert "cannot be reached" in second


@both_ways
async def test_a_gateways_page_is_not_taken_for_an_answer(way: str, gateway: str) -> None:
    async with WAYS[way](gateway, SQL_KEY) as client:
        sentence = await refused(client, "coverage")

    assert "502 is not the query service" in sentence


@both_ways
async def test_a_query_past_its_deadline_is_cancelled(api: Api, cloud: Cloud, way: str) -> None:
    before = set(states(cloud))

    async with WAYS[way](url(api), SQL_KEY, COINLAKE_MCP_DEADLINE_S="1") as client:
        sentence = await refused(client, "run_sql", sql=endless())

    assert "longer than 1 s and was cancelled" in sentence
    (mine,) = set(states(cloud)) - before
    until(lambda: states(cloud)[mine] == "CANCELLED")


@both_ways
async def test_a_caller_that_gives_up_stops_its_query(api: Api, cloud: Cloud, way: str) -> None:
    before = set(states(cloud))

    async with WAYS[way](url(api), SQL_KEY) as client:
        with anyio.move_on_after(3):
            await client.call_tool("run_sql", {"sql": endless()})
        (mine,) = set(states(cloud)) - before
        await anyio.to_thread.run_sync(until, lambda: states(cloud)[mine] == "CANCELLED")
        assert (await told(client, "run_sql", sql=SQL))["rows"] == ROWS


PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Origin": "https://pages.example"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 421),
        # What a name of somebody else's sends that resolves to 127.0.0.1.
        (
            {"Host": "rebound.evil.example:8765", "Origin": "http://rebound.evil.example:8765"},
            421,
        ),
    ],
)
async def test_pages_of_others_are_not_answered(
    api: Api, headers: dict[str, str], status: int
) -> None:
    allowed = {"COINLAKE_MCP_ALLOWED_ORIGINS": '["https://pages.example"]'}
    with http_server(url(api), **allowed) as address:
        async with httpx2.AsyncClient() as http:
            answer = await http.post(address, json=PING, headers=JSON | headers)

    assert answer.status_code == status, answer.text


async def test_a_large_request_is_refused(api: Api) -> None:
    with http_server(url(api)) as address:
        async with httpx2.AsyncClient() as http:
            answer = await http.post(address, json=PING | {"x": "y" * 200_000}, headers=JSON)

    assert answer.status_code == 413


class Gateway(BaseHTTPRequestHandler):
    """What a load balancer says while nothing is behind it."""

    def do_GET(self) -> None:
        self.send_response(502)
        self.end_headers()
        self.wfile.write(b"<html>Bad Gateway</html>")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the output is the tests'."""


@pytest.fixture
def gateway() -> Iterator[str]:
    """The address of one."""
    with HTTPServer(("127.0.0.1", 0), Gateway) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()
