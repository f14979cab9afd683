"""Trino's client protocol: one statement in, types and rows or the name of an error out."""

import http.client
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_WAIT_S = 60.0
# Servers close connections that nobody uses.
_IDLE_S = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave: Trino's names, types and values, or its error."""

    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    error: str | None = None
    message: str = ""
    names: tuple[str, ...] = ()


class TooManyRowsError(Exception):
    """More rows than the caller wanted; the query was cancelled."""


class BrokenStatementError(OSError):
    """The server fails at a statement's page (500): at writing down its own answer, mostly."""


@dataclass(frozen=True, slots=True)
class Trino:
    """A server and the session that its statements run in."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    max_rows: int = 1_000_000

    def query(self, sql: str, properties: str = "") -> Answer:
        """Run one statement to its end. `properties` is `name=value,…` for this one only."""
        headers = {"X-Trino-User": "exam", **self.headers}
        if properties:
            headers["X-Trino-Session"] = properties
        page = _load("POST", f"{self.url}/v1/statement", sql.encode(), headers)
        rows: list[tuple[Any, ...]] = []
        columns: list[dict[str, Any]] = []
        while True:
            if "error" in page:
                error = page["error"]
                return Answer((), (), error["errorName"], error.get("message", ""))
            rows += [tuple(row) for row in page.get("data", [])]
            columns = page.get("columns") or columns
            if "nextUri" not in page:
                types = tuple(column["type"] for column in columns)
                return Answer(
                    types, tuple(rows), names=tuple(column["name"] for column in columns)
                )
            if len(rows) > self.max_rows:
                _cancel(page["nextUri"])
                raise TooManyRowsError(f"more than {self.max_rows} rows")
            try:
                page = _load("GET", page["nextUri"])
            except BrokenStatementError as error:
                return Answer((), (), "GENERIC_INTERNAL_ERROR", str(error))


class _Connection(http.client.HTTPConnection):
    """An open connection; it ends with the thread that it belongs to."""

    used_s = 0.0

    def __del__(self) -> None:
        self.close()


class _Connections(threading.local):
    """Each thread's connections by server: a statement is several requests."""

    def __init__(self) -> None:
        self.open: dict[str, _Connection] = {}

    def to(self, where: str) -> _Connection:
        """The open one, or one that will open."""
        found = self.open.get(where)
        if found is None or time.monotonic() - found.used_s > _IDLE_S:
            found = self.open[where] = _Connection(where, timeout=_WAIT_S)
        found.used_s = time.monotonic()
        return found


_CONNECTIONS = _Connections()


def _load(
    method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Any:
    for attempt in range(5):
        status, read = _response(method, url, body, headers or {})
        if status == 200:
            return json.loads(read)
        # The protocol's pages say to ask again on these (Trino docs, "Client REST API").
        if status == 500:
            raise BrokenStatementError(f"{method} {url}: {read[:200]!r}")
        if status not in (429, 502, 503, 504) or attempt == 4:
            raise OSError(f"{method} {url}: {status}: {read[:200]!r}")
        time.sleep(0.1 * 2**attempt)
    raise AssertionError("unreachable")


def _response(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    where = urlsplit(url)
    connection = _CONNECTIONS.to(where.netloc)
    try:
        connection.request(method, where.path, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
    except (http.client.HTTPException, OSError):
        # What is left of a request that failed would be taken for the next one's answer.
        connection.close()
        del _CONNECTIONS.open[where.netloc]
        raise


def _cancel(uri: str) -> None:
    _response("DELETE", uri, None, {})
