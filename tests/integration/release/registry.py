"""A registry with memory: as much of the protocol as pushing an image and pulling it by digest needs."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit


class Registry:
    """Blobs by digest; manifests by repository and digest, with tags as other names for them."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.blobs: dict[str, bytes] = {}
        self.uploads: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.asked: list[str] = []
        """Every manifest that somebody asked for, as `repository:tag` or `repository:sha256:…`."""

    def digest(self, repository: str, tag: str) -> str:
        """SHA-256 of the manifest that a tag names, counted here from its bytes."""
        return _digest(self.manifests[repository, tag][1])


@contextmanager
def serve() -> Iterator[Registry]:
    """A registry on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    registry = Registry(f"127.0.0.1:{server.server_address[1]}")
    server.registry = registry  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _registry(self) -> Registry:
        found: Registry = self.server.registry  # type: ignore[attr-defined]
        return found

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/v2/":
            return self._answer(200)
        if blob := re.fullmatch(r"/v2/.+/blobs/(sha256:\w+)", path):
            body = self._registry.blobs.get(blob[1])
            return self._answer(404) if body is None else self._answer(200, body)
        if manifest := re.fullmatch(r"/v2/(.+)/manifests/([^/]+)", path):
            self._registry.asked.append(":".join(manifest.groups()))
            found = self._registry.manifests.get((manifest[1], manifest[2]))
            if found is not None:
                named = {"Content-Type": found[0], "Docker-Content-Digest": _digest(found[1])}
                return self._answer(200, found[1], named)
        return self._answer(404)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self._body()
        upload = f"{len(self._registry.uploads) + 1}"
        self._registry.uploads[upload] = b""
        self._answer(202, headers={"Location": f"{urlsplit(self.path).path}{upload}"})

    def do_PATCH(self) -> None:
        path = urlsplit(self.path).path
        upload = path.rsplit("/", 1)[1]
        self._registry.uploads[upload] += self._body()
        end = len(self._registry.uploads[upload]) - 1
        self._answer(202, headers={"Location": path, "Range": f"0-{end}"})

    def do_PUT(self) -> None:
        asked = urlsplit(self.path)
        body = self._body()
        if manifest := re.fullmatch(r"/v2/(.+)/manifests/([^/]+)", asked.path):
            stored = (self.headers["Content-Type"], body)
            for name in (manifest[2], _digest(body)):
                self._registry.manifests[manifest[1], name] = stored
            return self._answer(201, headers={"Docker-Content-Digest": _digest(body)})
        body = self._registry.uploads.pop(asked.path.rsplit("/", 1)[1]) + body
        (digest,) = parse_qs(asked.query)["digest"]
        if digest != _digest(body):
            return self._answer(400)
        self._registry.blobs[digest] = body
        return self._answer(201, headers={"Docker-Content-Digest": digest})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
