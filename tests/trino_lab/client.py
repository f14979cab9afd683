"""Trino's client protocol: one statement in, types and rows or the name of an error out."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_WAIT_S = 60.0


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
        page = _load(
            urllib.request.Request(
                f"{self.url}/v1/statement", data=sql.encode(), headers=headers
            )
        )
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
            page = _load(page["nextUri"])


def _load(request: urllib.request.Request | str) -> Any:
    for attempt in range(5):
        try:
            with urllib.request.urlopen(request, timeout=_WAIT_S) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            # The protocol's pages say to ask again on these (Trino docs, "Client REST API").
            if error.code not in (429, 502, 503, 504) or attempt == 4:
                raise
            time.sleep(0.1 * 2**attempt)
    raise AssertionError("unreachable")


def _cancel(uri: str) -> None:
    request = urllib.request.Request(uri, method="DELETE")
    with urllib.request.urlopen(request, timeout=_WAIT_S):
        pass
