"""`coinlake lineage`: from a row of a table to the bytes that it is made of, with every hash on the way."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from coinlake.contracts import headers
from coinlake.contracts.datasets import (
    CANDLES_1M,
    TABULAR,
    Dataset,
    dataset_of_table,
    table_named,
)
from coinlake.contracts.ledger import LedgerEntry, ledger_prefix
from coinlake.contracts.raw_codec import decode, encode
from coinlake.contracts.raw_index import RawFormatError, Record
from coinlake.contracts.raw_layout import RawKey, parse_raw_key
from coinlake.contracts.raw_meta import parse_raw_meta
from coinlake.contracts.tables import is_quarantine, main_name
from coinlake.differences import Head, head_keys, head_of
from coinlake.errors import ConfigError
from coinlake.store import ObjectHead, ObjectStore
from coinlake_tools.element_bytes import element_bytes
from coinlake_tools.lineage_row import Asked, Compared, Row, compared

_KERNEL = "coinlake_kernel"
JOB_RULES = f"{_KERNEL}.objects"
# What the run bounded source times by is written nowhere; its row says whether this one was beyond.
_ANY_SKEW_MS = 2**62


@dataclass
class Lineage:
    """What was found of a row. `wrong` has what does not fit together."""

    asked: Asked
    key: RawKey
    head: ObjectHead | None = None
    content_sha256: str | None = None
    record: Record | None = None
    element: bytes | None = None
    ledger: LedgerEntry | None = None
    comparison: Compared | None = None
    not_compared: str | None = None
    wrong: list[str] = field(default_factory=list)


async def traced(store: ObjectStore, asked: Asked) -> Lineage:
    """Follow a row back. Raises ConfigError where it cannot have been one, TransientError."""
    key, dataset = _place(asked)
    found = Lineage(asked, key)
    found.head = await store.head(asked.raw_object)
    body = None if found.head is None else await store.get(asked.raw_object)
    if found.head is None or body is None:
        found.wrong.append("the raw object is gone: its rows can never be made again")
        return found
    _read(found, body)
    await _committed(store, dataset, found)
    if found.record is not None:
        _judge(dataset, found, found.record)
    return found


def _place(asked: Asked) -> tuple[RawKey, Dataset]:
    try:
        dataset = dataset_of_table(asked.table)
    except KeyError:
        raise ConfigError(f"there is no table {asked.table}") from None
    if asked.table == CANDLES_1M.name:
        raise ConfigError(
            f"a row of {asked.table} is made of many: select them from {dataset.tables[0]}"
        )
    key = parse_raw_key(asked.raw_object)
    if key is None:
        raise ConfigError(f"{asked.raw_object} is not the key of a raw object")
    if key.topic != dataset.topic:
        raise ConfigError(
            f"{asked.table} is made of {dataset.topic}, the object is of {key.topic}"
        )
    return key, dataset


def _read(found: Lineage, body: bytes) -> None:
    try:
        decoded = decode(body)
    except RawFormatError as error:
        found.wrong.append(f"the raw object cannot be read: {error}")
        return
    found.content_sha256 = decoded.sha256
    meta = None if found.head is None else parse_raw_meta(found.head.metadata)
    if meta is None or meta.sha256 != decoded.sha256:
        said = "nothing" if meta is None else meta.sha256
        found.wrong.append(f"its content hashes to {decoded.sha256}, its metadata says {said}")
    own = (one for one in decoded.records if one.offset == found.asked.offset)
    found.record = next(own, None)
    if found.record is None:
        found.wrong.append(f"the object has no record with offset {found.asked.offset}")
        return
    if found.record.value is None:
        found.wrong.append("the record has no value: it is a heartbeat")
        return
    told = headers.text_headers(found.record.headers).get(headers.SHA256)
    if told is not None and told != _sha256(found.record.value):
        found.wrong.append(
            f"the body hashes to {_sha256(found.record.value)}, its header says {told}"
        )
    if found.asked.element is not None:
        found.element = element_bytes(found.record.value, found.asked.element)
        if found.element is None:
            found.wrong.append(f"the answer has no element {found.asked.element}")


async def _committed(store: ObjectStore, dataset: Dataset, found: Lineage) -> None:
    """The ledger's newest version of the hour, and whether it was made of this object."""
    prefix = ledger_prefix(dataset.name, found.key.hour)
    newest = head_keys([one.key async for one in store.list(prefix)]).get(found.key.hour)
    body = None if newest is None else await store.get(newest)
    if newest is None or body is None:
        found.wrong.append("the ledger has no version of the hour: nothing is published of it")
        return
    entry: Head = head_of(newest, body)
    if not isinstance(entry, LedgerEntry):
        found.wrong.append(f"the ledger's newest version cannot be read: {entry.said}")
        return
    found.ledger = entry
    etags = {one.key: one.etag for one in entry.inputs}
    now = None if found.head is None else found.head.etag
    if found.asked.raw_object not in etags:
        found.wrong.append(f"version {entry.version} was not made of this object")
    elif etags[found.asked.raw_object] != now:
        found.wrong.append(
            f"version {entry.version} was made of other bytes of it: ETag "
            f"{etags[found.asked.raw_object]}, now {now}"
        )


