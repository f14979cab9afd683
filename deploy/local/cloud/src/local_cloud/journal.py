"""Keeps the catalog over a restart: moto forgets, so its writes are recorded and replayed."""

import io
import json
import threading
from pathlib import Path
from typing import Any

import structlog
from werkzeug.test import EnvironBuilder

from local_cloud.errors import JSON_TYPE
from local_cloud.server import Application, Environ, Reply, call

log = structlog.get_logger(__name__)


class CatalogJournal:
    """One line of JSON per catalog write that succeeded, in the order of their effect."""

    def __init__(self, moto: Application, path: Path, region: str) -> None:
        self._moto = moto
        self._path = path
        self._region = region
        self._lock = threading.Lock()

    def replay(self) -> int:
        """Bring moto to where the journal ends; return how many writes that were.

        A last line cut short by a crash was never acknowledged to be durable; it is dropped.
        """
        if not self._path.exists():
            return 0
        raw = self._path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if whole != raw:
            self._path.write_bytes(whole)
        lines = whole.splitlines()
        for line in lines:
            entry = json.loads(line)
            reply = call(self._moto, self._environ(entry["operation"], entry["request"]))
            if reply.code != 200:
                log.warning("catalog_replay_refused", operation=entry["operation"])
        return len(lines)

    def read(self, environ: Environ) -> Reply:
        """Let moto do one read; never beside a write, which would change what it walks over."""
        with self._lock:
            return call(self._moto, environ)

    def write(self, operation: str, environ: Environ) -> Reply:
        """Let moto do one write and record it. One at a time: order is what is recorded."""
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        with self._lock:
            reply = call(self._moto, environ)
            if reply.code == 200:
                line = json.dumps({"operation": operation, "request": json.loads(body)})
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
        return reply

    def _environ(self, operation: str, request: dict[str, Any]) -> Environ:
        scope = f"Credential=local/20260101/{self._region}/glue/aws4_request"
        return EnvironBuilder(
            method="POST",
            data=json.dumps(request),
            content_type=JSON_TYPE,
            headers=[
                ("X-Amz-Target", f"AWSGlue.{operation}"),
                ("Authorization", f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"),
            ],
        ).get_environ()
