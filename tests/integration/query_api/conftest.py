"""query-api as its own process over the real local cloud, with a small published lake."""

import hashlib
import http.client
import importlib.util
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from coinlake.contracts.hours import hour_of
from query_api.core.feed_rows import FeedRows
from tests.integration.query_api.typed_lake import NAME as TYPED
from tests.integration.query_api.typed_lake import TypedLake
from tests.integration.query_api.typed_lake import publish as publish_typed

ROOT = Path(__file__).parents[3]
READ_KEY, SQL_KEY, OTHER_KEY = "read-key", "sql-key", "other-sql-key"


def published_lake() -> Any:
    """The small lake that every test of this folder sees."""
    return neighbour("query_api_lake")


def neighbour(name: str) -> Any:
    """A module beside this file, which importlib mode cannot import."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def until(condition: Callable[[], object], within_s: float = 30) -> None:
    """Wait for something that is bound to come true."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.05)


@dataclass
class Process:
    """A child with its lines; stopped by its own pid."""

    child: subprocess.Popen[str]
    lines: "queue.Queue[str]" = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        stream = self.child.stdout if self.child.stdout is not None else self.child.stderr
        assert stream is not None
        self._stream = stream
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._stream:
            self.lines.put(line)

    def event(self, name: str, within_s: float = 60) -> dict[str, Any]:
        """The next log line of this event."""
        deadline = time.monotonic() + within_s
        while True:
            line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            found = json.loads(line) if line.startswith("{") else {}
            if found.get("event") == name:
                return dict(found)

    def end(self, within_s: float = 15) -> int:
        if self.child.poll() is None:
            os.kill(self.child.pid, signal.SIGTERM)
        code = self.child.wait(within_s)
        self._reader.join()
        self._stream.close()
        return code


@dataclass
class Cloud:
    """The local cloud's endpoint and clients."""

    endpoint: str
    admin: str

    @property
    def environ(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "COINLAKE_BUCKET": "coinlake",
            "COINLAKE_DATABASE": "coinlake",
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}),
        )


@contextmanager
def running_cloud(state: Path, *more: str) -> Iterator[Cloud]:
    """A cloud with the lake of query_api_lake.py in it."""
    java = Path(shutil.which("java") or pytest.fail("java is missing")).resolve()
    command = [sys.executable, "-m", "local_cloud", "--state-dir", str(state), *more]
    command += ["--spark-jars", str(ROOT / ".local" / "jars" / "spark")]
    command += ["--java-home", str(java.parents[1])]
    process = Process(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    ready = process.event("ready")
    made = Cloud(f"http://127.0.0.1:{ready['port']}", f"http://127.0.0.1:{ready['admin_port']}")
    published_lake().publish(*map(made.client, ("s3", "glue", "athena")))
    yield made
    assert process.end() == 0


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The cloud that all tests of this package share."""
    with running_cloud(tmp_path_factory.mktemp("cloud")) as made:
        yield made


@pytest.fixture
def small_cloud(tmp_path: Path) -> Iterator[Cloud]:
    """One whose Athena takes one query at a time."""
    with running_cloud(tmp_path, "--active-queries", "1") as made:
        yield made


@dataclass(frozen=True)
class Answer:
    """What the service said."""

    status_code: int
    headers: http.client.HTTPMessage
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Api:
    """A running query-api, and its clients' keys."""

    process: Process
    port: int
    read_key: str = READ_KEY
    sql_key: str = SQL_KEY
    other_key: str = OTHER_KEY

    def ask(
        self,
        path: str,
        key: str | None = READ_KEY,
        method: str = "GET",
        *,
        headers: dict[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        """One request on a connection of its own; `body` is sent as JSON."""
        answer, content = self._exchange(path, key, method, headers, body)
        return Answer(answer.status, answer.headers, content.decode())

    def ask_bytes(self, path: str, key: str | None = READ_KEY) -> bytes:
        """The body of a GET that is no text."""
        return self._exchange(path, key, "GET", None, None)[1]

    def _exchange(
        self, path: str, key: str | None, method: str, headers: dict[str, str] | None, body: Any
    ) -> tuple[http.client.HTTPResponse, bytes]:
        sent = dict(headers or {})
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            data = None if body is None else json.dumps(body).encode()
            client.request(method, path, data, sent)
            answer = client.getresponse()
            return answer, answer.read()
        finally:
            client.close()

    def sql(self, text: str, **more: Any) -> Answer:
        body = {"sql": text, "wait": 20, **more}
        return self.ask("/v1/queries", SQL_KEY, "POST", body=body)


StartApi = Callable[..., Api]


def key_item(name: str, scopes: str, key: str) -> str:
    return f"{name}:{scopes}:{hashlib.sha256(key.encode()).hexdigest()}"


@pytest.fixture(scope="package")
def start_api(cloud: Cloud) -> Iterator[StartApi]:
    """Starts services with settings of the test's own; all are ended with exit code 0."""
    started: list[Api] = []
    keys = [
        key_item("reader", "read", READ_KEY),
        key_item("analyst", "read,sql", SQL_KEY),
        key_item("other", "sql", OTHER_KEY),
    ]

    def begin(**settings: str) -> Api:
        own = {"QUERY_API_KEYS": json.dumps(keys), "QUERY_API_LEDGER_FULL_S": "0"}
        own |= {"QUERY_API_LEDGER_TTL_S": "0"}
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "QUERY_"))}
        child = subprocess.Popen(
            [sys.executable, "-m", "query_api"],
            env=environ | cloud.environ | own | settings,
            stderr=subprocess.PIPE,
            text=True,
        )
        process = Process(child)
        api = Api(process, int(process.event("http_listening")["port"]))
        started.append(api)
        return api

    yield begin
    codes = [api.process.end() for api in started]
    assert codes == [0] * len(codes)


