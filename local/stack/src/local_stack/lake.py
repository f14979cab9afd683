"""What the lake really holds, read through the same AWS APIs that any client uses."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from coinlake.contracts.cloud import LEDGER_PREFIX, WORKGROUP
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry, parse_entry, parse_ledger_key
from coinlake.contracts.raw_layout import RAW_PREFIX, parse_raw_key
from coinlake.contracts.raw_meta import parse_raw_meta
from local_stack.counts import RawObject
from local_stack.errors import StackError

_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class StatementRows:
    """The rows of a statement, all values as text, nulls None; scanned bytes as billed from."""

    columns: list[str]
    rows: list[list[str | None]]
    scanned_bytes: int


@dataclass(slots=True)
class StackLake:
    """One bucket and database. Objects never change under their ETag, so each is read once."""

    s3: Any
    athena: Any
    bucket: str
    database: str
    _raw: dict[tuple[str, str], RawObject] = field(default_factory=dict)
    _entries: dict[str, LedgerEntry] = field(default_factory=dict)

    def raw_objects(self) -> list[RawObject]:
        """Every raw object of the sink."""
        found = []
        for key, etag, size in self._listed(RAW_PREFIX):
            if (key, etag) not in self._raw:
                self._look(key, etag, size)
            if (key, etag) in self._raw:
                found.append(self._raw[key, etag])
        return found

    def raw_size(self) -> tuple[int, int]:
        """How many raw objects there are, and their bytes, from the listing alone."""
        sizes = [size for key, _, size in self._listed(RAW_PREFIX) if parse_raw_key(key)]
        return len(sizes), sum(sizes)

    def heads(self) -> dict[tuple[str, Hour], LedgerEntry]:
        """The newest committed version of each hour of each feed."""
        keys: dict[tuple[str, Hour], tuple[int, str]] = {}
        for key, _, _ in self._listed(LEDGER_PREFIX):
            if parsed := parse_ledger_key(key):
                feed, hour, version = parsed
                keys[feed, hour] = max(keys.get((feed, hour), (0, "")), (version, key))
        return {place: self._entry(key) for place, (_, key) in keys.items()}

    def sql(self, statement: str) -> StatementRows:
        """Run one statement on Athena. Raises StackError with Athena's reason."""
        started = self.athena.start_query_execution(
            QueryString=statement,
            QueryExecutionContext={"Database": self.database},
            WorkGroup=WORKGROUP,
        )
        query = started["QueryExecutionId"]
        while True:
            execution = self.athena.get_query_execution(QueryExecutionId=query)[
                "QueryExecution"
            ]
            status = execution["Status"]
            if status["State"] == "SUCCEEDED":
                return self._rows(query, execution.get("Statistics", {}))
            if status["State"] in ("FAILED", "CANCELLED"):
                reason = status.get("StateChangeReason", "no reason given")
                raise StackError(f"Athena could not answer {statement!r}: {reason}")
            time.sleep(_POLL_S)

    def _rows(self, query: str, statistics: Mapping[str, Any]) -> StatementRows:
        result = self.athena.get_query_results(QueryExecutionId=query, MaxResults=1000)
        rows = [
            [cell.get("VarCharValue") for cell in row["Data"]]
            for row in result["ResultSet"]["Rows"]
        ]
        # The first row of a SELECT's first page is its header (see query_api's adapters/athena.py).
        header = [str(name) for name in rows[0]] if rows else []
        return StatementRows(header, rows[1:], int(statistics.get("DataScannedInBytes", 0)))

    def _listed(self, prefix: str) -> Iterator[tuple[str, str, int]]:
        pages = self.s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                yield item["Key"], item["ETag"].strip('"'), item["Size"]

    def _look(self, key: str, etag: str, size: int) -> None:
        name = parse_raw_key(key)
        meta = parse_raw_meta(self.s3.head_object(Bucket=self.bucket, Key=key)["Metadata"])
        if name is not None and meta is not None:
            self._raw[key, etag] = RawObject(key, name.topic, name.partition, etag, size, meta)

    def _entry(self, key: str) -> LedgerEntry:
        if key not in self._entries:
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            self._entries[key] = parse_entry(body)
        return self._entries[key]


def open_lake(exported: Mapping[str, str]) -> StackLake:
    """The lake that `.local/stack.env` describes."""

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=exported["AWS_ENDPOINT_URL"],
            region_name=exported["AWS_DEFAULT_REGION"],
            aws_access_key_id=exported["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exported["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}, proxies={}),
        )

    return StackLake(
        client("s3"),
        client("athena"),
        exported["COINLAKE_BUCKET"],
        exported["COINLAKE_DATABASE"],
    )


LakeErrors = (ClientError, BotoCoreError)
"""What any method of the lake raises when the cloud is away or refuses."""
