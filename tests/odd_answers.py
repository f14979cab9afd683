"""Answers that nobody thought of, on the wire: a proxy that plays them in a service's place."""

import gzip
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.labs.cluster.proxy import Faults, FaultyProxy

PAGE = b"<html>\n<head><title>Sorry</title></head><body>the gateway's page</body></html>\n"
_XML = b'<?xml version="1.0"?>'
_DATED = {"ETag": '"5e1f-3a"', "Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT"}
_HTML = {"Content-Type": "text/html; charset=utf-8"}
_JSON = {"Content-Type": "application/json"}
_AS_XML = {"Content-Type": "application/xml"}
_AMZ = {"Content-Type": "application/x-amz-json-1.1"}


@dataclass(frozen=True, slots=True)
class Odd:
    """An answer as it is sent. `applies`: the service has done what it was asked before."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    before: bytes = b""
    """Sent before the status line."""
    length: str | None = ""
    """Content-Length where it is not true; None where there is none."""
    applies: bool = False

    def wire(self, verb: str) -> bytes:
        """Its bytes; HEAD and some statuses have no body (RFC 9110, 6.4.1)."""
        if not self.status:
            return self.before
        length = str(len(self.body)) if self.length == "" else self.length
        headers = {**self.headers, "Connection": "close"}
        if length is not None and self.status not in (204, 304):
            headers["Content-Length"] = length
        lines = [f"HTTP/1.1 {self.status} Odd", *(f"{k}: {v}" for k, v in headers.items())]
        body = b"" if verb == "HEAD" or self.status in (204, 304) else self.body
        return self.before + "\r\n".join([*lines, "", ""]).encode() + body


def _pages() -> dict[str, Odd]:
    """The gateway's page under every status that gateways give."""
    statuses = [300, 301, 302, 307, 308, 400, 403, 404, 405, 409, 410, 411, 412, 416, 418]
    statuses += [421, 429, 451, 500, 501, 502, 503, 504, 520, 599]
    return {f"page {status}": Odd(status, _HTML, PAGE) for status in statuses}


def _bare() -> dict[str, Odd]:
    statuses = (201, 202, 203, 204, 205, 206, 301, 304, 307, 404, 409, 412, 416, 503)
    return {f"bare {status}": Odd(status) for status in statuses}


