"""`coinlake certify`: reads a day whole, one object at a time, and says what is in it."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from coinlake.contracts.abandoned import abandoned_reason
from coinlake.contracts.datasets import DATASETS, TABULAR, Dataset
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry, Output, ledger_key
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_gzip import has_index
from coinlake.contracts.raw_index import RawFormatError
from coinlake.contracts.raw_layout import parse_raw_key
from coinlake.contracts.raw_meta import RawMeta, parse_raw_meta
from coinlake.differences import DaySeen, HourSeen, differences, hours_of
from coinlake.store import Listed, ObjectStore
from coinlake_tools.certificate import (
    FORMAT,
    Json,
    Span,
    between,
    lines_sha256,
    merged,
    span_of,
    told_span,
)
from coinlake_tools.certified_ticks import TickReader
from coinlake_tools.lake_day import DayReader
from coinlake_tools.neighbours import Neighbours

ChainName = tuple[int, int]
"""Epoch and partition."""


@dataclass
class _Feed:
    """What is gathered of one dataset."""

    dataset: Dataset
    hours: dict[str, Json] = field(default_factory=dict)
    spans: dict[ChainName, list[Span]] = field(default_factory=dict)
    promised: dict[ChainName, int] = field(default_factory=dict)
    reasons: dict[ChainName, dict[int, str]] = field(default_factory=dict)


class Certifier:
    """Makes certificates of one lake. Nothing of it is kept but the certificate itself."""

    def __init__(
        self, store: ObjectStore, reader: DayReader, bucket: str, database: str
    ) -> None:
        self._store = store
        self._reader = reader
        self._bucket = bucket
        self._database = database

    async def certificate(self, dt: str) -> dict[str, Json]:
        """The certificate of a day; `wrong` has why it is none that can be relied on.

        Raises TransientError where bucket or catalog is away.
        """
        wrong: list[str] = []
        feeds: dict[str, Json] = {}
        for name, dataset in DATASETS.items():
            if dataset.is_copied:
                feeds[name] = await self._feed(dataset, dt, wrong)
        ticks = await TickReader(self._store).read(dt, wrong)
        if not any(feed["hours"] for feed in feeds.values()):
            wrong.append("there is no raw object of the day")
        return {
            "certificate": FORMAT,
            "bucket": self._bucket,
            "database": self._database,
            "dt": dt,
            "complete": not wrong,
            "wrong": sorted(set(wrong)),
            "feeds": feeds,
            "missed_ticks": ticks,
            "counts": _counts(feeds, ticks),
        }

    async def _feed(self, dataset: Dataset, dt: str, wrong: list[str]) -> Json:
        found = _Feed(dataset)
        for hour in hours_of(await self._day(dataset, dt)):
            wrong += [
                f"{one.kind}: {dataset.name} {one.key or one.table}: {one.said}"
                for one in differences(hour, self._bucket)
            ]
            if hour.at is not None:
                found.hours[hour.at.hour] = await self._hour(found, hour, hour.at, wrong)
        await self._chains(found, dt, wrong)
        return {
            "topic": dataset.topic,
            "hours": found.hours,
            "promised_ms": {
                f"{epoch}-{number}": ms for (epoch, number), ms in found.promised.items()
            },
        }

    async def _day(self, dataset: Dataset, dt: str) -> DaySeen:
        if dataset.name in TABULAR:
            return await self._reader.look(dataset.name, dt)
        # No tables are made of it, so nothing of it is ever waiting for any.
        return DaySeen(dataset.name, dt, await self._reader.raw_alone(dataset, dt))

    async def _hour(self, found: _Feed, hour: HourSeen, at: Hour, wrong: list[str]) -> Json:
        spans: dict[ChainName, list[Span]] = {}
        raw = []
        for one in sorted(hour.raw, key=lambda seen: seen.key):
            listed = Listed(one.key, one.etag, one.size, one.modified_ms)
            raw.append(await self._raw(found, listed, spans, wrong))
        for chain, own in spans.items():
            found.spans.setdefault(chain, []).extend(own)
        offsets = [
            {"epoch": epoch, "partition": number, **told_span(span, reasons)}
            for (epoch, number), own in sorted(spans.items())
            for reasons in (found.reasons.get((epoch, number), {}),)
            for span in merged(own)
        ]
        entry = hour.head if isinstance(hour.head, LedgerEntry) else None
        if entry is None:
            return {"raw": raw, "offsets": offsets, "ledger": None, "published": []}
        outputs = sorted(entry.outputs, key=lambda out: out.key)
        return {
            "raw": raw,
            "offsets": offsets,
            "ledger": await self._ledger(entry, at),
            "published": [await self._published(out, wrong) for out in outputs],
        }

    async def _raw(
        self,
        found: _Feed,
        listed: Listed,
        spans: dict[ChainName, list[Span]],
        wrong: list[str],
    ) -> Json:
        head, body = await self._store.head(listed.key), await self._store.get(listed.key)
        if head is None or body is None:
            wrong.append(f"vanished while it was read: {listed.key}")
            return {"key": listed.key, "etag": listed.etag, "size": listed.size}
        if (head.etag, len(body)) != (listed.etag, listed.size):
            wrong.append(f"changed while it was read: {listed.key}")
        meta = parse_raw_meta(head.metadata)
        given_up = abandoned_reason(head.metadata)
        content = await asyncio.to_thread(_content, listed.key, body, meta, given_up)
        wrong += content.wrong
        named = parse_raw_key(listed.key)
        if named is not None and content.span is not None and meta is not None:
            chain = (named.epoch, named.partition)
            spans.setdefault(chain, []).append(content.span)
            if given_up is not None:
                found.reasons.setdefault(chain, {})[content.span.start] = given_up
            if meta.complete_to_ms is not None:
                found.promised[chain] = max(found.promised.get(chain, 0), meta.complete_to_ms)
        return {
            "key": listed.key,
            "etag": head.etag,
            "size": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "lines_sha256": content.lines_sha256,
            "content_sha256": {
                "metadata": None if meta is None else meta.sha256,
                "computed": content.sha256,
            },
            "records": content.records,
            "values": content.values,
        }

    async def _ledger(self, entry: LedgerEntry, at: Hour) -> Json:
        key = ledger_key(entry.feed, at, entry.version)
        body = await self._store.get(key)
        return {
            "key": key,
            "version": entry.version,
            "sha256": None if body is None else hashlib.sha256(body).hexdigest(),
            "batch_id": entry.batch_id,
            "job_version": entry.job_version,
            "code_version": entry.code_version,
            "complete": entry.complete,
            "closed_by": entry.closed_by,
            "watermark_ms": entry.watermark_ms,
            "counts": asdict(entry.counts),
        }

    async def _published(self, out: Output, wrong: list[str]) -> Json:
        body = await self._store.get(out.key)
        if body is not None and len(body) != out.size:
            wrong.append(f"{out.key} has {len(body)} bytes, the ledger says {out.size}")
        digest = None if body is None else hashlib.sha256(body).hexdigest()
        return {**asdict(out), "sha256": digest}

    async def _chains(self, found: _Feed, dt: str, wrong: list[str]) -> None:
        """Are the offsets of the day whole, and has the stream passed its end?"""
        topic, neighbours = found.dataset.topic, Neighbours(self._store, found.dataset.topic)
        for chain, spans in sorted(found.spans.items()):
            for start, stop in between(spans):
                wrong += [
                    f"offsets: [{first}, {after}) of {topic} {chain[0]}-{chain[1]} are in no "
                    "object of the day, the day before or the day after"
                    for first, after in await neighbours.uncovered(chain, dt, (start, stop))
                ]
        if found.dataset.name not in TABULAR or not found.spans:
            return
        newest = max(epoch for epoch, _ in found.spans)
        end_ms = Hour(dt, "23").end_ms
        for chain in sorted(chain for chain in found.spans if chain[0] == newest):
            later = await neighbours.promise_after(chain, dt)
            promised = max(found.promised.get(chain, 0), later or 0)
            if promised < end_ms:
                wrong.append(
                    f"not complete: nobody has promised that {topic} {chain[0]}-{chain[1]} has "
                    "nothing more of the day"
                )


@dataclass(frozen=True, slots=True)
class _Content:
    """What the bytes of a raw object hold. Nothing is known of those of another writer."""

    span: Span | None = None
    sha256: str | None = None
    lines_sha256: str | None = None
    records: int | None = None
    values: int | None = None
    wrong: tuple[str, ...] = ()


def _content(key: str, body: bytes, meta: RawMeta | None, given_up: str | None) -> _Content:
    if meta is None and not has_index(body[:16]):
        return _Content()
    try:
        decoded = decode(body)
    except RawFormatError as error:
        return _Content(wrong=(f"unreadable: {key}: {error}",))
    values = sum(record.value is not None for record in decoded.records)
    wrong = []
    if meta is not None and decoded.sha256 != meta.sha256:
        wrong.append(f"hash: {key} hashes to {decoded.sha256}, its metadata says {meta.sha256}")
    if meta is not None and (len(decoded.records), values) != (meta.records, meta.values):
        wrong.append(f"content: {key} has {len(decoded.records)} records, {values} values")
    offsets = [record.offset for record in decoded.records]
    span = None if meta is None else span_of(meta.link, meta.next_offset, offsets, given_up)
    return _Content(
        span,
        decoded.sha256,
        lines_sha256(decoded.records),
        len(decoded.records),
        values,
        tuple(wrong),
    )


def _counts(feeds: Mapping[str, Json], ticks: Json) -> Json:
    hours = [hour for feed in feeds.values() for hour in feed["hours"].values()]
    raw = [one for hour in hours for one in hour["raw"]]
    published = [one for hour in hours for one in hour["published"]]
    rows: dict[str, int] = {}
    for one in published:
        rows[one["table"]] = rows.get(one["table"], 0) + one["rows"]
    return {
        "raw_objects": len(raw),
        "raw_bytes": _sum(one["size"] for one in raw),
        "records": _sum(one.get("records") for one in raw),
        "values": _sum(one.get("values") for one in raw),
        "published_objects": len(published),
        "published_bytes": _sum(one["size"] for one in published),
        "rows": rows,
        "missed_ticks": ticks["count"],
    }


def _sum(numbers: Iterable[int | None]) -> int:
    return sum(number or 0 for number in numbers)
