"""The MCP server beside the real service on the real local Athena, asked by the SDK's own client."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from .conftest import READ_KEY, SQL_KEY, Api

Connect = Callable[[str], AbstractAsyncContextManager[Client]]
SQL = "SELECT asset_id, price_usd FROM quotes WHERE dt = '2026-11-22' AND hour = '10' ORDER BY 1"
ROWS = [
    ["bitcoin", "105.000000000000000000"],
    ["bitcoin", "99.000000000000000000"],
]


def _environ(url: str, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "QUERY_API_URL": url, **more}


@asynccontextmanager
async def over_stdio(url: str, key: str | None, **more: str) -> AsyncIterator[Client]:
    """A server of its own, as a desktop client starts it."""
    environ = _environ(url, **more) | ({} if key is None else {"QUERY_API_KEY": key})
    started = StdioServerParameters(
        command=sys.executable, args=["-m", "coinlake_mcp"], env=environ
    )
    async with Client(stdio_client(started)) as client:
        yield client


async def test_smoke(api: Api) -> None:
    async with over_stdio(f"http://127.0.0.1:{api.port}", SQL_KEY) as client:
        print(client.instructions, client.protocol_version)
        for t in (await client.list_tools()).tools: print(t.name, json.dumps(t.input_schema), json.dumps(t.output_schema)[:300])
        for name, args in (("run_sql", {"sql": SQL}), ("run_sql", {"sql": "delete from quotes"}), ("list_tables", {}), ("candles", {"asset": "bitcoin", "start": "2026-11-22T09:00:00Z", "end": "2026-11-22T11:00:00Z"}), ("latest_prices", {}), ("estimate", {"sql": SQL}), ("coverage", {}), ("run_sql", {}), ("run_sql", {"sql": "select 1", "max_rows": 0})):
            found = await client.call_tool(name, args)
            print(name, found.is_error, str(found.content)[:400], str(found.structured_content)[:300])
        print(await client.list_resources(), await client.list_resource_templates())
        try:
            print(await client.read_resource("coinlake://tables/quotes"))
        except Exception as e: print(repr(e))
    assert 0
