"""The running stack seen from outside: the books of the simulator, Kafka, S3, SQL and HTTP."""

import gzip
import hashlib
import json
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

from coinlake.contracts.topics import copied_by_the_sink
from tests.kafka_log import KafkaRecord, all_records

FEEDS = ("assets", "rates", "exchanges", "markets")


class Outside:
    """Any client on the host; `env` is the .env file of the stack."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def _url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._env[f'{name}_PORT']}"

    def _client(self, service: str, name: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._url(name),
            region_name="us-east-1",
            aws_access_key_id=self._env["LAKE_ACCESS_KEY"],
            aws_secret_access_key=self._env["LAKE_SECRET_KEY"],
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 5}),
        )

    @cached_property
    def s3(self) -> Any:
        return self._client("s3", "S3")

    @cached_property
    def athena(self) -> Any:
        return self._client("athena", "CLOUD")

    @cached_property
    def glue(self) -> Any:
        return self._client("glue", "CLOUD")

    def status(self, service: str) -> Any:
        return _json(f"{self._url(service)}/status")

    def ask(self, path: str, body: Any = None) -> Any:
        """The query service, with its key."""
        return _json(f"{self._url('QUERY_API')}{path}", body, self._env["QUERY_API_KEY"])

    # ---- the simulator's books
    def served(self) -> list[dict[str, Any]]:
        """Every body that the simulator has served since it was started, whole or not."""
        lines = _get(f"{self._url('SIMULATOR_ADMIN')}/ledger?since=0").splitlines()
        return [json.loads(line) for line in lines]

    def body(self, sha256: str) -> bytes:
        return _get(f"{self._url('SIMULATOR_ADMIN')}/bodies/{sha256}")

    # ---- Kafka
    def records(self, topics: tuple[str, ...] = copied_by_the_sink()) -> list[KafkaRecord]:
        """All records of topics up to their present ends, heartbeats too."""
        return all_records(f"127.0.0.1:{self._env['KAFKA_PORT']}", topics)

    def gaps(self) -> list[dict[str, Any]]:
        """Every named run of missed ticks."""
        records = self.records(("coinlake.gaps.v1",))
        return [json.loads(record.value) for record in records if record.value is not None]

    # ---- S3
    def etags(self, prefix: str) -> dict[str, str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._env["LAKE_BUCKET"], Prefix=prefix
        )
        return {i["Key"]: i["ETag"] for page in pages for i in page.get("Contents", [])}

    def get(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self._env["LAKE_BUCKET"], Key=key)[
            "Body"
        ].read()
        return body

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self._env["LAKE_BUCKET"], Key=key)

    def raw_lines(self) -> Counter[str]:
        """How often each value is in the raw zone, by its hash, as gunzip sees it."""
        lines: Counter[str] = Counter()
        for key in self.etags("raw/"):
            for line in gzip.decompress(self.get(key)).split(b"\n")[:-1]:
                lines[hashlib.sha256(line).hexdigest()] += 1
        return lines

    def published(self) -> bool:
        """Whether the newest version of each hour was made from all raw objects that hold values.

        An object of heartbeats alone changes no row and waits for the next rebuild.
        """
        raw: dict[tuple[str, str, str], set[str]] = {}
        for key in self.etags("raw/"):
            _, topic, dt, hour, _ = key.split("/")
            feed = topic.removeprefix("coincap.").removesuffix(".v1")
            if feed in FEEDS and gzip.decompress(self.get(key)):
                raw.setdefault((feed, dt, hour), set()).add(key)
        heads: dict[tuple[str, str, str], str] = {}
        for key in sorted(self.etags("ledger/")):
            _, feed, dt, hour, _ = key.split("/")
            heads[feed.removeprefix("feed="), dt, hour] = key  # in rising order of versions
        return bool(raw) and all(
            at in heads
            and keys <= {item["key"] for item in json.loads(self.get(heads[at]))["inputs"]}
            for at, keys in raw.items()
        )

    # ---- SQL and the catalog
    def sql(self, statement: str) -> list[list[str | None]]:
        """The rows of a statement, as Athena prints them."""
        started = self.athena.start_query_execution(
            QueryString=statement,
            QueryExecutionContext={"Database": "coinlake"},
            WorkGroup="coinlake",
        )["QueryExecutionId"]
        while True:
            found = self.athena.get_query_execution(QueryExecutionId=started)
            status = found["QueryExecution"]["Status"]
            if status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                break
            time.sleep(0.2)
        assert status["State"] == "SUCCEEDED", status.get("StateChangeReason")
        pages = self.athena.get_paginator("get_query_results").paginate(
            QueryExecutionId=started
        )
        rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
        # Athena's first row is the header.
        return [[cell.get("VarCharValue") for cell in row] for row in rows[1:]]

    def catalog(self) -> dict[str, dict[str, Any]]:
        """Each table with its columns and its partitions' values and places."""
        found = {}
        for page in self.glue.get_paginator("get_tables").paginate(DatabaseName="coinlake"):
            for table in page["TableList"]:
                found[table["Name"]] = {
                    "columns": table["StorageDescriptor"]["Columns"],
                    "partitions": self._partitions(table["Name"]),
                }
        return found

    def _partitions(self, table: str) -> list[tuple[list[str], str]]:
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName="coinlake", TableName=table
        )
        return sorted(
            (partition["Values"], partition["StorageDescriptor"]["Location"])
            for page in pages
            for partition in page["Partitions"]
        )


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as response:
        body: bytes = response.read()
    return body


def _json(url: str, body: Any = None, key: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data)
    request.add_header("Content-Type", "application/json")
    if key is not None:
        request.add_header("Authorization", f"Bearer {key}")
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)
