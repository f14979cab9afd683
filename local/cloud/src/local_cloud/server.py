"""HTTP/1.1 with keep-alive around a WSGI application, one thread per connection.

werkzeug's own handler closes every connection and waits 10 ms before it does so (werkzeug 3.1,
serving.py); S3 clients that send hundreds of small requests feel both. This one keeps the
connection, reads the whole body first and sends head and body in one write.
"""

import http.client
import io
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

import structlog
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

log = structlog.get_logger(__name__)

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]


class Application(Protocol):
    """A WSGI application: what it is called with, and the body that it gives back."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]: ...


class ConnectionDropError(Exception):
    """The application wants its connection cut instead of an answer (an injected fault)."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """One complete HTTP answer."""

    status: str
    headers: Headers
    body: bytes

    @property
    def code(self) -> int:
        """The numeric status."""
        return int(self.status.split(" ", 1)[0])

    def send(self, start_response: StartResponse) -> list[bytes]:
        """Answer a WSGI call with this."""
        start_response(self.status, self.headers)
        return [self.body]


def call(app: Application, environ: Environ) -> HttpReply:
    """Run `app` to its end and hand back its whole answer."""
    heads: list[tuple[str, Headers]] = []

    def start_response(status: str, headers: Headers, exc_info: object = None) -> None:
        heads.append((status, headers))

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = heads[-1]
    return HttpReply(status, headers, body)


class KeepAliveHandler(MotoRequestHandler):  # type: ignore[misc]
    """Keeps moto's reading of header names (S3 metadata keys may hold underscores)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Silent: a line per S3 request would bury everything else."""

    def run_wsgi(self) -> None:
        """Answer one request; the connection stays open unless somebody asked to close it."""
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        _read_body(environ)
        try:
            reply = call(self.server.app, environ)
        except ConnectionDropError:
            self.close_connection = True
            return
        except Exception:
            # The last line of defence of one request; the process and its runs live on.
            log.exception("request_failed", method=self.command, path=environ["PATH_INFO"])
            reply = HttpReply("500 Internal Server Error", [], b"")
        self._write(reply)

    def _write(self, reply: HttpReply) -> None:
        no_body = self.command == "HEAD" or reply.code in (204, 304)
        self.send_response_only(reply.code, http.client.responses.get(reply.code, ""))
        for key, value in reply.headers:
            if key.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(key, value)
        self.send_header("Content-Length", _length(reply, self.command))
        self.end_headers()
        if not no_body:
            self.wfile.write(reply.body)
        self.wfile.flush()


def _length(reply: HttpReply, method: str) -> str:
    """HEAD tells the length of the object, which is in the headers and not in the body."""
    if method == "HEAD":
        given = [value for key, value in reply.headers if key.lower() == "content-length"]
        return given[0] if given else str(len(reply.body))
    return str(len(reply.body))


def _read_body(environ: Environ) -> None:
    """Take the whole body off the wire, so that the next request starts at its first byte."""
    stream = environ["wsgi.input"]
    if environ.pop("wsgi.input_terminated", False):
        body = stream.read()
        environ.pop("HTTP_TRANSFER_ENCODING", None)
    else:
        body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)


class Server(AbstractContextManager["Server"]):
    """A listening socket and the thread that serves it; `port` is known at once."""

    def __init__(self, host: str, port: int, app: Application) -> None:
        self._server: BaseWSGIServer = make_server(
            host, port, app, threaded=True, request_handler=KeepAliveHandler
        )
        self.port: int = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
