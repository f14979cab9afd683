"""A lake as sink and runner leave it: raw objects, and hours that the job's own rules made of them.

It is made as values, keys to bytes, and then put into a bucket in memory or into a real one. ETags are
those that both give to an object of one PUT: the MD5 of its bytes.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from coinlake.contracts.abandoned import AbandonedRange
from coinlake.contracts.datasets import DATASETS, TABULAR
from coinlake.contracts.headers import AnswerHeaders, heartbeat_headers
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import (
    Counts,
    LedgerEntry,
    Output,
    RawInput,
    curated_key,
    ledger_key,
)
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta
from coinlake.contracts.tables import quarantine_name
from coinlake.differences import PartitionSeen
from coinlake_kernel.objects import rows_of
from coinlake_kernel.records import RawSource
from tests.labs.ledger_entries import ledger_entry
from tests.unit.coinlake_kernel.by_rules import tokens_of

DT, NEXT_DT = "2026-11-22", "2026-11-23"
NINE, TEN, NEXT = Hour(DT, "09"), Hour(DT, "10"), Hour(NEXT_DT, "00")
BUCKET = "coinlake"
PRICE = "13436.424411240122935900"
FileOf = Callable[[str, Sequence[dict[str, Any]]], bytes]


def lines_of(table: str, rows: Sequence[dict[str, Any]]) -> bytes:
    """A file without Parquet, for tests that do not read rows by SQL."""
    return f"{table}\n".encode() + b"".join(f"{row}\n".encode() for row in rows)


def etag_of(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def answer(hour: Hour, *items: dict[str, Any]) -> bytes:
    """A body as CoinCap sends it, a second after the hour began."""
    return json.dumps({"timestamp": hour.start_ms + 1000, "data": list(items)}).encode()


def bitcoin(**more: Any) -> dict[str, Any]:
    return {"id": "bitcoin", "symbol": "BTC", "name": "Bitcoin", "priceUsd": PRICE, **more}


@dataclass
class PublishedLake:
    """`objects` are bodies and metadata by key; `partitions` what the catalog has."""

    file_of: FileOf = lines_of
    objects: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    partitions: list[PartitionSeen] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)
    polls: int = 0

    def land(self, dataset: str, hour: Hour, *values: bytes | None, **more: Any) -> str:
        """A raw object as the sink stores it; its key. None is a heartbeat."""
        topic = DATASETS[dataset].topic
        link = self.ends.get(topic, 0)
        at_ms = hour.start_ms + 2000
        records = [
            Record(link + n, at_ms + n, b"k", value, self._headers(value, at_ms + n))
            for n, value in enumerate(values)
        ]
        return self._store(RawKey(topic, hour, 1, 0, link), records, link + len(values), **more)

    def abandon(self, dataset: str, hour: Hour, count: int, reason: str) -> str:
        """A range that an operator gave up."""
        topic = DATASETS[dataset].topic
        link = self.ends.get(topic, 0)
        given_up = AbandonedRange(link, link + count, reason)
        record = given_up.record(hour.start_ms)
        key = RawKey(topic, hour, 1, 0, link)
        return self._store(key, [record], link + count, given_up.metadata())

    def publish(self, feed: str, hour: Hour, **said: Any) -> LedgerEntry:
        """Make the hour's tables of its raw objects, as the next version of the hour."""
        prefix = f"raw/{TABULAR[feed].topic}/{hour.path}/"
        keys = [key for key in sorted(self.objects) if key.startswith(prefix)]
        rows = self._rows(feed, hour, keys)
        version = 1 + sum(
            key.startswith(ledger_key(feed, hour, 1)[:-15]) for key in self.objects
        )
        outputs = []
        for table in TABULAR[feed].published:
            body = self.file_of(table, rows.get(table, ()))
            key = curated_key(table, hour)
            told = {"batch_id": f"b{version}", "version": str(version)}
            self.objects[key] = (body, told)
            outputs.append(
                Output(table, key, etag_of(body), len(body), len(rows.get(table, ())))
            )
            where = f"s3://{BUCKET}/curated/{table}/{hour.path}/"
            here = PartitionSeen(table, (hour.dt, hour.hour), where)
            if here not in self.partitions:
                self.partitions.append(here)
        entry = ledger_entry(
            feed,
            hour,
            version=version,
            batch_id=f"b{version}",
            inputs=tuple(RawInput(key, etag_of(self.objects[key][0])) for key in keys),
            outputs=tuple(outputs),
            counts=Counts(len(keys), len(keys), 0, 0, 0, 0, outputs[0].rows, 0, 0),
            complete=True,
            closed_by="heartbeat",
            **said,
        )
        self.objects[ledger_key(feed, hour, version)] = (entry.encode(), {})
        return entry

    def _store(
        self,
        key: RawKey,
        records: list[Record],
        stop: int,
        more: dict[str, str] | None = None,
        complete_to_ms: int | None = None,
    ) -> str:
        made = encode(records)
        self.ends[key.topic] = stop
        meta = RawMeta(
            key.link,
            records[0].offset,
            stop,
            len(records),
            sum(record.value is not None for record in records),
            made.sha256,
            min(record.timestamp_ms for record in records),
            max(record.timestamp_ms for record in records),
            complete_to_ms,
            "test",
        )
        self.objects[str(key)] = (made.body, {**meta.encode(), **(more or {})})
        return str(key)

    def _headers(self, value: bytes | None, at_ms: int) -> tuple[Any, ...]:
        if value is None:
            return tuple(heartbeat_headers(at_ms, "p"))
        self.polls += 1
        digest = hashlib.sha256(value).hexdigest()
        told = AnswerHeaders(
            f"poll-{self.polls}", at_ms, at_ms, 200, "/v3", digest, "coincap", "00-0-0-00"
        )
        return tuple(told.encode())

    def _rows(self, feed: str, hour: Hour, keys: list[str]) -> dict[str, list[dict[str, Any]]]:
        """Rows by table, by the job's own reading of raw objects."""
        main, *others = TABULAR[feed].tables
        made: dict[str, list[dict[str, Any]]] = {}
        for key in keys:
            body, metadata = self.objects[key]
            source = RawSource(
                feed, hour.dt, hour.hour, key, etag_of(body), metadata.get("sha256"), 60_000
            )
            for record in rows_of(source, body):
                if record["state"] == "quarantined":
                    made.setdefault(quarantine_name(main), []).append(record)
                for element in record.get(main) or ():
                    row = {**record, **element}
                    made.setdefault(main, []).append(row)
                    if "asset_tokens" in others:
                        made.setdefault("asset_tokens", []).extend(tokens_of(row))
                for put_aside in record.get("put_aside") or ():
                    table = quarantine_name(put_aside["table"])
                    made.setdefault(table, []).append({**record, **put_aside})
        return made


