"""Find the hours of a day: raw against ledger, ledger against what is published."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from coinlake.contracts.cloud import CURATED_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import LedgerEntry
from coinlake.differences import DaySeen, ObjectSeen, RawSeen, Unreadable
from coinlake.fan_out import fan_out
from coinlake.store import ObjectHead
from etl_runner.core.batch import DayFound, FoundHour, Trouble, trouble_of
from etl_runner.core.hours import FeedHour
from etl_runner.core.publication import BATCH_ID, VERSION
from etl_runner.loop.lake import LakeReader, RawDay
from etl_runner.loop.parts import StepParts

_AT_ONCE = 16
Accepts = Callable[[FeedHour], bool]


async def find(
    parts: StepParts, feed: str, dt: str, *, accepts_missing: Accepts = lambda _: False
) -> list[FoundHour]:
    """Every hour of a feed's day (`YYYY-MM-DD`) that has raw objects or a ledger, oldest first.

    An hour whose ledger cannot be read, or whose raw objects are gone (unless it `accepts_missing`),
    is told with its trouble, and stops no other. Raises TransientError where the store is away.
    """
    return list((await look(parts, feed, dt, accepts_missing=accepts_missing)).hours)


async def look(
    parts: StepParts, feed: str, dt: str, *, accepts_missing: Accepts = lambda _: False
) -> DayFound:
    """As `find`, with what was seen of the day beside its hours."""
    lake = parts.lake
    ledger = await lake.ledger_of_day(feed, dt)
    heads = {hour: head for hour, head in ledger.heads.items() if isinstance(head, LedgerEntry)}
    raw = await lake.raw_of_day(feed, dt, heads)
    # Where nothing was ever committed nothing is published that could be compared.
    objects = await _objects(lake, feed, dt, heads) if heads else []
    found = []
    for hour in sorted({*ledger.heads, *raw.hours}):
        listed, head = tuple(raw.hours.get(hour, ())), ledger.heads.get(hour)
        if isinstance(head, Unreadable):
            found.append(FoundHour(hour, None, listed, trouble=_unreadable(head)))
        else:
            trouble = trouble_of(head, listed, accepts_missing=accepts_missing(hour))
            found.append(_compared(FoundHour(hour, head, listed, trouble=trouble), objects))
    by_hour = {hour.at: head for hour, head in ledger.heads.items()}
    return DayFound(tuple(found), DaySeen(feed, dt, _raw(raw), ledger.keys, by_hour, objects))


def _unreadable(head: Unreadable) -> Trouble:
    said = f"{head.key} is not a valid ledger entry: {head.said}"
    return Trouble("ledger_unreadable", said)


def _raw(raw: RawDay) -> list[RawSeen]:
    listed = [one for hour in raw.hours.values() for one in hour]
    found = [
        RawSeen(one.item.key, one.item.etag, one.item.size, 0, one.is_input) for one in listed
    ]
    return found + [RawSeen(one.key, one.etag, one.size, 0) for one in raw.strays]


async def _objects(
    lake: LakeReader, feed: str, dt: str, heads: Mapping[FeedHour, LedgerEntry]
) -> list[ObjectSeen]:
    """What lies in the tables; the version is asked of those that no head lists."""
    committed = {(out.key, out.etag) for head in heads.values() for out in head.outputs}
    listed = [
        ObjectSeen(table, found.key, found.etag, found.size, found.last_modified_ms)
        for table in TABULAR[feed].published
        async for found in lake.store.list(f"{CURATED_PREFIX}{table}/dt={dt}/")
        if not found.key.endswith("/")
    ]

    async def with_version(one: ObjectSeen) -> ObjectSeen:
        return replace(one, version=_version(await lake.store.head(one.key)))

    others = [one for one in listed if (one.key, one.etag) not in committed]
    asked = {one.key: one for one in await fan_out(with_version, others, _AT_ONCE)}
    return [asked.get(one.key, one) for one in listed]


def _version(there: ObjectHead | None) -> int | None:
    """Of which version an object says that it is; None where none of our batches wrote it."""
    said = "" if there is None else there.metadata.get(VERSION, "")
    is_ours = there is not None and bool(there.metadata.get(BATCH_ID))
    return int(said) if is_ours and said.isdecimal() else None


def _compared(found: FoundHour, objects: Iterable[ObjectSeen]) -> FoundHour:
    """The hour with what differs between the ledger's head and what is published."""
    if found.head is None:
        return found
    there = {one.key: one for one in objects}
    listed = [(out, there.get(out.key)) for out in found.head.outputs]
    wrong = [(out.key, one) for out, one in listed if one is None or one.etag != out.etag]
    if not wrong:
        return found
    first = wrong[0][1]
    if first is not None and first.version == found.head.version + 1:
        return replace(found, underway=first.etag)
    return replace(found, differing=tuple(key for key, _ in wrong))
