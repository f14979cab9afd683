"""The query service over HTTP, in one of its formats, by the standard library's client and pyarrow."""

import http.client
import io
import json
import os
import re
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from bench.query.programs.asking import Ask, take_part
from bench.query.programs.looking import COLUMNS

_WAIT_S = 30
_NEXT = re.compile(r'<([^>]+)>;\s*rel="?next"?')
_CSV = pa.csv.ConvertOptions(
    strings_can_be_null=True,
    quoted_strings_can_be_null=False,
    column_types={
        "price_usd": pa.decimal128(38, 18),
        "market_cap_usd": pa.decimal128(38, 18),
        "change_24h_pct": pa.decimal128(38, 28),
        "source_ts": pa.timestamp("ms", "UTC"),
    },
)


def _json(bodies: list[bytes]) -> list[list[Any]]:
    return [row for body in bodies for row in json.loads(body)["rows"]]


def _ndjson(bodies: list[bytes]) -> list[list[Any]]:
    found = []
    for body in bodies:
        *lines, end = body.splitlines()
        if "asset_id" in (last := json.loads(end)):
            raise ValueError(f"the stream was cut after {last}")
        found += [[row[name] for name in COLUMNS] for row in map(json.loads, lines)]
    return found


def _csv(bodies: list[bytes]) -> pa.Table:
    read = (pa.csv.read_csv(io.BytesIO(body), convert_options=_CSV) for body in bodies)
    return pa.concat_tables(read)


def _arrow(bodies: list[bytes]) -> pa.Table:
    return pa.concat_tables(
        pa.ipc.open_stream(pa.py_buffer(body)).read_all() for body in bodies
    )


def _parquet(bodies: list[bytes]) -> pa.Table:
    return pa.concat_tables(pa.parquet.read_table(pa.BufferReader(body)) for body in bodies)


FORMATS: dict[str, tuple[str, Callable[[list[bytes]], Any]]] = {
    "json": ("application/json", _json),
    "ndjson": ("application/x-ndjson", _ndjson),
    "csv": ("text/csv", _csv),
    "arrow": ("application/vnd.apache.arrow.stream", _arrow),
    "parquet": ("application/vnd.apache.parquet", _parquet),
}


class Service:
    """The service with a key; a connection for each question."""

    def __init__(self, accept: str) -> None:
        place = urlsplit(os.environ["QUERY_API_URL"])
        self._connection = http.client.HTTPConnection(
            str(place.hostname), place.port, timeout=300
        )
        self._headers = {
            "Authorization": f"Bearer {os.environ['QUERY_API_KEY']}",
            "Content-Type": "application/json",
            "Accept": accept,
        }

    def bodies(self, sql: str, rows: int) -> list[bytes]:
        """The pages of an answer, on a connection of its own: the service closes those that are idle."""
        self._connection.close()
        body = json.dumps({"sql": sql, "wait": _WAIT_S, "max_rows": rows})
        status, headers, found = self._asked("POST", "/v1/queries", body)
        while status == 202:
            where = f"{headers['Location']}?wait={_WAIT_S}"
            status, headers, found = self._asked("GET", where)
        pages = [found]
        while match := _NEXT.search(headers.get("Link") or ""):
            status, headers, found = self._asked("GET", match[1])
            pages.append(found)
        return pages

    def _asked(
        self, method: str, path: str, body: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        found = answer.read()
        if answer.status not in (200, 202):
            raise RuntimeError(f"{method} {path}: {answer.status} {found[:500]!r}")
        return answer.status, answer.headers, found


def asking(name: str) -> Ask:
    """Rows as lists, or a table, whichever the format makes."""
    accept, read = FORMATS[name]
    service = Service(accept)
    return lambda sql, rows: read(service.bodies(sql, rows))


if __name__ == "__main__":
    take_part(asking(sys.argv[1]))
