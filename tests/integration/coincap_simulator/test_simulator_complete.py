"""What `complete` in the ledger promises: the body reaches its client whatever happens to us."""

import json
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

# From bodies that the kernel takes at once to such that wait for their reader.
SIZES = range(20_000, 500_000, 20_000)


async def test_a_complete_body_arrives_even_when_the_simulator_is_killed_at_once(
    start: Callable[..., Any],
) -> None:
    async with start() as simulator:
        with ExitStack() as lines:
            by_size = {}
            for size in SIZES:
                step = {"path_prefix": f"/size/{size}/", "body": "x" * size}
                await simulator.tell("/script", step)
                by_size[size] = lines.enter_context(_asked(simulator.base, f"/size/{size}/"))
            await simulator.until(lambda: _begun(simulator), len(SIZES))
            # Whatever can be written without a reader is, once a later call was answered.
            await simulator.get("/v3/rates")
            booked = await _complete_sizes(simulator)
            simulator.process.kill()
            await simulator.process.wait()
            arrived = {size: _rest(by_size[size]) for size in booked}

    assert 0 < len(booked) < len(SIZES)
    assert arrived == {size: size for size in booked}


def _asked(base: str, path: str) -> socket.socket:
    """A line on which a call was made and nothing is read yet."""
    host, port = base.removeprefix("http://").split(":")
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect((host, int(port)))
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return line


async def _begun(simulator: Any) -> int:
    summary = await simulator.ask("/ledger/summary")
    return int(summary["count"]) + int(summary["in_flight"])


async def _complete_sizes(simulator: Any) -> list[int]:
    async with simulator.session.get(simulator.admin + "/ledger") as response:
        entries = [json.loads(line) for line in (await response.read()).splitlines()]
    return [entry["bytes"] for entry in entries if entry["complete"] and entry["scripted"]]


def _rest(line: socket.socket) -> int:
    """Bytes of the body that arrive until the end of the line."""
    line.settimeout(30)
    received = b""
    while portion := line.recv(65_536):
        received += portion
    return len(received.partition(b"\r\n\r\n")[2])
