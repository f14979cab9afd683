"""Large answers are streams: whole, or cut so that every client sees it."""

import asyncio
import http.client
import io
import json
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from coinlake.errors import TransientError
from query_api.metrics import QueryApiMetrics
from query_api.routes.row_stream import RowsBody
from tests.integration.query_api.conftest import Api, Cloud, StartApi
from tests.integration.query_api.cutting_proxy import Scissors, cutting_proxy

FORMS = ["json", "ndjson", "csv", "arrow", "parquet"]
COUNT = 300_000
# 15 MB of the result object: more than is held of one.
LARGE = (
    "select a.rate_id, b.rate_id as other, a.rate_usd from rates a cross join rates b"
    f" limit {COUNT}"
)


@pytest.fixture(scope="module")
def scissors() -> Scissors:
    return Scissors()


@pytest.fixture(scope="module")
def cut_api(cloud: Cloud, start_api: StartApi, scissors: Scissors) -> Iterator[Api]:
    """A service that reads result objects through the proxy."""
    at = urlsplit(cloud.endpoint)
    with cutting_proxy((str(at.hostname), int(at.port or 0)), scissors) as url:
        yield start_api(AWS_ENDPOINT_URL=url, QUERY_API_LIMITS__WRITE_DEADLINE_S="1")


@pytest.fixture(scope="module")
def large(cut_api: Api) -> str:
    """The path of a query with a large result."""
    begun = cut_api.sql(LARGE, wait=0, max_rows=1).json()
    for _ in range(10):
        where = f"/v1/queries/{begun['id']}"
        told = cut_api.ask(f"{where}?wait=30&max_rows=1", cut_api.sql_key).json()
        if told["state"] == "SUCCEEDED":
            return where
    raise AssertionError(told)


def whole_rows(form: str, body: bytes) -> int:
    """How many rows a whole body has. Raises where it is not whole."""
    if form == "json":
        return len(json.loads(body)["rows"])
    if form == "ndjson":
        lines = body.splitlines()
        assert json.loads(lines[-1])["@end"]["rows"] == len(lines) - 1
        return len(lines) - 1
    if form == "csv":
        return body.count(b"\r\n") - 1
    if form == "arrow":
        return int(pa.ipc.open_stream(body).read_all().num_rows)
    return int(pq.read_table(io.BytesIO(body)).num_rows)


@pytest.mark.parametrize("form", FORMS)
def test_a_large_result_comes_whole_in_each_form(cut_api: Api, large: str, form: str) -> None:
    body = cut_api.ask_bytes(f"{large}.{form}?max_rows={COUNT}", cut_api.sql_key)

    assert whole_rows(form, body) == COUNT


def cuts(api: Api, reason: str) -> float:
    metrics = api.ask("/metrics", None).text
    line = next(
        line
        for line in metrics.splitlines()
        if line.startswith(f'query_api_answers_cut_total{{reason="{reason}"}}')
    )
    return float(line.split()[-1])


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("form", FORMS)
def test_a_source_that_fails_midway_is_an_error_of_every_client(
    cut_api: Api, large: str, scissors: Scissors, form: str, coding: str
) -> None:
    before = cuts(cut_api, "source")
    scissors.left = 11_000_000
    headers = {"Authorization": f"Bearer {cut_api.sql_key}", "Accept-Encoding": coding}
    client = http.client.HTTPConnection("127.0.0.1", cut_api.port, timeout=60)
    try:
        client.request("GET", f"{large}.{form}?max_rows={COUNT}", headers=headers)
        answer = client.getresponse()
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            answer.read()
    finally:
        scissors.left = None
        client.close()

    assert answer.status == 200, "it had begun well"
    assert cuts(cut_api, "source") == before + 1


async def test_an_asynchronous_client_sees_the_cut_too(
    cut_api: Api, large: str, scissors: Scissors
) -> None:
    scissors.left = 11_000_000
    url = f"http://127.0.0.1:{cut_api.port}{large}.csv?max_rows={COUNT}"
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, headers={"X-API-Key": cut_api.sql_key}) as answer,
        ):
            with pytest.raises(aiohttp.ClientError):
                await answer.read()
    finally:
        scissors.left = None


def test_a_source_that_comes_back_is_read_on(
    cut_api: Api, large: str, scissors: Scissors
) -> None:
    before = scissors.cuts
    scissors.left, scissors.once = 11_000_000, True
    try:
        body = cut_api.ask_bytes(f"{large}.csv?max_rows={COUNT}", cut_api.sql_key)
    finally:
        scissors.left, scissors.once = None, False

    assert scissors.cuts == before + 1
    assert whole_rows("csv", body) == COUNT


def test_who_reads_nothing_is_let_go_and_nobody_waits_for_them(
    cut_api: Api, large: str
) -> None:
    before = cuts(cut_api, "slow_reader")
    request = (
        f"GET {large}.json?max_rows={COUNT} HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {cut_api.sql_key}\r\n\r\n"
    )
    slow = []
    for _ in range(5):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", cut_api.port))
        client.sendall(request.encode())
        slow.append(client)
    try:
        other = cut_api.ask_bytes(f"{large}.csv?max_rows=100", cut_api.sql_key)
        deadline = time.monotonic() + 60
        while cuts(cut_api, "slow_reader") < before + len(slow):
            assert time.monotonic() < deadline, "they are still waited for"
            time.sleep(0.1)
    finally:
        for client in slow:
            client.close()

    assert whole_rows("csv", other) == 100


async def _dribbled(api: Api, path: str) -> AsyncIterator[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port, limit=4096)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {api.sql_key}\r\n\r\n".encode())
    while piece := await reader.read(65_536):
        yield piece
        await asyncio.sleep(0.001)
    writer.close()


async def test_who_reads_slowly_but_on_gets_all(cut_api: Api, large: str) -> None:
    pieces = [piece async for piece in _dribbled(cut_api, f"{large}.csv?max_rows={COUNT}")]

    assert b"".join(pieces).endswith(b"\r\n0\r\n\r\n"), "the end of the chunks"


class EndsCleanly(RowsBody):
    """The control: what fails midway ends like what is whole."""

    def _cut(self, writer: Any, reason: str, error: Exception) -> None:
        return None


async def _failing() -> AsyncGenerator[bytes]:
    yield b"a" * 100_000
    raise TransientError("the source went away")


@pytest.mark.parametrize("body", [RowsBody, EndsCleanly])
async def test_without_the_reset_a_cut_answer_would_look_whole(body: type[RowsBody]) -> None:
    metrics = QueryApiMetrics(CollectorRegistry())

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body(_failing(), "text/csv", None, 5.0, metrics))

    app = web.Application()
    app.add_routes([web.get("/", answer)])
    async with TestClient(TestServer(app)) as client, client.get("/") as response:
        if body is EndsCleanly:
            assert await response.read() == b"a" * 100_000
        else:
            with pytest.raises(aiohttp.ClientError):
                await response.read()