def a_day(file_of: FileOf = lines_of) -> PublishedLake:
    """A whole day: two hours of assets, one of rates, ticks that were missed, and the day after's promise."""
    lake = PublishedLake(file_of)
    odd = bitcoin(id="odd", priceUsd="1e-3", tokens={"1": ["0xa", "0xb"]}, newKey=7)
    lake.land("assets", NINE, answer(NINE, bitcoin(), odd), None)
    lake.land("assets", NINE, answer(NINE, bitcoin(priceUsd="7")))
    lake.abandon("assets", TEN, 3, "Kafka's disk was lost")
    lake.land("assets", TEN, answer(TEN, {"id": "no price"}, bitcoin(rank="1")), b"not JSON")
    lake.land("rates", NINE, answer(NINE, {"id": "dollar", "rateUsd": "1"}))
    lake.land("gaps", TEN, gap(DT), gap("2026-11-20"))
    lake.land("rejected", TEN, b'{"error":"no"}')
    for feed in ("assets", "rates", "rejected"):
        lake.land(feed, NEXT, None, complete_to_ms=NEXT.start_ms + 60_000)
    done = (("assets", NINE), ("assets", TEN), ("rates", NINE), ("rejected", TEN))
    for feed, hour in done:
        lake.publish(feed, hour)
    return lake


def gap(dt: str) -> bytes:
    at_ms = Hour(dt, "10").start_ms
    told = {
        "feed": "rates",
        "page": "rates",
        "from_ms": at_ms,
        "to_ms": at_ms + 60_000,
        "count": 2,
        "interval_ms": 60_000,
        "cause": "down",
        "detected_ms": at_ms + 90_000,
        "producer": "p",
    }
    return json.dumps(told).encode()
