"""The MCP server as its users start it, and the SDK's own client beside it."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import TextContent

COMMAND = [sys.executable, "-m", "coinlake_mcp"]


def environ(url: str, **more: str) -> dict[str, str]:
    """All that a server is started with: nothing of the tests' own environment but the path."""
    return {"PATH": os.environ["PATH"], "QUERY_API_URL": url, **more}


@asynccontextmanager
async def over_stdio(url: str, key: str | None, **more: str) -> AsyncIterator[Client]:
    """A client with a server of its own, as a desktop program starts it."""
    keyed = {} if key is None else {"QUERY_API_KEY": key}
    told = StdioServerParameters(
        command=COMMAND[0], args=COMMAND[1:], env=environ(url, **keyed, **more)
    )
    async with Client(stdio_client(told)) as client:
        yield client


@contextmanager
def http_server(url: str, **more: str) -> Iterator[str]:
    """A server over HTTP that several clients share; gives its address. It ends well on SIGTERM."""
    child = subprocess.Popen(
        [*COMMAND, "http"],
        env=environ(url, COINLAKE_MCP_PORT="0", **more),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    said = child.stderr.readline()
    try:
        assert "listening on http://" in said, said + child.stderr.read()
        yield said.split()[-1]
    finally:
        child.terminate()
        child.wait(15)
        rest = child.stderr.read()
        child.stderr.close()
    assert "Traceback" not in rest, rest


@asynccontextmanager
async def over_http(
    address: str, key: str | None, header: str = "Authorization"
) -> AsyncIterator[Client]:
    """A client of a shared server, with its own key."""
    value = f"Bearer {key}" if header == "Authorization" else str(key)
    headers = {} if key is None else {header: value}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(address, http_client=http)) as client,
    ):
        yield client


@asynccontextmanager
async def own_http(url: str, key: str | None, **more: str) -> AsyncIterator[Client]:
    """A client over HTTP with a server of its own."""
    with http_server(url, **more) as address:
        async with over_http(address, key) as client:
            yield client


WAYS = {"stdio": over_stdio, "http": own_http}


async def told(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured answer of a tool that succeeded."""
    found = await client.call_tool(tool, arguments)
    assert not found.is_error, found.content
    assert found.structured_content is not None
    return dict(found.structured_content)


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """The sentence of a tool that failed."""
    found = await client.call_tool(tool, arguments)
    assert found.is_error, found.content
    (said,) = found.content
    assert isinstance(said, TextContent)
    assert "Traceback" not in said.text
    return said.text
