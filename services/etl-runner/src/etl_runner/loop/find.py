"""Find the hours of a day: raw against ledger, ledger against what is published."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from coinlake.contracts.cloud import CURATED_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import LedgerEntry
from coinlake.errors import InvariantError
from coinlake.store import ObjectHead
from etl_runner.core.batch import FoundHour, Trouble, trouble_of
from etl_runner.core.hours import FeedHour
from etl_runner.core.publication import BATCH_ID, VERSION
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.parts import StepParts


async def find(
    parts: StepParts,
    feed: str,
    dt: str,
    *,
    accepts_missing: Callable[[FeedHour], bool] = lambda _: False,
) -> list[FoundHour]:
    """Every hour of a feed's day (`YYYY-MM-DD`) that has raw objects or a ledger, oldest first.

    An hour whose ledger cannot be read, or whose raw objects are gone (unless it `accepts_missing`),
    is told with its trouble, and stops no other. Raises TransientError where the store is away.
    """
    lake = parts.lake
    read = await lake.heads_of_day(feed, dt)
    heads = {hour: head for hour, head in read.items() if isinstance(head, LedgerEntry)}
    raw = await lake.raw_of_day(feed, dt, heads)
    # Where nothing was ever committed nothing is published that could be compared.
    etags = await _published_etags(lake, feed, dt) if heads else {}
    found = []
    for hour in sorted({*read, *raw}):
        objects = tuple(raw.get(hour, ()))
        head = read.get(hour)
        if isinstance(head, InvariantError):
            unreadable = Trouble("ledger_unreadable", str(head))
            found.append(FoundHour(hour, None, objects, trouble=unreadable))
        else:
            trouble = trouble_of(head, objects, accepts_missing=accepts_missing(hour))
            one = FoundHour(hour, head, objects, trouble=trouble)
            found.append(await _compared(lake, one, etags))
    return found


async def _published_etags(lake: LakeReader, feed: str, dt: str) -> dict[str, str]:
    etags: dict[str, str] = {}
    for table in TABULAR[feed].published:
        async for found in lake.store.list(f"{CURATED_PREFIX}{table}/dt={dt}/"):
            etags[found.key] = found.etag
    return etags


async def _compared(lake: LakeReader, found: FoundHour, etags: Mapping[str, str]) -> FoundHour:
    """The hour with what differs between the ledger's head and what is published."""
    if found.head is None:
        return found
    wrong = tuple(out.key for out in found.head.outputs if etags.get(out.key) != out.etag)
    if not wrong:
        return found
    there = await lake.store.head(wrong[0])
    if there is not None and _is_of_version(there, found.head.version + 1):
        return replace(found, underway=there.etag)
    return replace(found, differing=wrong)


def _is_of_version(there: ObjectHead, version: int) -> bool:
    return bool(there.metadata.get(BATCH_ID)) and there.metadata.get(VERSION) == str(version)
