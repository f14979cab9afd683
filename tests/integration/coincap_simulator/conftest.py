"""A simulator as a process of its own, and a client for its two ports."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

DEADLINE_S = 30.0
KEY = {"Authorization": "Bearer simulator"}


@dataclass(frozen=True, slots=True)
class Running:
    """A simulator that listens, and a session that keeps connections alive."""

    process: asyncio.subprocess.Process
    base: str
    admin: str
    session: aiohttp.ClientSession

    async def get(
        self, path: str, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, decoded body and headers of a call with the default key."""
        async with self.session.get(self.base + path, headers=headers or KEY) as response:
            return response.status, await response.read(), dict(response.headers)

    async def ask(self, path: str) -> Any:
        """JSON of the admin port."""
        async with self.session.get(self.admin + path) as response:
            assert response.status == 200, await response.text()
            return json.loads(await response.read())

    async def tell(self, path: str, value: object) -> tuple[int, Any]:
        """POST JSON to the admin port."""
        async with self.session.post(self.admin + path, json=value) as response:
            return response.status, json.loads(await response.read())

    async def ledger(self, since: int = 0) -> list[dict[str, Any]]:
        """Entries, once nothing is in flight."""
        await self.until(self.in_flight, 0)
        async with self.session.get(f"{self.admin}/ledger?since={since}") as response:
            return [json.loads(line) for line in (await response.read()).splitlines()]

    async def in_flight(self) -> int:
        """Calls that are being answered now."""
        return int((await self.ask("/ledger/summary"))["in_flight"])

    async def served(self) -> int:
        """Entries since the start."""
        return int((await self.ask("/ledger/summary"))["count"])

    async def until(self, reading: Callable[[], Awaitable[int]], wanted: int) -> None:
        """Wait until a reading is as wanted; fail when that does not come."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                if await reading() == wanted:
                    return
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[Running]:
    """Start a simulator on free ports, and stop it by its own pid."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "coincap_simulator",
        "--latency-ms",
        "0",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            ready = json.loads(await process.stdout.readline())
        assert ready["event"] == "ready"
        async with aiohttp.ClientSession(auto_decompress=True) as session:
            yield Running(
                process,
                f"http://127.0.0.1:{ready['port']}",
                f"http://127.0.0.1:{ready['admin_port']}",
                session,
            )
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(DEADLINE_S):
                await process.wait()


@pytest.fixture
def start() -> Callable[..., Any]:
    return running


@pytest.fixture
async def simulator() -> AsyncIterator[Running]:
    async with running() as started:
        yield started