def _judge(dataset: Dataset, found: Lineage, record: Record) -> None:
    """Does the row have what the job's rules make of the bytes?"""
    rules = job_rules()
    if found.asked.row is None:
        found.not_compared = "no row was given, only its place"
    elif rules is None:
        found.not_compared = f"the job's rules ({JOB_RULES}) are not installed here"
    elif record.value is None:
        found.not_compared = "there are no bytes to make it of"
    else:
        made = _made(dataset, found, record, rules)
        if made is None:
            found.wrong.append("the job's rules make no such row of these bytes")
            return
        found.comparison = compared(found.asked.table, found.asked.row, made)
        found.wrong += found.comparison.differing


def job_rules() -> Any | None:
    """The job's own reading of raw objects, which needs no Spark; None where it is not installed.

    Found, not imported: the tools depend on `coinlake` only (ADR 85).
    """
    return None if find_spec(_KERNEL) is None else import_module(JOB_RULES)


def _made(dataset: Dataset, found: Lineage, record: Record, rules: Any) -> Row | None:
    """The row that the rules make of a record, times in ms; None where they make none."""
    asked, etag = found.asked, "" if found.head is None else found.head.etag
    hour = found.key.hour
    source = rules.RawSource(
        dataset.name,
        hour.dt,
        hour.hour,
        asked.raw_object,
        etag,
        None,
        _skew_ms(asked.row or {}),
    )
    # The record alone: others of the object say nothing of this row.
    (read,) = rules.rows_of(source, encode([record]).body)
    if is_quarantine(asked.table):
        own = _put_aside(asked, read)
    elif asked.table == dataset.tables[0]:
        own = _element(read.get(asked.table), asked.element)
    else:
        own = _token(asked, _element(read.get(dataset.tables[0]), asked.element))
    return None if own is None else {"element_index": asked.element, **_in_ms(asked, read, own)}


def _skew_ms(row: Row) -> int:
    """A bound that judges the source time as the row says: no time, and its text in `extra`."""
    was_far = row.get("source_ts", "not selected") in (None, "") and "source_ts" in str(
        row.get("extra", "source_ts")
    )
    return 0 if was_far else _ANY_SKEW_MS


def _in_ms(asked: Asked, read: Row, own: Row) -> dict[str, Any]:
    """The columns of the table, from the record and from its element."""
    made: dict[str, Any] = {}
    for column in table_named(asked.table).columns:
        value = own.get(column.name, read.get(column.name))
        made[column.name] = dict(value or ()) if column.type.startswith("map<") else value
    return made


def _element(rows: Sequence[Row] | None, index: int | None) -> Row | None:
    return next((one for one in rows or () if one["element_index"] == index), None)


def _put_aside(asked: Asked, read: Row) -> Row | None:
    if asked.element is None:
        return read if read.get("reason") is not None else None
    place = (main_name(asked.table), asked.element)
    fits = [
        one
        for one in read.get("put_aside") or ()
        if (one["table"], one["element_index"]) == place
    ]
    # Several tokens of one element may have been put aside: the row says which it is.
    row = asked.row or {}
    return next((one for one in fits if one["raw"] == row.get("raw")), next(iter(fits), None))


def _token(asked: Asked, element: Row | None) -> Row | None:
    """A row of the tokens: which one is said by its chain and its place."""
    row = asked.row or {}
    for chain, addresses in (element or {}).get("tokens") or ():
        for place, address in enumerate(addresses):
            if (chain, str(place)) == (row.get("chain_id"), str(row.get("address_index"))):
                own = {"chain_id": chain, "address": address, "address_index": place}
                return {**(element or {}), **own}
    return None


def lines(found: Lineage) -> Iterator[str]:
    """What was found, for people: one fact a line; the element's bytes come last."""
    yield f"table {found.asked.table} ({_feed(found)})"
    yield f"raw object {found.asked.raw_object}"
    if found.head is not None:
        yield f"  ETag {found.head.etag}, {found.head.size} bytes, content sha256 {found.content_sha256}"
    yield f"topic {found.key.topic}, epoch {found.key.epoch}, partition {found.key.partition}, offset {found.asked.offset}"
    if found.record is not None:
        yield from _record_lines(found.record)
    if found.ledger is not None:
        entry = found.ledger
        yield f"published by version {entry.version} of {entry.feed} {entry.dt} {entry.hour}"
        yield f"  batch {entry.batch_id}, attempt {entry.attempt}, run {entry.run_id}"
    if found.not_compared is not None:
        yield f"values were not compared: {found.not_compared}"
    if found.comparison is not None:
        yield f"values are those that the job's rules give: {', '.join(found.comparison.same)}"
        if found.comparison.not_compared:
            yield f"not compared: {', '.join(found.comparison.not_compared)}"
    yield from (f"wrong: {said}" for said in found.wrong)
    if found.element is not None:
        yield f"element {found.asked.element}, {len(found.element)} bytes, sha256 {_sha256(found.element)}:"
        yield found.element.decode()


def _record_lines(record: Record) -> Iterator[str]:
    yield f"  Kafka timestamp {record.timestamp_ms}"
    for name, value in record.headers:
        # Names and values are any bytes: what is no UTF-8 is shown as it can be printed.
        shown = "null" if value is None else value.decode("utf-8", "backslashreplace")
        yield f"  header {name.encode('utf-8', 'backslashreplace').decode()}: {shown}"
    if record.value is not None:
        yield f"  body {len(record.value)} bytes, sha256 {_sha256(record.value)}"


def _feed(found: Lineage) -> str:
    return next(name for name, one in TABULAR.items() if one.topic == found.key.topic)


def _sha256(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()
