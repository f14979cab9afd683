"""Find the hours of a day: raw against ledger, ledger against what is published."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from coinlake.contracts.cloud import CURATED_PREFIX, LEDGER_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import LedgerEntry
from coinlake.contracts.raw_layout import topic_prefix
from coinlake.differences import DaySeen, ObjectSeen, RawSeen, Unreadable
from coinlake.fan_out import fan_out
from coinlake.store import Listed, ObjectHead
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
    listed = await list_day(parts.lake, feed, dt)
    return list((await read_day(parts.lake, listed, accepts_missing=accepts_missing)).hours)


@dataclass(frozen=True, slots=True)
class DayListing:
    """What is listed of a feed's day: ledger, raw, and the objects of each table."""

    feed: str
    dt: str
    ledger: Sequence[Listed]
    raw: Sequence[Listed]
    objects: Mapping[str, Sequence[Listed]]

    @property
    def digest(self) -> str:
        """A name for all keys and ETags: what has the same name is the same day."""
        listed = [*self.ledger, *self.raw, *(one for of in self.objects.values() for one in of)]
        named = "".join(f"{one.key}\n{one.etag}\n" for one in listed)
        return hashlib.sha256(named.encode()).hexdigest()


async def list_day(lake: LakeReader, feed: str, dt: str) -> DayListing:
    """List a day, the ledger first: raw then has all that its entries name."""
    dataset = TABULAR[feed]
    ledger = await lake.list_below(f"{LEDGER_PREFIX}feed={feed}/dt={dt}/")
    raw = await lake.list_below(f"{topic_prefix(dataset.topic)}dt={dt}/")
    objects = {
        table: await lake.list_below(f"{CURATED_PREFIX}{table}/dt={dt}/")
        for table in dataset.published
    }
    return DayListing(feed, dt, ledger, raw, objects)


async def read_day(
    lake: LakeReader, listed: DayListing, *, accepts_missing: Accepts = lambda _: False
) -> DayFound:
    """The hours of a listed day, with all that was seen beside them."""
    read = await lake.heads_of(listed.feed, listed.ledger)
    heads = {hour: head for hour, head in read.items() if isinstance(head, LedgerEntry)}
    raw = await lake.raw_by_hour(listed.feed, listed.raw, heads)
    objects = await _objects(lake, listed.objects, heads)
    found = []
    for hour in sorted({*read, *raw.hours}):
        items, head = tuple(raw.hours.get(hour, ())), read.get(hour)
        if isinstance(head, Unreadable):
            found.append(FoundHour(hour, None, items, trouble=_unreadable(head)))
        else:
            trouble = trouble_of(head, items, accepts_missing=accepts_missing(hour))
            found.append(_compared(FoundHour(hour, head, items, trouble=trouble), objects))
    by_hour = {hour.at: head for hour, head in read.items()}
    keys = [one.key for one in listed.ledger]
    seen = DaySeen(listed.feed, listed.dt, _raw(raw), keys, by_hour, objects)
    return DayFound(tuple(found), seen)


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
    lake: LakeReader,
    by_table: Mapping[str, Sequence[Listed]],
    heads: Mapping[FeedHour, LedgerEntry],
) -> list[ObjectSeen]:
    """What lies in the tables; the version is asked of those that no head lists."""
    committed = {(out.key, out.etag) for head in heads.values() for out in head.outputs}
    listed = [
        ObjectSeen(table, found.key, found.etag, found.size, found.last_modified_ms)
        for table, objects in by_table.items()
        for found in objects
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
