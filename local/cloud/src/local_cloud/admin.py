"""The admin port: health, bill, logs of runs, and the faults."""

import json
import re
from collections.abc import Callable
from typing import Any

from local_cloud import faults
from local_cloud.bill import Bill
from local_cloud.server import Environ, HttpReply, StartResponse

QUERY_TABLES = re.compile(r"/athena/queries/([0-9a-f-]{36})/tables")
RUN_LOG = re.compile(r"/glue/runs/([A-Za-z0-9_-]+)/log")


class CloudAdmin:
    """The WSGI application of the admin port.

    `log_of` gives a run's output, `tables_of` the tables that a query looked up; None if unknown.
    """

    def __init__(
        self,
        bill: Bill,
        rules: faults.Faults,
        log_of: Callable[[str], bytes | None],
        tables_of: Callable[[str], list[str] | None],
    ) -> None:
        self._bill = bill
        self._faults = rules
        self._log_of = log_of
        self._tables_of = tables_of

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        return self._answer(method, path, environ).send(start_response)

    def _answer(self, method: str, path: str, environ: Environ) -> HttpReply:
        if path == "/faults":
            return self._on_faults(method, environ)
        if method != "GET":
            return _json("405 Method Not Allowed", {"error": "only GET"})
        if path == "/healthz":
            return _json("200 OK", {"status": "ok"})
        if path == "/bill":
            return _json("200 OK", self._bill.summary())
        if found := RUN_LOG.fullmatch(path):
            return self._log(found.group(1))
        if found := QUERY_TABLES.fullmatch(path):
            return self._tables(found.group(1))
        return _json("404 Not Found", {"error": f"no {path} here"})

    def _log(self, run_id: str) -> HttpReply:
        text = self._log_of(run_id)
        if text is None:
            return _json("404 Not Found", {"error": f"no run {run_id}"})
        return HttpReply("200 OK", [("Content-Type", "text/plain; charset=utf-8")], text)

    def _tables(self, query_id: str) -> HttpReply:
        tables = self._tables_of(query_id)
        if tables is None:
            return _json("404 Not Found", {"error": f"no query {query_id}"})
        return _json("200 OK", {"tables": tables})

    def _on_faults(self, method: str, environ: Environ) -> HttpReply:
        if method == "PUT":
            try:
                self._faults.put(faults.parsed(json.loads(environ["wsgi.input"].read())))
            except (ValueError, TypeError) as error:
                return _json("400 Bad Request", {"error": str(error)})
        elif method == "DELETE":
            self._faults.put([])
        elif method != "GET":
            return _json("405 Method Not Allowed", {"error": "GET, PUT or DELETE"})
        return _json("200 OK", self._faults.report())


def _json(status: str, body: dict[str, Any]) -> HttpReply:
    return HttpReply(status, [("Content-Type", "application/json")], json.dumps(body).encode())
