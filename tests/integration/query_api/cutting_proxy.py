"""A proxy in front of the local cloud that ends the reading of result objects after some bytes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Any

from tests.labs.cluster.proxy import Faults, FaultyProxy


@dataclass
class Scissors:
    """How many bytes of result objects still come, None for all; `once`: after the cut all do."""

    left: int | None = None
    once: bool = False
    cuts: int = 0


class _CuttingProxy(FaultyProxy):
    scissors: Scissors

    def _answer(self, status: int, headers: Any, content: bytes) -> None:
        scissors = self.scissors
        is_result = self.command == "GET" and "/athena-results/" in self.path
        if scissors.left is None or not is_result or len(content) <= scissors.left:
            super()._answer(status, headers, content)
            return
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: scissors.left])
        scissors.left, scissors.cuts = None if scissors.once else 0, scissors.cuts + 1
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave in the middle are part of it."""


@contextmanager
def cutting_proxy(upstream: tuple[str, int], scissors: Scissors) -> Iterator[str]:
    """The address of the proxy for the length of a block."""
    attributes = {"upstream": upstream, "faults": Faults(), "scissors": scissors}
    handler = type("Handler", (_CuttingProxy,), attributes)
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