@pytest.fixture(scope="package")
def api(start_api: StartApi) -> Api:
    """The service that tests share which leave each other alone."""
    return start_api()


@pytest.fixture(scope="package")
def typed_lake(cloud: Cloud) -> TypedLake:
    """A lake of all feeds, with an open hour, beside the other one."""
    lake = TypedLake(hour_of(int(time.time() * 1000)))
    publish_typed(lake, *map(cloud.client, ("s3", "glue", "athena")))
    return lake


@pytest.fixture(scope="package")
def typed_api(start_api: StartApi, typed_lake: TypedLake) -> Api:
    """The service over that lake."""
    return start_api(
        COINLAKE_BUCKET=TYPED,
        COINLAKE_DATABASE=TYPED,
        QUERY_API_ATHENA__WORKGROUP=TYPED,
    )


@pytest.fixture(scope="package")
def sql(cloud: Cloud, typed_lake: TypedLake) -> Callable[[str], list[dict[str, Any]]]:
    """Rows of a statement by the texts of Athena, without the service."""
    athena = cloud.client("athena")

    def ask(text: str) -> list[dict[str, Any]]:
        started = athena.start_query_execution(
            QueryString=text,
            WorkGroup=TYPED,
            QueryExecutionContext={"Database": TYPED},
        )["QueryExecutionId"]
        while True:
            state = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            if state["Status"]["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.05)
        assert state["Status"]["State"] == "SUCCEEDED", state["Status"]
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=started)
        rows = [
            [cell.get("VarCharValue") for cell in row["Data"]]
            for page in pages
            for row in page["ResultSet"]["Rows"]
        ]
        return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]

    return ask


@pytest.fixture(scope="package")
def every(
    sql: Callable[[str], list[dict[str, Any]]],
) -> Callable[[FeedRows], list[dict[str, Any]]]:
    """All rows of a feed, open hours too, each once."""

    @cache
    def ask(rows: FeedRows) -> list[dict[str, Any]]:
        names = [name for name in rows.types() if name != "extra"]
        return sql(
            f"SELECT {', '.join(names)}, dt, hour, json_format(CAST(extra AS JSON)) AS extra "
            f"FROM {rows.table}_live"
        )

    return ask