ODD: dict[str, Odd] = {
    **_pages(),
    **_bare(),
    "page 200": Odd(200, _HTML, PAGE),
    "page 200 done before": Odd(200, _HTML, PAGE, applies=True),
    "static page 200": Odd(200, {**_HTML, **_DATED}, PAGE),
    "gzip page 200": Odd(200, {**_HTML, "Content-Encoding": "gzip"}, gzip.compress(PAGE)),
    "gzip page 404": Odd(404, {**_HTML, "Content-Encoding": "gzip"}, gzip.compress(PAGE)),
    "empty 200": Odd(200),
    "empty 200 done before": Odd(200, applies=True),
    "empty XML 200": Odd(200, _AS_XML, _XML),
    "other XML 200": Odd(200, _AS_XML, _XML + b"<health><IsUp>true</IsUp></health>"),
    "other listing 200": Odd(
        200,
        _AS_XML,
        _XML + b"<ListBucketResult><Prefix>other/</Prefix><IsTruncated>false</IsTruncated>"
        b"</ListBucketResult>",
    ),
    "error 200": Odd(200, _AS_XML, _XML + b"<Error><Code>InternalError</Code></Error>"),
    "other XML 404": Odd(404, _AS_XML, _XML + b"<problem><Error>text</Error></problem>"),
    "other code 404": Odd(404, _AS_XML, _XML + b"<Error><Code>NoSuchRoute</Code></Error>"),
    "two codes 404": Odd(
        404, _AS_XML, _XML + b"<Error><Code>NoSuchKey</Code><Code>Other</Code></Error>"
    ),
    "nested code 400": Odd(400, _AS_XML, _XML + b"<Error><Code><a/></Code></Error>"),
    "JSON 200": Odd(200, _JSON, b'{"status": "ok"}'),
    "JSON 400": Odd(400, _JSON, b'{"message": {"deep": []}}'),
    "JSON 404": Odd(404, _JSON, b'{"error": "no route"}'),
    "JSON list 200": Odd(200, _AMZ, b"[]"),
    "JSON null 200": Odd(200, _AMZ, b"null"),
    "JSON page 200": Odd(200, _AMZ, PAGE),
    "JSON list 400": Odd(400, _AMZ, b'["a"]'),
    "deep JSON 200": Odd(200, _AMZ, b"[" * 100_000),
    "cut JSON 200": Odd(200, _AMZ, b'{"JobRun'),
    "empty ETag 200": Odd(200, {**_DATED, "ETag": '""'}),
    "weak ETag 200": Odd(200, {**_DATED, "ETag": 'W/"5e1f"'}, b"x"),
    "no date 200": Odd(200, {**_DATED, "Last-Modified": "yesterday"}, b"x"),
    "chunks cut": Odd(
        200, {**_DATED, "Transfer-Encoding": "chunked"}, b"400\r\n<?xml", length=None
    ),
    "body cut": Odd(200, {**_DATED}, b"half", length="8000"),
    "no length, cut": Odd(200, {**_DATED}, b"half", length=None),
    "no number for a length": Odd(200, {**_DATED}, b"half", length="many"),
    "early hints, then a page": Odd(
        200, _HTML, PAGE, before=b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    ),
    "continue, then nothing": Odd(0, before=b"HTTP/1.1 100 Continue\r\n\r\n"),
    "another protocol": Odd(0, before=b"SSH-2.0-OpenSSH_9.6\r\n"),
    "bytes": Odd(0, before=bytes(range(256))),
    "nothing": Odd(0),
    "nothing, done before": Odd(0, applies=True),
}
"""By name. None of them is an answer of S3, Glue or Athena, to any call."""


@dataclass
class Plan:
    """Which calls get an odd answer: those of `due`, by operation, in their order."""

    due: dict[str, list[str]] = field(default_factory=dict)
    always: str | None = None
    played: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    asked: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, operation: str) -> Odd | None:
        """The odd answer to this call; None where the service may answer."""
        with self._lock:
            self.asked[operation] += 1
            left = self.due.get(operation)
            name = left.pop(0) if left else self.always
            if name is None:
                return None
            self.played[operation].append(name)
            return ODD[name]

    def left(self, operations: Sequence[str]) -> int:
        """How many odd answers of these operations are still to come."""
        with self._lock:
            return sum(len(self.due.get(one, ())) for one in operations)


def operation_of(verb: str, path: str, headers: Mapping[str, str]) -> str:
    """`Glue.GetTable`, `PUT raw`, `LIST ledger`: what is called, and where."""
    target = headers.get("X-Amz-Target")
    if target is not None:
        return target.replace("AWSGlue", "Glue").replace("AmazonAthena", "Athena")
    asked = urlsplit(path)
    query = parse_qs(asked.query)
    if "list-type" in query:
        return f"LIST {_room(query.get('prefix', [''])[0])}"
    return f"{verb} {_room(unquote(asked.path).split('/', 2)[-1])}"


def _room(key: str) -> str:
    """The part of the bucket that a key is in: a few names, so that plans can be made of them."""
    if key.endswith("/probe"):
        return "probe"
    return key.split("/", 1)[0]


class _OddProxy(FaultyProxy):
    """One connection of a client."""

    plan: Plan

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        odd = self.plan.take(operation_of(self.command, self.path, dict(self.headers)))
        if odd is None:
            self._answer(*self._ask(body))
            return
        if odd.applies:
            self._ask(body)
        self.wfile.write(odd.wire(self.command))
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up on such answers are what this is for."""


@contextmanager
def odd_proxy(upstream: tuple[str, int], plan: Plan) -> Iterator[str]:
    """The address of a proxy in front of a service for the length of a block."""
    attributes = {"upstream": upstream, "faults": Faults(), "plan": plan}
    server = _Server(("127.0.0.1", 0), type("Handler", (_OddProxy,), attributes))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
