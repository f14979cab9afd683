"""An S3 fault proxy: passes requests on to the store, or fails them as told."""

import http.client
import random
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS_KEY = "testing"
SECRET_KEY = "canary-5d0c2e7b91f84a63"
"""The key of every test store: nothing may ever show it."""
REGION = "us-east-1"
_NOT_SIGNED_ANEW = {"authorization", "x-amz-date", "x-amz-content-sha256", "if-none-match"}


@dataclass(frozen=True)
class Seen:
    """A PUT of a raw object, as the proxy met it. `status` 0: the sender got no answer."""

    at_s: float
    key: str
    writer: str
    status: int


@dataclass
class Faults:
    """What the proxy does to PUTs of raw objects. A `Gate` holds them until it is opened."""

    lose_replies: int = 0
    """Applied, but the writer never hears of it."""
    resets: int = 0
    """Cut off before anything is applied."""
    status: int | None = None
    code: str = "InternalError"
    share: float = 1.0
    """How many of them get `status`."""
    delay_s: float = 0.0
    strip_condition: bool = False
    """Of every PUT, the probe's too; signed anew, or a strict store would refuse it."""
    bytes_per_s: float | None = None
    puts: int = 0
    seen: list[Seen] = field(default_factory=list)
    rng: random.Random = field(default_factory=lambda: random.Random(20261122))
    before: "Gate | None" = None
    after: "Gate | None" = None


class Gate:
    """Holds requests: before they reach the store, or their answers."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.waiting = 0

    def open(self) -> None:
        self._open.set()

    def wait(self) -> None:
        self.waiting += 1
        self._open.wait()
        self.waiting -= 1


class FaultyProxy(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    upstream: tuple[str, int]
    faults: Faults

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read conditions, not access logs."""

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "PUT" and "/raw/" in self.path:
            self.faults.puts += 1
            self._put(body)
        else:
            self._answer(*self._ask(body))

    def _answered(self) -> None:
        # What another proxy makes of it, too: a name of `_forward` itself would be this one's.
        self._forward()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answered  # noqa: N815 - http.server's names

    def _put(self, body: bytes) -> None:
        faults = self.faults
        time.sleep(faults.delay_s + len(body) / (faults.bytes_per_s or 1e12))
        if faults.status is not None and faults.rng.random() < faults.share:
            self._note(faults.status)
            self._answer(faults.status, [], _error(faults.code))
        elif faults.resets > 0:
            faults.resets -= 1
            self._cut()
        else:
            if faults.before is not None:
                faults.before.wait()
            self._apply(body)

    def _apply(self, body: bytes) -> None:
        faults = self.faults
        status, headers, content = self._ask(body)
        if faults.after is not None:
            faults.after.wait()
        if faults.lose_replies > 0:
            faults.lose_replies -= 1
            self._cut()
            return
        self._note(status)
        self._answer(status, headers, content)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = dict(self.headers.items())
        if self.faults.strip_condition and "If-None-Match" in headers:
            headers = self._without_condition(headers, body)
        connection = http.client.HTTPConnection(*self.upstream)
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _without_condition(self, headers: dict[str, str], body: bytes) -> dict[str, str]:
        kept = {k: v for k, v in headers.items() if k.lower() not in _NOT_SIGNED_ANEW}
        request = AWSRequest(self.command, f"http://{headers['Host']}{self.path}", kept, body)
        S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", REGION).add_auth(request)
        return dict(request.headers.items())

    def _note(self, status: int) -> None:
        key = re.sub(r"^/[^/]+/|\?.*$", "", self.path)
        writer = self.headers.get("x-amz-meta-writer") or ""
        self.faults.seen.append(Seen(time.monotonic(), key, writer, status))

    def _cut(self) -> None:
        self._note(0)
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, status: int, headers: Sequence[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                self.send_header(name, value)
        length = dict(headers).get("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed in the middle are what this is for."""


@dataclass(frozen=True)
class Proxy:
    """A running proxy: give its URL to one sink, or to several."""

    url: str
    faults: Faults


@contextmanager
def open_proxy(upstream: tuple[str, int], faults: Faults | None = None) -> Iterator[Proxy]:
    """A proxy in front of a store for the length of a block."""
    told = faults or Faults()
    handler = type("Handler", (FaultyProxy,), {"upstream": upstream, "faults": told})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Proxy(f"http://127.0.0.1:{server.server_address[1]}", told)
    finally:
        for gate in (told.before, told.after):
            if gate is not None:
                gate.open()
        server.shutdown()
        thread.join()
        server.server_close()


def _error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()
