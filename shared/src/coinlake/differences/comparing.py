"""One hour from four sides: what differs between what is there and what the ledger says."""

from collections.abc import Iterable, Iterator, Sequence

from coinlake.contracts.cloud import CURATED_PREFIX
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry, Output, ledger_key, parse_ledger_key
from coinlake.differences.kinds import Difference, Kind
from coinlake.differences.seen import (
    HourSeen,
    ObjectSeen,
    PartitionSeen,
    RawSeen,
    Unreadable,
)


def differences(hour: HourSeen, bucket: str) -> list[Difference]:
    """Everything that differs in an hour; nothing where all four agree."""
    if hour.at is None:
        return list(_in_no_hour(hour))
    found = [*_ledger(hour, hour.at)]
    if isinstance(hour.head, Unreadable):
        # What is published cannot be judged without it, and nothing is called stray.
        kind = Kind.HEAD_NEWER if hour.head.is_newer else Kind.HEAD_UNREADABLE
        return [*found, _told(hour, kind, hour.head.said, key=hour.head.key)]
    found += _raw(hour, hour.head)
    found += _published(hour, hour.head)
    found += _partitions(hour, hour.at, bucket, hour.head)
    return found


def _ledger(hour: HourSeen, at: Hour) -> Iterator[Difference]:
    for key in hour.ledger:
        if parse_ledger_key(key) is None:
            yield _told(hour, Kind.LEDGER_STRAY, "is the name of no version", key=key)
    for first, last in gaps(hour.ledger):
        many = f"version {first} is" if first == last else f"versions {first} to {last} are"
        key = ledger_key(hour.feed, at, first)
        yield _told(hour, Kind.LEDGER_GAP, f"{many} missing below a newer one", key=key)


def gaps(keys: Iterable[str]) -> Iterator[tuple[int, int]]:
    """The runs of versions that are missing, each with its first and last number; versions start at 1."""
    named = (parse_ledger_key(key) for key in keys)
    expected = 1
    for number in sorted(one[2] for one in named if one is not None):
        if number > expected:
            yield expected, number - 1
        expected = max(expected, number + 1)


def _raw(hour: HourSeen, head: LedgerEntry | None) -> Iterator[Difference]:
    inputs = {} if head is None else {one.key: one.etag for one in head.inputs}
    there = {one.key: one for one in hour.raw}
    for key, etag in inputs.items():
        now = there.get(key)
        if now is None:
            said = f"the head was made from it, with ETag {etag}"
            yield _told(hour, Kind.INPUT_GONE, said, key=key)
        elif now.etag != etag:
            said = f"has ETag {now.etag}, the head was made from {etag}"
            yield _told(hour, Kind.INPUT_CHANGED, said, key=key, since_ms=now.modified_ms)
    new = [one for one in hour.raw if one.key not in inputs and one.has_values is not False]
    if new:
        yield _not_yet(hour, head, new)


def _not_yet(hour: HourSeen, head: LedgerEntry | None, new: Sequence[RawSeen]) -> Difference:
    many = f"{len(new)} raw object{'s' if len(new) > 1 else ''}"
    # The oldest one has waited for the longest time.
    first = min(new, key=lambda one: (one.modified_ms, one.key))
    if head is None:
        said, kind = f"{many}, and no version", Kind.NOT_YET_PUBLISHED
    else:
        said, kind = f"{many} beside those of version {head.version}", Kind.NOT_YET_IN_TABLES
    return _told(hour, kind, said, key=first.key, since_ms=first.modified_ms)


def _published(hour: HourSeen, head: LedgerEntry | None) -> Iterator[Difference]:
    version = 0 if head is None else head.version
    listed = {} if head is None else {out.key: out for out in head.outputs}
    there = {one.key: one for one in hour.objects}
    for key, out in listed.items():
        if key not in there:
            said = f"version {version} published it with {out.rows} rows"
            yield _told(hour, Kind.OBJECT_GONE, said, table=out.table, key=key)
    for one in hour.objects:
        yield from _object(hour, one, listed.get(one.key), version)


def _object(
    hour: HourSeen, one: ObjectSeen, out: Output | None, version: int
) -> Iterator[Difference]:
    if out is not None and one.etag == out.etag:
        return
    if one.version is not None and one.version > version:
        said, kind = f"is of version {one.version}, the ledger has {version}", Kind.UNDER_WAY
    elif out is not None:
        said, kind = f"has ETag {one.etag}, the head says {out.etag}", Kind.OBJECT_CHANGED
    else:
        said, kind = "no version of the hour lists it", Kind.OBJECT_STRAY
    yield _told(hour, kind, said, table=one.table, key=one.key, since_ms=one.modified_ms)


def _partitions(
    hour: HourSeen, at: Hour, bucket: str, head: LedgerEntry | None
) -> Iterator[Difference]:
    tables = [] if head is None else list(dict.fromkeys(out.table for out in head.outputs))
    registered = {one.table: one for one in hour.partitions}
    for table in tables:
        if table in hour.missing_tables:
            yield _told(hour, Kind.TABLE_MISSING, f"there is no table {table}", table=table)
        elif table not in registered:
            said = f"dt={at.dt}, hour={at.hour} is not registered"
            yield _told(hour, Kind.PARTITION_MISSING, said, table=table)
    there = {one.table for one in hour.objects}
    for table, one in registered.items():
        # A publisher registers it before the commit: what lies there is told by itself.
        if table not in tables and table not in there:
            yield _told(hour, Kind.PARTITION_STRAY, _nothing(one), table=table)
        elif _place(one.location) != f"s3://{bucket}/{CURATED_PREFIX}{table}/{at.path}":
            yield _told(
                hour, Kind.PARTITION_ELSEWHERE, f"points to {one.location}", table=table
            )


def _in_no_hour(hour: HourSeen) -> Iterator[Difference]:
    """Files and partitions of a day that are of none of its hours."""
    for raw in hour.raw:
        yield _told(hour, Kind.RAW_STRAY, "lies in no hour", key=raw.key)
    for key in hour.ledger:
        yield _told(hour, Kind.LEDGER_STRAY, "is the name of no version", key=key)
    for one in hour.objects:
        said = "lies in no hour of the table"
        yield _told(hour, Kind.OBJECT_STRAY, said, table=one.table, key=one.key)
    for partition in hour.partitions:
        yield _told(hour, Kind.PARTITION_STRAY, _nothing(partition), table=partition.table)


def _place(location: str) -> str:
    """A location, which may end with a slash or not (Glue's crawlers and ours write one)."""
    return location.removesuffix("/")


def _nothing(partition: PartitionSeen) -> str:
    return f"{', '.join(partition.values)} is registered, nothing is published there"


def _told(
    hour: HourSeen,
    kind: Kind,
    said: str,
    *,
    table: str | None = None,
    key: str | None = None,
    since_ms: int | None = None,
) -> Difference:
    return Difference(kind, hour.feed, hour.at, table, key, said, since_ms)
