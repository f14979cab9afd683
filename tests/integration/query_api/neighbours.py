"""One query-api over a local cloud with the small lake, and two keys that may run SQL."""

import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.query_api.conftest import ROOT, Cloud, Process, published_lake


@dataclass(frozen=True, slots=True)
class Service:
    """Where it listens; the keys are called `loud` and `quiet`."""

    port: int

    def sql(self, key: str, sql: str, max_rows: int = 100) -> tuple[int, str]:
        """Status and body of a statement."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = json.dumps({"sql": sql, "wait": 20, "max_rows": max_rows})
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        try:
            client.request("POST", "/v1/queries", body, headers)
            answer = client.getresponse()
            return answer.status, answer.read().decode()
        finally:
            client.close()


@contextmanager
def running(state: Path) -> Iterator[Service]:
    """Both processes; their ends with the block."""
    java = Path(shutil.which("java") or "/usr/bin/java").resolve()
    command = [sys.executable, "-m", "local_cloud", "--state-dir", str(state)]
    command += ["--spark-jars", str(ROOT / ".local" / "jars" / "spark")]
    command += ["--java-home", str(java.parents[1])]
    cloud_process = Process(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    try:
        ready = cloud_process.event("ready")
        cloud = Cloud(f"http://127.0.0.1:{ready['port']}", "")
        published_lake().publish(*map(cloud.client, ("s3", "glue", "athena")))
        keys = [
            f"{name}:read,sql:{hashlib.sha256(name.encode()).hexdigest()}"
            for name in ("loud", "quiet")
        ]
        own = {"QUERY_API_KEYS": json.dumps(keys), "QUERY_API_LIMITS__HEADER_DEADLINE_S": "2"}
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "QUERY_"))}
        api = Process(
            subprocess.Popen(
                [sys.executable, "-m", "query_api"],
                env=environ | cloud.environ | own,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        try:
            yield Service(int(api.event("http_listening")["port"]))
        finally:
            api.end()
    finally:
        cloud_process.end()
